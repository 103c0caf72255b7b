import { closeSync, linkSync, openSync, renameSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from './disk-error.js';
import { syncFolder } from './replace-file.js';

/**
 * Moves a file to a name that is free, for good and in steps that lose it at no point; false where the name is
 * taken. Errors are the file system's own.
 */
export async function moveToFree(file: string, target: string): Promise<boolean> {
  try {
    // A link refuses a taken name, where a rename would overwrite it.
    linkSync(file, target);
  } catch (error) {
    const code = errnoOf(error) ?? '';
    if (code === 'EEXIST') return false;
    if (['ENOENT', 'ENOTDIR', 'EXDEV'].includes(code)) throw error;
    return renameUnlessTaken(file, target);
  }
  // From one folder to another the new name has to be safe before the old one goes.
  if (dirname(file) !== dirname(target)) await syncFolder(dirname(target));
  unlinkSync(file);
  await syncFolder(dirname(file));
  return true;
}

/** For file systems without links: an empty file holds the name until the rename replaces it. */
async function renameUnlessTaken(file: string, target: string): Promise<boolean> {
  try {
    closeSync(openSync(target, 'wx'));
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
  renameSync(file, target);
  await syncFolder(dirname(target));
  if (dirname(file) !== dirname(target)) await syncFolder(dirname(file));
  return true;
}
