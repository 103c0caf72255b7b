import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskError, errnoOf, onDisk } from '../disk-error.js';

/**
 * Writes new files, by their paths, with the folders they need: all of them, or none. Throws `disk` if one cannot be
 * written, or exists already: nothing is overwritten.
 */
export async function createFiles(files: ReadonlyMap<string, string | Uint8Array>): Promise<void> {
  for (const folder of new Set([...files.keys()].map(dirname)))
    await onDisk(folder, 'made', () => mkdir(folder, { recursive: true }));
  const made: string[] = [];
  try {
    for (const [path, content] of files) {
      await writeFile(path, content, { flag: 'wx' }).catch((cause: unknown) => {
        // A part of the file may be there.
        if (errnoOf(cause) !== 'EEXIST') made.push(path);
        throw diskError({ path, doing: 'written', cause });
      });
      made.push(path);
    }
  } catch (error) {
    for (const path of made) await rm(path, { force: true }).catch(() => undefined);
    throw error;
  }
}
