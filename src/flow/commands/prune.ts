import type { Attempt } from '../../domain/attempt.js';
import { isDelivered, type DeliveredAttempt } from '../../domain/standing.js';
import type { TakeRef } from '../../domain/take.js';
import { isoNow } from '../../clock.js';
import type { ClipStore } from '../../store/clip-store.js';
import { openAttempts, type LocalAttempts } from '../../store/local-attempts.js';
import { withCopies } from '../../store/give-name.js';
import type { ReceiptStore } from '../../store/receipt-store.js';
import { survey, viewFor } from '../plan/survey.js';
import type { Project } from '../project/project.js';
import { clipsOf, namesHere, stateHome } from '../project/state-home.js';

/** One clip that serves no take: of a removed shot, or replaced by a newer one. */
export interface Prunable extends TakeRef {
  /** The key of the clip in the store. */
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * Lists the clips this project has bought that no take of the manifest uses; with `remove` removes them from the store. The
 * clip of a shot stays, however much the shot was edited, until a new one replaces it. It never touches a clip that another
 * project's receipts need, or that somebody has changed. The purchases stay on record.
 */
export async function pruneClips(
  project: Project,
  { remove }: { readonly remove: boolean },
): Promise<readonly Prunable[]> {
  const { clock } = project;
  const clips = clipsOf(project);
  const home = stateHome(project);
  const attempts = await openAttempts({ home, clock });
  const others = () => neededByOthers(home.receipts, attempts.projectId);
  try {
    const { idle, of } = await findIdle({ project, attempts, clips, others });
    if (!remove) return idle;
    const names = namesHere(project, attempts, withCopies(clips));
    for (const attempt of of) await names.drop(attempt);
    const listed = idle.map(({ sha256 }) => sha256);
    const gone = new Set(await clips.remove(listed, others));
    for (const attempt of of)
      if (attempt.state.outputs.every(({ sha256 }) => gone.has(sha256) || !listed.includes(sha256)))
        await attempts.record(attempt, { type: 'pruned', at: isoNow(clock) });
    return idle.filter(({ sha256 }) => gone.has(sha256));
  } finally {
    await attempts.close();
  }
}

/** The clips that no take needs, and their purchases. */
async function findIdle({
  project,
  attempts,
  clips,
  others: neededNow,
}: {
  readonly project: Project;
  readonly attempts: LocalAttempts;
  readonly clips: ClipStore;
  readonly others: () => Promise<Set<string>>;
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
  const needed = await neededNow();
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

/** The clips that the receipts of other projects in the same store name. */
async function neededByOthers(receipts: ReceiptStore, projectId: string): Promise<Set<string>> {
  const needed = new Set<string>();
  for (const { project_id } of await receipts.list()) {
    if (project_id === projectId) continue;
    const { attempts } = await receipts.read(project_id);
    for (const sha256 of clipsKept([...attempts.values()])) needed.add(sha256);
  }
  return needed;
}

/** The clips that purchases keep: those of all delivered purchases that were not pruned. */
function clipsKept(attempts: readonly Attempt[]): string[] {
  const kept = attempts.filter(isDelivered).filter(({ state }) => !state.pruned);
  return kept.flatMap(({ state }) => state.outputs.map(({ sha256 }) => sha256));
}
