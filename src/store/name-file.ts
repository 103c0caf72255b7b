import { createHash } from 'node:crypto';
import { createReadStream, lstatSync, mkdirSync, renameSync, rmdirSync, rmSync, type Stats } from 'node:fs';
import { dirname, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { diskError, errnoOf, onDisk } from '../disk-error.js';
import { safeJson } from '../domain/foreign-text.js';
import { isRecord } from '../domain/is-record.js';
import { readRegularSync } from '../regular-file.js';
import { replaceFile } from './replace-file.js';

/*
 * Names and the files beside them are many and small. They are read synchronously, in microseconds, because a round trip
 * through the thread pool takes several times the CPU of the operation itself.
 */

/** What is at a path. A link, a folder or a pipe is `other`, and so is a file in place of a parent folder. Throws `disk`. */
export function lookAtName(path: string): 'none' | 'file' | 'other' {
  const found = statsOf(path);
  if (found === 'blocked') return 'other';
  return found === undefined ? 'none' : found.isFile() ? 'file' : 'other';
}

/** The size of a file; undefined if there is none. Throws `disk`. */
export function sizeOf(path: string): number | undefined {
  const found = statsOf(path);
  return found === undefined || found === 'blocked' ? undefined : found.size;
}

/** The file or link that is in place of a folder; undefined if there is none. Throws `disk`. */
export function obstacleOf(folder: string, root: string): string | undefined {
  for (let way = folder; way.length > root.length; way = dirname(way)) {
    const found = statsOf(way);
    if (found === undefined || found === 'blocked') continue;
    if (!found.isDirectory()) return way;
  }
  return undefined;
}

/** The sha256 of a file, lower-case hex, read in pieces. Errors are the file system's own. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** The bytes of a file. It is opened at the first read, because before that nobody would receive the error of a missing file. */
export async function* readName(path: string): AsyncIterable<Uint8Array> {
  yield* createReadStream(path) as AsyncIterable<Uint8Array>;
}

/** Removes a file, and the parent folders that this leaves empty, up to `root`. Throws `disk`. */
export function removeName(path: string, root: string): void {
  try {
    rmSync(path, { force: true });
    for (let folder = dirname(path); folder.startsWith(`${root}${sep}`); folder = dirname(folder))
      rmdirSync(folder);
  } catch (cause) {
    if (!KEPT.has(errnoOf(cause) ?? '')) throw diskError({ path, doing: 'removed', cause });
  }
}

/** A folder that is not empty, or is gone already. */
const KEPT = new Set(['ENOTEMPTY', 'EEXIST', 'ENOENT', 'EBUSY']);

/** Whether a path is free, or has metadata of a clip: of this project, if one is named. */
export function isOurMetadata(path: string, projectId?: string): boolean {
  const found = statsOf(path);
  if (found === undefined) return true;
  if (found === 'blocked' || !found.isFile()) return false;
  // A power cut may leave the file empty.
  if (found.size === 0) return true;
  try {
    const value: unknown = JSON.parse(String(readRegularSync(path, { maxBytes: MAX_METADATA_BYTES })));
    return isRecord(value) && value['dailies'] === 1 && (projectId ?? value['project']) === value['project'];
  } catch {
    return false;
  }
}

/** Metadata has a few kilobytes at most; a larger JSON is something else. */
const MAX_METADATA_BYTES = 1_000_000;

/** Writes the metadata beside a clip. Throws `disk`. */
export async function writeMetadata(path: string, content: object): Promise<void> {
  const text = [`${safeJson(content, 2)}\n`];
  await onDisk(path, 'written', () => replaceFile({ path, content: text, isDurable: false }));
}

/** The file at a path; undefined if there is none, or a link, a folder or a pipe. Throws `disk`. */
export function fileAt(path: string): Stats | undefined {
  const found = statsOf(path);
  return found !== 'blocked' && found?.isFile() ? found : undefined;
}

function statsOf(path: string): Stats | 'blocked' | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    if (errnoOf(cause) === 'ENOTDIR') return 'blocked';
    throw diskError({ path, doing: 'looked at', cause });
  }
}

/** Moves a file to a path, over any file there, whole at every instant; also to another disk. Throws `disk`. */
export async function moveOver(file: string, target: string): Promise<void> {
  await onDisk(target, 'put in its place', async () => {
    mkdirSync(dirname(target), { recursive: true });
    try {
      renameSync(file, target);
    } catch (error) {
      if (errnoOf(error) !== 'EXDEV') throw error;
      await replaceFile({ path: target, content: readName(file), isDurable: false });
      rmSync(file, { force: true });
    }
  });
}

/** Copies a file over another, or to where there is none, whole at every instant. Throws `disk`. */
export async function copyOver(file: string, target: string): Promise<void> {
  await onDisk(target, 'written', async () => {
    mkdirSync(dirname(target), { recursive: true });
    await replaceFile({ path: target, content: readName(file), isDurable: false });
  });
}
