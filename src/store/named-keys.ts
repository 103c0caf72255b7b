import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { isRecord } from '../domain/is-record.js';
import { ownFolder } from './own-folder.js';
import { replaceFile } from './replace-file.js';
import { readJson } from './text-file.js';

/** A key that the user allows for an origin: by the name of its variable, never by its value. */
export interface NamedKey {
  readonly origin: string;
  readonly variable: string;
}

/** The file of the user's own settings that remembers which key may go where. A relative XDG_CONFIG_HOME is ignored. */
export function namedKeysFile(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  const settings = env[platform === 'win32' ? 'APPDATA' : 'XDG_CONFIG_HOME'] ?? '';
  const home = env['HOME'] ?? '';
  const base = isAbsolute(settings) ? settings : join(isAbsolute(home) ? home : homedir(), '.config');
  return join(base, 'dailies', 'keys.json');
}

/** Whether the user has named exactly this origin for this variable. An unreadable file counts as empty. */
export async function isKeyNamed(file: string, { origin, variable }: NamedKey): Promise<boolean> {
  const all = await read(file);
  return all.some((named) => named.origin === origin && named.variable === variable);
}

/** Remembers a naming. Rejects with `disk`, or the file system's own error, if it cannot be written. */
export async function rememberKey(file: string, { origin, variable }: NamedKey): Promise<void> {
  const folder = dirname(file);
  ownFolder(dirname(folder), folder);
  const others = (await read(file)).filter((named) => named.origin !== origin || named.variable !== variable);
  const document = { version: 1, named: [...others, { origin, variable }] };
  await replaceFile({
    path: file,
    content: [`${JSON.stringify(document, null, 2)}\n`],
    isDurable: false,
    mode: 0o600,
  });
}

async function read(file: string): Promise<readonly NamedKey[]> {
  const document = await readJson(file);
  const named: unknown = isRecord(document) ? document['named'] : undefined;
  return Array.isArray(named) ? (named as unknown[]).filter(isNamedKey) : [];
}

function isNamedKey(value: unknown): value is NamedKey {
  return isRecord(value) && typeof value['origin'] === 'string' && typeof value['variable'] === 'string';
}
