import type { Catalogue } from './catalogue.js';
import type { Diagnostic } from './diagnostic.js';
import { roundUsd, type Estimate } from './money.js';

/** What a run would do about a take. */
export type PlanAction =
  'render' | 'rerender' | 'resume' | 'download' | 'reuse' | 'retry' | 'held' | 'orphan';

/** One row of the plan, as `plan --format json` prints it (schemas/plan.schema.json). */
export interface PlanRow {
  readonly id: string;
  readonly take: number;
  readonly action: PlanAction;
  /** Short phrases: "new", "prompt changed", "refs/side.jpg changed", "file missing", "job in flight since 12:03". */
  readonly reasons: readonly string[];
  readonly model: string;
  /** What is asked for, where the shot says so. */
  readonly duration?: number;
  readonly resolution?: string;
  readonly aspect_ratio?: string;
  readonly size?: string;
  /** What this row will still cost; all zero where nothing is bought; null if the price is not known. */
  readonly estimate: Estimate | null;
  /** Shots whose clips this row waits for, if its action or cost depends on them. */
  readonly depends_on?: readonly string[];
  /** The dependency that stops this row from being rendered: it is held, or failed and is not tried again. */
  readonly blocked_by?: string;
  /** For a blocked row: only a pick is missing, of its source or further up its chain. */
  readonly waits_for_pick?: true;
  /** What a person must settle: a submit that was never answered, or a job that is lost. */
  readonly settle?: 'unanswered' | 'lost';
}

/** How many jobs one shot of the manifest makes: expansions × takes. */
export interface PlanProduct {
  /** The shot's id in the manifest. */
  readonly id: string;
  readonly expansions: number;
  readonly takes: number;
}

/** What several rows cost together, US dollars. `unpriced`: how many of them have no known price. */
export interface PlanTotal {
  readonly min_usd: number;
  readonly expected_usd: number;
  readonly max_usd: number;
  readonly unpriced: number;
}

/** The plan as JSON (schemas/plan.schema.json). */
export interface PlanDocument {
  readonly version: 1;
  readonly project: string;
  readonly gateway: string;
  /** Tells what the plan buys now, and for how much, from other plans; see plan/plan-hash.ts. */
  readonly plan_hash: string;
  readonly shots: readonly PlanRow[];
  /** Of the rows that a run buys now. */
  readonly total: PlanTotal;
  /** Of the rows that wait for picks, besides `total`; absent if none does. */
  readonly after_picks?: PlanTotal;
  /** What the lockfile has counted so far, by the budget's rule. */
  readonly spent_usd: number;
  /** How many jobs of unknown cost `spent_usd` leaves out. */
  readonly spent_unpriced: number;
  readonly budget_usd: number | null;
  /** Whose limits and prices the plan rests on. */
  readonly catalogue?: Pick<Catalogue, 'source' | 'fetched_at'>;
  /** The shots that a matrix or takes multiply, with the size of each product. */
  readonly products?: readonly PlanProduct[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Whether an action submits a job. */
export function buys(action: PlanAction): boolean {
  return action === 'render' || action === 'rerender' || action === 'retry';
}

/** Whether what the plan buys now, plus what was spent before, could cost more than the manifest's budget. */
export function crossesBudget({ total, spent_usd, budget_usd }: PlanDocument): boolean {
  return budget_usd !== null && total.max_usd > 0 && roundUsd(spent_usd + total.max_usd) > budget_usd;
}

/** The same for what the plan buys now plus what it buys after the picks. */
export function crossesBudgetLater(plan: PlanDocument): boolean {
  const max_usd = plan.total.max_usd + (plan.after_picks?.max_usd ?? 0);
  return crossesBudget({ ...plan, total: { ...plan.total, max_usd } });
}
