import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DailiesError } from '../errors.js';
import { diskError, errnoOf } from '../disk-error.js';
import { copyToFree, isUnderBothNames, moveToFree } from './move-file.js';

/*
 * Small things that are done for every clip are done synchronously: they touch names, not data, and take
 * microseconds, where a round trip through the thread pool takes several times the CPU of the thing itself.
 */

/** Makes the folder a clip will lie in, and those above it. Throws `disk`. */
export function makeRoomFor(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (cause) {
    throw diskError({ path: dirname(path), doing: 'made', cause });
  }
}

/**
 * Makes the folder that all clips go to. What it gives throws `disk` once that folder is gone, or another disk stands
 * in its place: clips that are written there all the same would lie where nobody looks for them.
 */
export function openFolder(path: string): () => void {
  makeRoomFor(join(path, 'clip'));
  const disk = diskOf(path);
  return () => {
    if (disk !== undefined && diskOf(path) === disk) return;
    throw new DailiesError('disk', `the folder of the clips is gone: ${path}`, {
      hint: 'put it back, then run again: what was paid for is fetched then',
    });
  };
}

/** The disk a folder lies on; undefined where there is no such folder. */
function diskOf(path: string): number | undefined {
  try {
    const found = statSync(path);
    return found.isDirectory() ? found.dev : undefined;
  } catch {
    return undefined;
  }
}

/** When a file was last written, as whole milliseconds since 1970. Throws `disk`. */
export function mtimeOf(path: string): number {
  try {
    return Math.floor(statSync(path).mtimeMs);
  } catch (cause) {
    throw diskError({ path, doing: 'read', cause });
  }
}

/** The bytes of a file. Throws `disk`. */
export function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch (cause) {
    throw diskError({ path, doing: 'read', cause });
  }
}

/**
 * Gives a finished `.part` the final name beside it. The bytes are on the disk already; the name gets there by itself,
 * and after a power cut before that the clip is found under its `.part`, like after any other end of a run. So it
 * takes no fsync, of which a clip would otherwise have two. (File systems keep the name a file was fsynced under: ext4, XFS,
 * btrfs. Where one does not, the clip is fetched again for free.)
 * A file that already bears the name is never overwritten: throws `disk`, with EEXIST as its cause where it is taken.
 */
export function finishPart(part: string, target: string): Promise<void> {
  return giveName(target, () => moveToFree(part, target, { isDurable: false }));
}

/** Moves a clip to its place, for good. Throws as `finishPart`. */
export function moveIntoPlace(file: string, target: string): Promise<void> {
  return giveName(target, () => moveToFree(file, target, { isDurable: true }));
}

/** Puts a copy of a clip in its place, for good. Throws as `finishPart`. */
export function copyIntoPlace(file: string, target: string): Promise<void> {
  return giveName(target, () => copyToFree(file, target));
}

async function giveName(target: string, give: () => Promise<boolean>): Promise<void> {
  try {
    if (await give()) return;
    throw Object.assign(new Error(`${target} exists`), { code: 'EEXIST' });
  } catch (cause) {
    throw diskError({ path: target, doing: 'put in its place', cause });
  }
}

/** Takes from a clip the name it grew under, where a run that died while it got its own has left it under both. */
export function dropSecondName(file: string, part: string): void {
  if (isUnderBothNames(file, part)) removeFile(part);
}

/** Removes a `.part` that is of no use, and what is known of it. */
export async function discardPart(part: string): Promise<void> {
  await rm(part, { force: true });
  await rm(`${part}.json`, { force: true });
}

/** Whether there is anything at a path. */
export function exists(path: string): boolean {
  return existsSync(path);
}

/** Whether there is a folder at a path, or what else stands there or above it, so that there can be none. */
export function lookAtFolder(path: string): { readonly isThere: boolean; readonly obstacle?: string } {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found || found.isDirectory()) return { isThere: found !== undefined };
    return { isThere: false, obstacle: path };
  } catch (cause) {
    if (errnoOf(cause) === 'ENOTDIR') return lookAtFolder(dirname(path));
    throw diskError({ path, doing: 'looked at', cause });
  }
}

/** The names in a folder; none where there is no such folder. */
export async function listFolder(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

/** Removes a file, if it is there. Throws `disk`. */
export function removeFile(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (cause) {
    throw diskError({ path, doing: 'removed', cause });
  }
}
