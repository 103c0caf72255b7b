import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { diskRefusal } from '../disk-error.js';
import { DailiesError } from '../errors.js';
import { readRegular } from '../regular-file.js';

/** What a key is called: nothing else is taken from the file, so that a folder cannot set up the program. */
const KEY_NAME = /_(?:KEY|TOKEN|SECRET)$/;

/** An environment, with the keys of a folder's `.env` where it has none of its own. Throws `usage` where it cannot be read. */
export async function environmentBeside(env: NodeJS.ProcessEnv, folder: string): Promise<NodeJS.ProcessEnv> {
  const keys = await readKeyFile(folder);
  const missing = Object.entries(keys).filter(([name]) => !env[name]);
  return { ...env, ...Object.fromEntries(missing) };
}

/** More than any file of keys has. */
const MAX_BYTES = 1_000_000;

/** The keys in the `.env` of a folder; none where there is no such file. */
async function readKeyFile(folder: string): Promise<Readonly<Record<string, string>>> {
  const path = join(folder, '.env');
  const bytes = await readRegular(path, { maxBytes: MAX_BYTES, throughLinks: true }).catch(
    (cause: unknown) => {
      const { why, hint } = diskRefusal({ path, doing: 'read', cause });
      throw new DailiesError('usage', `${path} cannot be read: ${why}`, { hint, cause });
    },
  );
  const keys: Record<string, string> = {};
  for (const [name, value] of Object.entries(parseEnv(bytes?.toString() ?? ''))) {
    if (KEY_NAME.test(name) && value !== undefined && value !== '') keys[name] = value;
  }
  return keys;
}
