import { readFileSync } from 'node:fs';

/** The body of `GET /videos/models`: the answer of a real gateway, as it came. No server is needed to read it. */
export function catalogueBody(): Buffer {
  body ??= readFileSync(new URL('./models.json', import.meta.url));
  return body;
}

let body: Buffer | undefined;
