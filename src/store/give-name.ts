import {
  chmodSync,
  constants,
  copyFileSync,
  linkSync,
  lstatSync,
  readdirSync,
  renameSync,
  rmSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { diskError, errnoOf } from '../disk-error.js';
import type { ClipStore } from './clip-store.js';
import { isOfTheDead, PROCESS } from './parts.js';

const WRITABLE = 0o644;

/**
 * Gives files further names. A name replaces what was there, and is whole at every instant: a reflink, else a hard link, else a
 * copy, with the file's own date. Returns whether the name shares the bytes. Throws `disk`.
 */
export function createNamer(): (file: string, path: string) => boolean {
  const swept = new Set<string>();
  /** Removes names that dead processes left half made; once per folder, because a folder may hold thousands. */
  const sweep = (folder: string) => {
    if (swept.has(folder)) return;
    swept.add(folder);
    for (const name of readdirSync(folder)) if (isLeftName(name)) rmSync(join(folder, name), { force: true });
  };
  return (file, path) => {
    const prepared = join(dirname(path), `.${basename(path)}.${PROCESS}.tmp`);
    try {
      sweep(dirname(path));
      const isCheap = shareBytes(file, prepared);
      renameSync(prepared, path);
      return isCheap;
    } catch (cause) {
      throw diskError({ path, doing: 'named', cause });
    } finally {
      // A rename between two names of one file leaves both.
      rmSync(prepared, { force: true });
    }
  };
}

/** The same store with names: if it has none of its own, they are copies that are downloaded for it. */
export function withCopies(clips: ClipStore): ClipStore {
  if (clips.name) return clips;
  const giveName = createNamer();
  return {
    ...clips,
    async name(sha256, path) {
      await clips.asFile(sha256, (file) => Promise.resolve(giveName(file, path)));
      return false;
    },
  };
}

/** FAT stores only even seconds. */
const FAT_STEP_MS = 2000;

/** Whether a file has the date of a copy of ours, which is the clip's own; both in milliseconds, undefined for no file. */
export function bearsDateOf(clipMs = NaN, fileMs = NaN): boolean {
  return Math.abs(fileMs - clipMs) <= (fileMs % FAT_STEP_MS === 0 ? FAT_STEP_MS : 1);
}

/** True if the name shares the clip's bytes, false if it is a copy of them. */
function shareBytes(clip: string, path: string): boolean {
  try {
    copyFileSync(clip, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
    keepDate(clip, path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') unlinkSync(path);
  }
  try {
    linkSync(clip, path);
    return true;
  } catch (error) {
    if (!WITHOUT_LINKS.has(errnoOf(error) ?? '')) throw error;
  }
  copyFileSync(clip, path, constants.COPYFILE_EXCL);
  keepDate(clip, path);
  return false;
}

function keepDate(clip: string, copy: string): void {
  const { atime, mtime } = lstatSync(clip);
  chmodSync(copy, WRITABLE);
  utimesSync(copy, atime, mtime);
}

/** The errors of file systems that cannot make the link: another disk, exFAT, a network drive, too many names. */
const WITHOUT_LINKS = new Set(['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'UNKNOWN']);

function isLeftName(name: string): boolean {
  return isOfTheDead(/^\..+\.(?:mp4|webm)\.([0-9a-f]{6})-(\d+)\.tmp$/.exec(name));
}
