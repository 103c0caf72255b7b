import { existsSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The bytes that may still be written to the disk a folder lies on, or will lie on; undefined where it does not tell. */
export async function freeBytes(folder: string): Promise<number | undefined> {
  const { bavail, bsize } = (await fileSystemOf(folder)) ?? {};
  return bavail === undefined || bsize === undefined ? undefined : bavail * bsize;
}

/** Whether files in two folders, or in those above them that are there, can share their bytes: one disk that knows links. */
export async function canShareBytes(one: string, other: string): Promise<boolean> {
  const [a, b] = [deviceOf(one), deviceOf(other)];
  if (a === undefined || b === undefined) return true;
  const type = (await fileSystemOf(other))?.type;
  return a === b && !(type !== undefined && WITHOUT_LINKS.has(type));
}

/** The types of FAT and exFAT, as statfs(2) and the kernel's headers have them. */
const WITHOUT_LINKS = new Set([0x4d44, 0x2011bab0]);

function fileSystemOf(folder: string) {
  return statfs(standing(folder)).catch(() => undefined);
}

function deviceOf(folder: string): number | undefined {
  return statSync(standing(folder), { throwIfNoEntry: false })?.dev;
}

/** A folder, or while it is not there the next one above it that is. */
function standing(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : standing(dirname(folder));
}
