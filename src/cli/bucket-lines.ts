import type { Project } from '../flow/project/project.js';
import { shownAddress } from '../store/bucket/address.js';
import { clean } from '../ui/text.js';
import type { Invocation } from './command.js';
import { nextCommands, type ManifestFlags } from './flags.js';

/** Where the clips of a project are that are in a bucket, and the command that brings them here; nothing for a folder. */
export function bucketLines({ paths }: Project, invocation: Invocation<ManifestFlags>): readonly string[] {
  if (!paths.bucket) return [];
  return [
    `Clips are in ${clean(shownAddress(paths.bucket))}: ${nextCommands(invocation).pull} brings them here`,
  ];
}
