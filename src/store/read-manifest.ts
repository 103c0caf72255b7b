import { readFile } from 'node:fs/promises';
import { errnoOf, diskRefusal } from '../disk-error.js';
import { DailiesError } from '../errors.js';

/** The bytes of a manifest. Throws `manifest-invalid` (exit 2) where there is no such file to read. */
export async function readManifest(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const { message, hint } = problemOf(path, error);
    throw new DailiesError('manifest-invalid', message, { hint, cause: error });
  }
}

function problemOf(path: string, cause: unknown): { readonly message: string; readonly hint: string } {
  switch (errnoOf(cause)) {
    case 'ENOENT':
      return { message: `there is no file ${path}`, hint: 'dailies init makes a manifest to start from' };
    case 'EISDIR':
      return { message: `${path} is a folder`, hint: 'name the manifest inside it' };
    default: {
      const { why, hint } = diskRefusal({ path, doing: 'read', cause });
      return { message: `${path} cannot be read: ${why}`, hint };
    }
  }
}
