import { isAbsolute, relative } from 'node:path';

/** A path as somebody in the working folder would type it: relative below that folder, else absolute. */
export function shownPath(path: string): string {
  const below = relative(process.cwd(), path);
  if (below === '') return '.';
  return below.startsWith('..') || isAbsolute(below) ? path : below;
}
