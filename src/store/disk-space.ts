import { statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from '../disk-error.js';

/** The bytes that may still be written to the disk a folder lies on, or will lie on; undefined where it does not tell. */
export async function freeBytes(folder: string): Promise<number | undefined> {
  const { bavail, bsize } = (await fileSystemOf(folder)) ?? {};
  return bavail === undefined || bsize === undefined ? undefined : Number(bavail) * Number(bsize);
}

/** Whether files in two folders, or in those above them that are there, can share their bytes: one disk that knows links. */
export async function canShareBytes(one: string, other: string): Promise<boolean> {
  const [a, b] = [deviceOf(one), deviceOf(other)];
  if (a === undefined || b === undefined) return true;
  const type = (await fileSystemOf(other))?.type;
  return a === b && !(type !== undefined && WITHOUT_LINKS.has(Number(type)));
}

/** The types of FAT and exFAT, as statfs(2) and the kernel's headers have them. */
const WITHOUT_LINKS = new Set([0x4d44, 0x2011bab0]);

async function fileSystemOf(folder: string): Promise<Awaited<ReturnType<typeof statfs>> | undefined> {
  try {
    return await statfs(folder);
  } catch (error) {
    const above = dirname(folder);
    return errnoOf(error) === 'ENOENT' && above !== folder ? fileSystemOf(above) : undefined;
  }
}

function deviceOf(folder: string): number | undefined {
  const found = statSync(folder, { throwIfNoEntry: false });
  return found ? found.dev : dirname(folder) === folder ? undefined : deviceOf(dirname(folder));
}
