import { link, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskError, errnoOf } from './disk-error.js';
import { syncFolder } from './replace-file.js';

/** Makes the folder a clip will lie in, and those above it. Throws `disk`. */
export async function makeRoomFor(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
  } catch (cause) {
    throw diskError({ path: dirname(path), doing: 'made', cause });
  }
}

/** When a file was last written, as whole milliseconds since 1970. Throws `disk`. */
export async function mtimeOf(path: string): Promise<number> {
  try {
    return Math.floor((await stat(path)).mtimeMs);
  } catch (cause) {
    throw diskError({ path, doing: 'read', cause });
  }
}

/**
 * Gives a finished `.part` its final name, for good. A file that already bears the name is never overwritten.
 * Throws `disk`, with EEXIST as its cause where the name is taken.
 */
export async function finishPart({
  part,
  target,
}: {
  readonly part: string;
  readonly target: string;
}): Promise<void> {
  try {
    await renameToFree(part, target);
    await syncFolder(dirname(target));
  } catch (cause) {
    throw diskError({ path: target, doing: 'put in its place', cause });
  }
}

/** Removes a `.part` that is of no use, and what is known of it. */
export async function discardPart(part: string): Promise<void> {
  await rm(part, { force: true });
  await rm(`${part}.json`, { force: true });
}

/** Whether there is anything at a path. */
export function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** The names in a folder; none where there is no such folder. */
export async function listFolder(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

/** Removes a file, if it is there. Throws `disk`. */
export async function removeFile(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (cause) {
    throw diskError({ path, doing: 'removed', cause });
  }
}

/** A link refuses a taken name, where a rename would overwrite it; file systems without links get a look first. */
async function renameToFree(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
    await rm(from);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST' || errnoOf(error) === 'ENOENT') throw error;
    if (await exists(to)) throw Object.assign(new Error(`${to} exists`), { code: 'EEXIST' });
    await rename(from, to);
  }
}
