import { lstatSync, mkdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { errnoOf, onDisk } from '../disk-error.js';
import { DailiesError } from '../errors.js';

/**
 * Makes a folder of ours below a root that exists or can be made, and gives its path. No folder on the way may be a symbolic
 * link, because somebody else's project could use one to make us write elsewhere. Throws `disk`.
 */
export function ownFolder(root: string, path: string): string {
  return onDisk(path, 'made', () => {
    mkdirSync(root, { recursive: true });
    for (const way of waysTo(root, path)) {
      makeUnlessThere(way);
      if (lstatSync(way).isSymbolicLink()) throw linked(way);
    }
    return path;
  });
}

/** Throws `disk` if a folder of ours below a root, or one on the way to it, is a symbolic link. */
export function refuseLinks(root: string, path: string): void {
  for (const way of waysTo(root, path)) {
    const found = lstatSync(way, { throwIfNoEntry: false });
    if (!found) return;
    if (found.isSymbolicLink()) throw linked(way);
    if (!found.isDirectory()) return;
  }
}

/** The folders on the way from a root to a path below it, the path last. */
function waysTo(root: string, path: string): string[] {
  const steps = relative(root, path).split(sep);
  return steps.flatMap((step, index) => (step === '' ? [] : join(root, ...steps.slice(0, index + 1))));
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
