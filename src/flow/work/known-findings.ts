import { join } from 'node:path';
import type { Output } from '../../domain/attempt.js';
import {
  CHECK_NAMES,
  findingsOf,
  findingWords,
  type Checks,
  type CheckName,
  type Finding,
  type Stretch,
  type TakeFinding,
} from '../../domain/finding.js';
import { openFindings, type KnownFindings } from '../../store/findings-file.js';
import type { ProjectPaths } from '../project/paths.js';

/** A clip, as far as checks are about it. */
export type Clip = Pick<Output, 'sha256' | 'media'>;

/** What is already known about clips, without a new check. */
export interface FoundInClips {
  /** Findings in the order of time; undefined if a check was not made. */
  readonly of: (clip: Clip) => readonly Finding[] | undefined;
}

/** What a project's earlier checks found, by these thresholds. */
export async function knownFindings(
  paths: Pick<ProjectPaths, 'cache'>,
  checks: Checks,
): Promise<FoundInClips> {
  return knownBy(await openFindings(findingsFile(paths)), checks);
}

/** The folder for the findings of checks: they can be made again. */
export function findingsFile({ cache }: Pick<ProjectPaths, 'cache'>): string {
  return join(cache, 'checks.json');
}

/** If a clip has no sound, none was asked for, or a warning says so already: that is not silence. */
export function applicable(checks: Checks, { media }: Clip): readonly CheckName[] {
  return CHECK_NAMES.filter(
    (check) => checks[check] && (check !== 'silence' || media.audio_codec !== undefined),
  );
}

export function knownBy(known: KnownFindings, checks: Checks): FoundInClips {
  return {
    of(clip) {
      const found: Partial<Record<CheckName, readonly Stretch[]>> = {};
      for (const check of applicable(checks, clip)) {
        const threshold = checks[check];
        const stretches = threshold && known.find(clip.sha256, check, threshold);
        if (!stretches) return undefined;
        found[check] = stretches;
      }
      return findingsOf(checks, found);
    },
  };
}

/** The findings about the clips of a take; undefined if one of them was not checked. */
export function findingsOfTake(
  outputs: readonly Clip[],
  found: FoundInClips,
): readonly TakeFinding[] | undefined {
  const all = outputs.map((output) => found.of(output));
  if (all.length === 0 || all.includes(undefined)) return undefined;
  return all.flatMap((findings = [], output) =>
    findings.map((finding) => ({ ...finding, output, message: findingWords(finding) })),
  );
}
