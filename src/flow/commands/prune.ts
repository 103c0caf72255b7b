import type { Attempt } from '../../domain/attempt.js';
import { isDelivered, type DeliveredAttempt } from '../../domain/standing.js';
import type { TakeRef } from '../../domain/take.js';
import { isoNow } from '../../clock.js';
import type { ClipStore } from '../../store/clip-store.js';
import { openAttempts, type LocalAttempts } from '../../store/local-attempts.js';
import { readReceipts, receiptsIn } from '../../store/receipts.js';
import { lockStore } from '../../store/store-lock.js';
import { survey, viewFor } from '../plan/survey.js';
import type { Project } from '../project/project.js';
import { clipsOf, namesOf, stateHome } from '../project/state-home.js';

/** One clip that serves no take: of a removed shot, or replaced by a newer one. */
export interface Prunable extends TakeRef {
  /** What the store has it under. */
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * Lists the clips this project has bought that no take of the manifest uses; with `remove` removes them from the store. The
 * clip of a shot stays, however much the shot was edited, until a new one has taken its place. A clip that another
 * project's receipts need, or that somebody has changed, is never touched. The purchases stay on record.
 */
export async function pruneClips(
  project: Project,
  { remove }: { readonly remove: boolean },
): Promise<readonly Prunable[]> {
  const { clock, paths } = project;
  const clips = clipsOf(project);
  const attempts = await openAttempts({ home: stateHome(project), clock });
  try {
    if (!remove) return (await findIdle({ project, attempts, clips })).idle;
    // Whoever puts a clip in waits, and has written its receipt before: what is read below is all there is to know.
    const lock = await lockStore(paths.store, clock);
    try {
      const { idle, of } = await findIdle({ project, attempts, clips });
      const names = namesOf(project, attempts, clips);
      for (const attempt of of) await names.drop(attempt);
      for (const { sha256 } of idle) await clips.remove(sha256);
      for (const attempt of of) await attempts.record(attempt, { type: 'pruned', at: isoNow(clock) });
      return idle;
    } finally {
      await lock.release();
    }
  } finally {
    await attempts.close();
  }
}

/** The clips that nobody needs, and the purchases they are of. */
async function findIdle({
  project,
  attempts,
  clips,
}: {
  readonly project: Project;
  readonly attempts: LocalAttempts;
  readonly clips: ClipStore;
}): Promise<{
  readonly idle: readonly Prunable[];
  readonly of: readonly DeliveredAttempt[];
}> {
  const all = attempts.attempts();
  const surveyed = await survey({ project, state: attempts, clips });
  const shown = new Set([...viewFor(project, surveyed).values()].map(({ attempt }) => attempt.id));
  const unused = surveyed.claims
    .unclaimed()
    .filter(isDelivered)
    .filter(({ id, state }) => !shown.has(id) && !state.pruned);
  const others = new Set(all);
  for (const attempt of unused) others.delete(attempt);
  const needed = await neededByOthers(project, attempts.projectId);
  for (const sha256 of clipsKept([...others])) needed.add(sha256);
  const idle = new Map<string, Prunable>();
  const of: DeliveredAttempt[] = [];
  for (const attempt of unused) {
    const { outputs } = attempt.state;
    if (outputs.some(({ sha256 }) => needed.has(sha256))) continue;
    if (surveyed.context.clipStatus(attempt) === 'changed') continue;
    of.push(attempt);
    for (const { sha256 } of outputs) {
      const found = await clips.stat(sha256);
      if (found) idle.set(sha256, { ...attempt.owner, sha256, bytes: found.bytes });
    }
  }
  return { idle: [...idle.values()], of };
}

/** The clips that the receipts of other projects in the same store speak of as theirs. */
async function neededByOthers({ paths }: Project, projectId: string): Promise<Set<string>> {
  const needed = new Set<string>();
  for (const { path, owner } of await receiptsIn(paths.store)) {
    if (owner.project_id === projectId) continue;
    for (const sha256 of clipsKept([...(await readReceipts(path)).values()])) needed.add(sha256);
  }
  return needed;
}

/** The clips that purchases hold on to: those of all that were delivered, and not pruned. */
function clipsKept(attempts: readonly Attempt[]): string[] {
  const kept = attempts.filter(isDelivered).filter(({ state }) => !state.pruned);
  return kept.flatMap(({ state }) => state.outputs.map(({ sha256 }) => sha256));
}
