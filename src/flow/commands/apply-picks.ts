import { buys, type PlanDocument, type PlanRow, type PlanTotal } from '../../domain/plan.js';
import { DailiesError } from '../../errors.js';
import { totalOf } from '../../plan/document.js';
import { planProject } from '../plan/plan.js';
import type { Project } from '../project/project.js';
import { pickTakes, type Choice, type PickedTakes } from './pick.js';

/** What picks have changed for the next run. */
export interface AppliedPicks {
  /** All picks as they are now. */
  readonly picks: PickedTakes;
  /** The takes that the next run buys because of them. */
  readonly unblocks: readonly PlanRow[];
  /** What those takes cost. */
  readonly cost: PlanTotal;
  /** The plan of the next run, at the prices last seen; absent if there is none, such as for a manifest with mistakes. */
  readonly plan?: PlanDocument;
}

/**
 * Picks takes as `pickTakes` does, and says what the picks unblock and what that costs, at the prices last seen: sends nothing.
 * `approve`: the next run stops for picks even if the manifest does not say so. Throws as `pickTakes`.
 */
export async function applyPicks(
  project: Project,
  choice: { readonly choices: readonly Choice[]; readonly clear?: boolean; readonly approve?: boolean },
): Promise<AppliedPicks> {
  const look = () => planOffline(project, choice.approve);
  const before = await look();
  const picks = await pickTakes(project, choice);
  const plan = await look();
  if (!before || !plan) return { picks, unblocks: [], cost: totalOf([]) };
  const was = new Map(before.shots.map((row) => [nameOf(row), row]));
  const unblocks = plan.shots.flatMap((row) => {
    const old = was.get(nameOf(row));
    if (row.blocked_by !== undefined || (old && isBought(old))) return [];
    // A worker of the store may have begun with the take already.
    return isBought(row) ? [row] : old?.waits_for_pick ? [old] : [];
  });
  return { picks, unblocks, cost: totalOf(unblocks), plan };
}

/** Without a request, because a pick must work even if the gateway does not. */
async function planOffline(
  project: Project,
  approve: boolean | undefined,
): Promise<PlanDocument | undefined> {
  try {
    return await planProject(project, { offline: true, preflight: false, ...(approve && { approve }) });
  } catch (error) {
    if (error instanceof DailiesError) return undefined;
    throw error;
  }
}

function isBought({ action, blocked_by }: PlanRow): boolean {
  return buys(action) && blocked_by === undefined;
}

function nameOf({ id, take }: PlanRow): string {
  return `${id}@${take}`;
}
