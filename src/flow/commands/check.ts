import { outputsOf } from '../../domain/attempt.js';
import { findingWords, USUAL_THRESHOLDS, type TakeFinding } from '../../domain/finding.js';
import { isDelivered } from '../../domain/standing.js';
import { findState } from '../batch/state.js';
import { survey } from '../plan/survey.js';
import type { Project } from '../project/project.js';
import { clipsOf } from '../project/state-home.js';
import { openPictureChecks } from '../work/picture-checks.js';

/** What `dailies check` found in the clips that are delivered. */
export interface CheckAccount {
  readonly version: 1;
  /** How many clips were checked, now or before. */
  readonly checked: number;
  /** How many clips could not be checked. */
  readonly skipped: number;
  readonly findings: readonly (TakeFinding & { readonly key: string })[];
  /** Why clips were skipped. */
  readonly warnings: readonly string[];
}

/**
 * Looks for black, frozen and silent stretches in the clips that serve the project's takes: by the manifest's `checks`, or
 * by all of them at the usual thresholds. Sends nothing, buys nothing, and keeps what it finds for the contact sheet.
 */
export async function checkClips(project: Project, signal: AbortSignal): Promise<CheckAccount> {
  const { paths, env, manifest } = project;
  const { state } = await findState(project);
  const clips = clipsOf(project);
  const { decisions, context } = await survey({ project, state, clips });
  const warnings: string[] = [];
  const checks = await openPictureChecks({
    ...{ checks: manifest.checks ?? USUAL_THRESHOLDS, clips, paths, env, signal },
    warn: (message) => void warnings.push(message),
  });
  const there = [...decisions.values()].flatMap(({ take, attempt }) =>
    attempt && isDelivered(attempt) && context.clipStatus(attempt) !== 'missing'
      ? outputsOf(attempt).map((clip, output) => ({ key: take.key, clip, output }))
      : [],
  );
  const looks = await Promise.all(
    there.map(async ({ key, clip, output }) => {
      const found = await checks.check(clip);
      return found?.map((finding) => ({ key, output, ...finding, message: findingWords(finding) }));
    }),
  );
  await checks.save();
  signal.throwIfAborted();
  const findings = looks.flatMap((found = []) => found);
  const skipped = looks.filter((found) => found === undefined).length;
  return { version: 1, checked: looks.length - skipped, skipped, findings, warnings };
}
