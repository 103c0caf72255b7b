import { lstatSync, mkdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { diskError, errnoOf } from '../disk-error.js';
import { DailiesError } from '../errors.js';

/**
 * Makes a folder of ours below a root that is there or can be made, and gives its path. No folder on the way may be a
 * symbolic link: a project from somebody else could lead our writing elsewhere by one. Throws `disk`.
 */
export function ownFolder(root: string, path: string): string {
  try {
    mkdirSync(root, { recursive: true });
    let way = root;
    for (const step of relative(root, path).split(sep)) {
      if (step === '') continue;
      way = join(way, step);
      makeUnlessThere(way);
      if (lstatSync(way).isSymbolicLink()) throw linked(way);
    }
    return path;
  } catch (cause) {
    throw cause instanceof DailiesError ? cause : diskError({ path, doing: 'made', cause });
  }
}

/** Throws `disk` where a folder of ours below a root, or one on the way to it, is a symbolic link. */
export function refuseLinks(root: string, path: string): void {
  let way = root;
  for (const step of relative(root, path).split(sep)) {
    if (step === '') continue;
    way = join(way, step);
    const found = lstatSync(way, { throwIfNoEntry: false });
    if (!found) return;
    if (found.isSymbolicLink()) throw linked(way);
    if (!found.isDirectory()) return;
  }
}

function makeUnlessThere(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    if (
      errnoOf(error) !== 'EEXIST' ||
      (!lstatSync(folder).isDirectory() && !lstatSync(folder).isSymbolicLink())
    )
      throw error;
  }
}

function linked(path: string): DailiesError {
  return new DailiesError('disk', `${path} is a symbolic link, and a folder of ours cannot be one`, {
    hint: 'remove the link; to keep clips elsewhere, name the place with --clips or --output',
  });
}
