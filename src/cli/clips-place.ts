import type { Project } from '../flow/project/project.js';
import { shownAddress } from '../store/bucket/address.js';
import { clean } from '../ui/text.js';
import type { Invocation } from './command.js';
import { shownPath } from './context.js';
import { nextCommands, type ManifestFlags } from './flags.js';

/** Where the clips of a project are, as it is shown, if names for them are only made by `pull`; undefined if a run makes them. */
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
