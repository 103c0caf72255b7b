import { readFileSync } from 'node:fs';

/** The version of dailies, by the package's own manifest: a folder up in src and in dist alike. */
export const VERSION = readVersion();

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { readonly version: string };
  return version;
}
