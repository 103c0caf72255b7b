import { existsSync, statfsSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DailiesError } from '../errors.js';

/** The bytes that may still be written to the disk a folder lies on, or will lie on; undefined if it does not tell. */
export async function freeBytes(folder: string): Promise<number | undefined> {
  const { bavail, bsize } = (await fileSystemOf(folder)) ?? {};
  return bavail === undefined || bsize === undefined ? undefined : bavail * bsize;
}

/** So much of a disk is left free by downloads, and half of it by intents: to write down what becomes of both. */
const KEPT_FREE_BYTES = 64 * 1024 * 1024;
/** Of a small disk, this part. */
const KEPT_FREE_SHARE = 1 / 16;

/**
 * Looks whether there is room on the disk of a folder that is there, before it is needed: what has been bought must be
 * written down, and a full disk would lose it. `records` may take more of the last room than `clips`. Throws `disk`.
 */
export function assertRoom(folder: string, use: 'clips' | 'records'): void {
  const disk = sizeOf(folder);
  if (!disk) return;
  const kept = Math.min(KEPT_FREE_BYTES, disk.bytes * KEPT_FREE_SHARE) / (use === 'clips' ? 1 : 2);
  if (disk.freeBytes >= kept) return;
  const left = `${(disk.freeBytes / 1e6).toFixed(1)} MB`;
  throw new DailiesError('disk', `the disk is full except for ${left}, which dailies keeps free: ${folder}`, {
    hint: 'make room on the disk, then run again: nothing was lost, and nothing more is bought until then',
  });
}

/** Synchronously: it takes microseconds. Undefined if a disk does not tell. */
function sizeOf(folder: string): { readonly bytes: number; readonly freeBytes: number } | undefined {
  try {
    const { bsize, blocks, bavail } = statfsSync(folder);
    return blocks === 0 ? undefined : { bytes: blocks * bsize, freeBytes: bavail * bsize };
  } catch {
    return undefined;
  }
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
