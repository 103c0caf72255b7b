import { constants, linkSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { copyFile, open, rm } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { errnoOf } from '../disk-error.js';
import { syncFolder } from './replace-file.js';

/** Makes a move outlive a power cut; without it the file may be found under its old name after one, as whole as before. */
interface Keeping {
  readonly isDurable: boolean;
}

/**
 * Moves a file to a name that is free, in steps that lose it at no point; false where the name is taken. Errors are
 * the file system's own.
 */
export async function moveToFree(file: string, target: string, { isDurable }: Keeping): Promise<boolean> {
  try {
    // A link refuses a taken name, where a rename would overwrite it.
    linkSync(file, target);
  } catch (error) {
    const code = errnoOf(error) ?? '';
    if (['ENOENT', 'ENOTDIR'].includes(code)) throw error;
    if (code === 'EXDEV') return moveAcross(file, target, { isDurable });
    if (code !== 'EEXIST') return renameUnlessTaken(file, target, { isDurable });
    // A run that died between the two steps has left the file under both names: the second step is still to come.
    if (!isUnderBothNames(file, target)) return false;
  }
  // From one folder to another the new name has to be safe before the old one goes.
  if (dirname(file) !== dirname(target)) await syncFolder(dirname(target));
  unlinkSync(file);
  if (isDurable) await syncFolder(dirname(file));
  return true;
}

/**
 * Gives a copy of a file a name that is free, and the file's own time, for good; false where the name is taken. It grows
 * as the `.part` of that name. Errors are the file system's own.
 */
export async function copyToFree(file: string, target: string): Promise<boolean> {
  if (statSync(target, { throwIfNoEntry: false })) return false;
  const part = join(dirname(target), `${basename(target, extname(target))}.part`);
  // What lies there may be another file's second name: that file is not to be written over.
  await rm(part, { force: true });
  try {
    await copyFile(file, part, constants.COPYFILE_FICLONE);
    const { atime, mtime } = statSync(file);
    const copy = await open(part, 'r+');
    try {
      await copy.utimes(atime, mtime);
      await copy.sync();
    } finally {
      await copy.close();
    }
    return await moveToFree(part, target, { isDurable: true });
  } finally {
    await rm(part, { force: true });
  }
}

/**
 * Whether two names are those of one file: a move that has come half of the way. With one name only, the two are that
 * name in different letter case, and removing one would remove the file.
 */
export function isUnderBothNames(file: string, target: string): boolean {
  const [one, other] = [file, target].map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }));
  return one !== undefined && one.ino === other?.ino && one.dev === other.dev && one.nlink > 1n;
}

/** To another disk. A run that dies before the last step leaves a clip in both places, which is none too few. */
async function moveAcross(file: string, target: string, { isDurable }: Keeping): Promise<boolean> {
  if (!(await copyToFree(file, target))) return false;
  unlinkSync(file);
  if (isDurable) await syncFolder(dirname(file));
  return true;
}

/**
 * For file systems without links. Between the look and the rename somebody else might take the name; a file to hold it
 * would be worse, for a run that died there would leave it, empty, under the name of a clip.
 */
async function renameUnlessTaken(file: string, target: string, { isDurable }: Keeping): Promise<boolean> {
  if (statSync(target, { throwIfNoEntry: false })) return false;
  renameSync(file, target);
  if (!isDurable) return true;
  await syncFolder(dirname(target));
  if (dirname(file) !== dirname(target)) await syncFolder(dirname(file));
  return true;
}
