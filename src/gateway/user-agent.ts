import { readFileSync } from 'node:fs';

/** `dailies/<version>`, by the package's own manifest: two folders up in src and in dist alike. */
export const USER_AGENT = `dailies/${packageVersion()}`;

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { readonly version: string };
  return version;
}
