import type { Project } from '../flow/project/project.js';
import { shownAddress } from '../store/bucket/address.js';
import { clean } from '../ui/text.js';
import type { Invocation } from './command.js';
import { shownPath } from './context.js';
import { nextCommands, type ManifestFlags } from './flags.js';

/** The place of a project's clips, as it is shown, if only `pull` makes names for them; undefined if a run makes names. */
export function clipsElsewhere({ paths, database }: Project): string | undefined {
  if (paths.bucket) return shownAddress(paths.bucket);
  return database === undefined ? undefined : shownPath(paths.store);
}

/** The same in words, with the command that brings them here; nothing for clips that have their names. */
export function clipsPlaceLines(project: Project, invocation: Invocation<ManifestFlags>): readonly string[] {
  const place = clipsElsewhere(project);
  if (place === undefined) return [];
  return [`Clips are in ${clean(place)}: ${nextCommands(invocation).pull} brings them here`];
}
