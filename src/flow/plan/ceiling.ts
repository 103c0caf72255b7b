import { countUnpriced } from '../../cost/budget.js';
import type { Attempt } from '../../domain/attempt.js';
import { dollars } from '../../domain/money.js';
import { crossesBudget, type PlanDocument } from '../../domain/plan.js';
import { DailiesError } from '../../errors.js';
import type { StopReason } from '../../events.js';
import { findState } from '../batch/state.js';
import type { Project } from '../project/project.js';

/** What a run may spend besides the manifest's `budget_usd`. */
export interface Ceiling {
  /** A ceiling for this run alone, US dollars. */
  readonly maxCostUsd?: number;
  /** Buy shots of unknown price despite a ceiling. */
  readonly allowUnpriced?: boolean;
}

/** Why a ceiling stops all buying. */
type Stopped = StopReason & { readonly kind: 'budget' | 'unpriced' };

/**
 * Why a run of this plan would buy nothing, as an error with the run's exit code; undefined if it would. Reads the
 * lockfile, writes nothing.
 */
export async function ceilingRefusal(
  project: Project,
  { plan, ceiling }: { readonly plan: PlanDocument; readonly ceiling: Ceiling },
): Promise<DailiesError | undefined> {
  const attempts = (await findState(project)).state.attempts();
  const stopped = ceilingReached(plan, { options: ceiling, attempts });
  if (!stopped) return undefined;
  const { kind, message, hint } = stopped;
  return new DailiesError(kind, message, { hint });
}

/** Why the plan does not fit under the ceilings, or why that is unknown; undefined if it fits. */
export function ceilingReached(
  plan: PlanDocument,
  { options, attempts }: { readonly options: Ceiling; readonly attempts: readonly Attempt[] },
): Stopped | undefined {
  const { total, spent_usd, budget_usd } = plan;
  const { maxCostUsd, allowUnpriced } = options;
  if (budget_usd === null && maxCostUsd === undefined) return undefined;
  const unpriced = unpricedWork(plan, budget_usd === null ? [] : attempts);
  if (unpriced !== undefined && total.max_usd + total.unpriced > 0 && !allowUnpriced) {
    return {
      kind: 'unpriced',
      message: `the ceiling cannot be checked, because a price is unknown: that of ${unpriced}`,
      hint: 'choose models with a price (dailies models), or accept the risk with --allow-unpriced',
    };
  }
  const hint = 'raise it, choose a cheaper model or shorter clips, or render fewer shots with --only';
  if (budget_usd !== null && crossesBudget(plan)) {
    const message = `the plan could cost ${dollars(total.max_usd)}; with ${dollars(spent_usd)} already spent that crosses budget_usd, ${dollars(budget_usd)}`;
    return { kind: 'budget', message, hint };
  }
  if (maxCostUsd !== undefined && total.max_usd > maxCostUsd) {
    return {
      kind: 'budget',
      message: `the plan could cost ${dollars(total.max_usd)}, more than --max-cost ${dollars(maxCostUsd)}`,
      hint,
    };
  }
  return undefined;
}

/** Shots to buy and earlier jobs of unknown price, in words; undefined if there are none. */
function unpricedWork(plan: PlanDocument, attempts: readonly Attempt[]): string | undefined {
  const shots = [...new Set(plan.shots.flatMap(({ id, estimate }) => (estimate === null ? [id] : [])))];
  const more = shots.length - MOST_NAMED;
  const named = shots.slice(0, MOST_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
  const before = countUnpriced(attempts);
  const bought = before === 0 ? '' : `${before} ${before === 1 ? 'job' : 'jobs'} bought before`;
  return [named, bought].filter((words) => words !== '').join(', and of ') || undefined;
}

const MOST_NAMED = 5;
