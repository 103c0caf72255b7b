import { join } from 'node:path';
import { listFolder } from '../store/clip-file.js';
import { supersededFolder } from './clip-place.js';
import type { Project } from './project.js';

/** Where the film of a project lies. */
export function filmPath({ paths, manifest }: Project): string {
  return join(paths.output, `${manifest.project}.mp4`);
}

/** A film that a newer one has taken the place of, and its number among those: `film.mp4`, `film.2.mp4`. */
const NUMBERED = /^(?:\.[1-9]\d*)?$/;

/**
 * The films that newer ones have replaced. No lockfile has them on record: they are known by their name in our own
 * folder, and by having neither an owner nor a sidecar, as a clip has.
 */
export async function replacedFilms(
  project: Project,
  isOwned: (file: string) => boolean,
): Promise<readonly string[]> {
  const folder = supersededFolder(project);
  const names = await listFolder(folder);
  const bearing = (extension: string) =>
    names
      .filter((name) => name.startsWith(project.manifest.project) && name.endsWith(extension))
      .map((name) => name.slice(0, -extension.length))
      .filter((stem) => NUMBERED.test(stem.slice(project.manifest.project.length)))
      .map((stem) => join(folder, stem));
  const isClip = (stem: string) => isOwned(`${stem}.mp4`) || isOwned(`${stem}.webm`);
  // A sidecar tells of clips that may be somebody's, and a job may have made several.
  if (!bearing('.json').every(isClip)) return [];
  return bearing('.mp4')
    .filter((stem) => !isClip(stem))
    .map((stem) => `${stem}.mp4`);
}
