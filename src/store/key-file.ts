import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

/** What a key is called: nothing else is taken from the file, so that a folder cannot set up the program. */
const KEY_NAME = /_(?:KEY|TOKEN|SECRET)$/;

/** An environment, with the keys of a folder's `.env` where it has none of its own. */
export async function environmentBeside(env: NodeJS.ProcessEnv, folder: string): Promise<NodeJS.ProcessEnv> {
  const keys = await readKeyFile(folder);
  const missing = Object.entries(keys).filter(([name]) => !env[name]);
  return { ...env, ...Object.fromEntries(missing) };
}

/** The keys in the `.env` of a folder; none where there is no such file that can be read. */
async function readKeyFile(folder: string): Promise<Readonly<Record<string, string>>> {
  const text = await readFile(join(folder, '.env'), 'utf8').catch(() => '');
  const keys: Record<string, string> = {};
  for (const [name, value] of Object.entries(parseEnv(text))) {
    if (KEY_NAME.test(name) && value !== undefined && value !== '') keys[name] = value;
  }
  return keys;
}
