import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { mkdir, statfs } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Output } from '../domain/attempt.js';
import { diskError, errnoOf } from '../disk-error.js';
import { moveToFree } from './move-file.js';

/**
 * How a clip on disk stands to what was delivered. Size and modification time decide; where only the time
 * differs (a copied folder), or with `hash`, the content does. Throws `disk` where the file cannot be looked at.
 */
export async function inspectOutput(clip: {
  readonly file: string;
  readonly output: Pick<Output, 'bytes' | 'sha256' | 'mtime_ms'>;
  readonly hash: boolean;
}): Promise<'intact' | 'missing' | 'changed'> {
  const { file, output } = clip;
  try {
    // Many thousands of clips are looked at when a run begins, and each look takes microseconds.
    const found = statSync(file);
    if (!found.isFile() || found.size !== output.bytes) return 'changed';
    // A recorded time is whole milliseconds, and so is what some file systems keep.
    const isSameTime = Math.abs(found.mtimeMs - output.mtime_ms) <= 1;
    if (isSameTime && !clip.hash) return 'intact';
    return (await hashFile(file)) === output.sha256 ? 'intact' : 'changed';
  } catch (cause) {
    if (ABSENT.has(errnoOf(cause) ?? '')) return 'missing';
    throw diskError({ path: file, doing: 'read', cause });
  }
}

/**
 * Moves a file into a folder, which is made if need be, under its own name or the first free one of
 * `name.2.mp4`, `name.3.mp4` …; nothing is ever overwritten. Resolves with where it lies now, for good.
 * Throws `disk`.
 */
export async function moveClip(move: { readonly file: string; readonly folder: string }): Promise<string> {
  const { file, folder } = move;
  const extension = extname(file);
  const stem = basename(file, extension);
  try {
    await mkdir(folder, { recursive: true });
    for (let copy = 1; ; copy += 1) {
      const target = join(folder, copy === 1 ? `${stem}${extension}` : `${stem}.${copy}${extension}`);
      if (await moveToFree(file, target, { isDurable: true })) return target;
    }
  } catch (cause) {
    throw diskError({ path: file, doing: `moved to ${folder}`, cause });
  }
}

/** The sha256 of a file, lower-case hex, read in pieces. Errors are the file system's own. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** The bytes that may still be written to the disk a folder lies on, or will lie on; undefined where it does not tell. */
export async function freeBytes(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    const above = dirname(folder);
    return errnoOf(error) === 'ENOENT' && above !== folder ? freeBytes(above) : undefined;
  }
}

const ABSENT = new Set(['ENOENT', 'ENOTDIR']);
