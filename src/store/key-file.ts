import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { diskRefusal } from '../disk-error.js';
import { DailiesError } from '../errors.js';
import { readRegular } from '../regular-file.js';

/**
 * The values in a folder's `.env`, by name. They are only for looking up a key by the name of its variable, so that a folder
 * cannot configure the program.
 */
export type KeyFile = ReadonlyMap<string, string | undefined>;

/** Larger than any file of keys. */
const MAX_BYTES = 1_000_000;

/** Reads the `.env` of a folder; empty if there is no such file. Throws `usage` if it cannot be read. */
export async function readKeyFile(folder: string): Promise<KeyFile> {
  const path = join(folder, '.env');
  const bytes = await readRegular(path, { maxBytes: MAX_BYTES, throughLinks: true }).catch(
    (cause: unknown) => {
      const { why, hint } = diskRefusal({ path, doing: 'read', cause });
      throw new DailiesError('usage', `${path} cannot be read: ${why}`, { hint, cause });
    },
  );
  return new Map(Object.entries(parseEnv(bytes?.toString() ?? '')));
}
