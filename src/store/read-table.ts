import { realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { diskRefusal, errnoOf } from '../disk-error.js';
import type { TableSource } from '../domain/table-source.js';
import { readRegular } from '../regular-file.js';

/** No table is larger, as no manifest is. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * The bytes of a table, which lies in the manifest's folder even after symbolic links; or what is wrong with it, as a
 * diagnostic says it. Never rejects.
 */
export async function readTableFile(folder: string, name: string): Promise<TableSource> {
  const path = join(folder, name);
  try {
    const real = await realpath(path);
    if (isOutside(await realpath(folder), real)) {
      const message = `${name} leads out of the manifest's folder, to ${real}`;
      return { code: 'path-outside', message, hint: 'copy the table beside the manifest' };
    }
    const found = await readRegular(real, { maxBytes: MAX_BYTES });
    if (found) return found;
  } catch (cause) {
    const errno = errnoOf(cause);
    if (errno === 'ETOOLARGE') {
      const message = `${name} is larger than 16 MB`;
      return { code: 'file-too-large', message, hint: 'split the table, and the project with it' };
    }
    if (errno !== 'ENOENT' && errno !== 'ENOTDIR') {
      const { why, hint } = diskRefusal({ path: name, doing: 'read', cause });
      return { code: 'file-unreadable', message: `${name} cannot be read: ${why}`, ...(hint && { hint }) };
    }
  }
  const hint = 'paths are relative to the folder of the manifest';
  return { code: 'file-missing', message: `${name} does not exist`, hint };
}

/** True where `path` does not lie in `folder`; both without symbolic links. */
function isOutside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way);
}
