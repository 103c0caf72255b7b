import { existsSync, statfsSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DailiesError } from '../errors.js';

/** The free bytes on the disk where a folder is, or will be; undefined if the disk does not tell. */
export async function freeBytes(folder: string): Promise<number | undefined> {
  const { bavail, bsize } = (await fileSystemOf(folder)) ?? {};
  return bavail === undefined || bsize === undefined ? undefined : bavail * bsize;
}

/** Downloads leave so much of a disk free, and intents half of it, so that there is room to record how both end. */
const KEPT_FREE_BYTES = 64 * 1024 * 1024;
/** On a small disk, this share. */
const KEPT_FREE_SHARE = 1 / 16;

/**
 * Checks that the disk of an existing folder has room: a purchase must be recorded, and a full disk would lose it. `records`
 * may use more of the last room than `clips`. Throws `disk`.
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

/** Synchronous, because it takes microseconds. Undefined if a disk does not tell. */
function sizeOf(folder: string): { readonly bytes: number; readonly freeBytes: number } | undefined {
  try {
    const { bsize, blocks, bavail } = statfsSync(folder);
    return blocks === 0 ? undefined : { bytes: blocks * bsize, freeBytes: bavail * bsize };
  } catch {
    return undefined;
  }
}

/** Whether files in two folders (or in their nearest existing parents) can share their bytes: on one disk that has links. */
export async function canShareBytes(one: string, other: string): Promise<boolean> {
  const [a, b] = [deviceOf(one), deviceOf(other)];
  if (a === undefined || b === undefined) return true;
  const type = (await fileSystemOf(other))?.type;
  return a === b && !(type !== undefined && WITHOUT_LINKS.has(type));
}

/** The types of FAT and exFAT in statfs(2) and the kernel's headers. */
const WITHOUT_LINKS = new Set([0x4d44, 0x2011bab0]);

function fileSystemOf(folder: string) {
  return statfs(standing(folder)).catch(() => undefined);
}

function deviceOf(folder: string): number | undefined {
  return statSync(standing(folder), { throwIfNoEntry: false })?.dev;
}

/** A folder, or its nearest parent that exists. */
function standing(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : standing(dirname(folder));
}
