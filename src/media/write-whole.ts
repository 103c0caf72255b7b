import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { DailiesError, messageOf } from '../errors.js';

/** Writes a file so that it appears whole or not at all, in a folder that is made. Throws DailiesError `disk`. */
export async function writeWhole(path: string, bytes: Buffer): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFileAtomic(path, bytes);
  } catch (error) {
    throw new DailiesError('disk', `cannot write ${path}: ${messageOf(error)}`, {
      exitCode: 1,
      cause: error,
    });
  }
}
