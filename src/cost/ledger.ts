import type { Attempt } from '../domain/attempt.js';
import { dollars, roundUsd, type Estimate } from '../domain/money.js';
import { countedUsd, isEstimated } from './budget.js';

/** The amounts of a run, in US dollars. */
export interface Account {
  /** Everything that counts against the project's budget. */
  readonly spentUsd: number;
  /** How many jobs of unknown cost that leaves out. */
  readonly spentUnpriced: number;
  /** How many of the jobs count at their upper estimate. */
  readonly spentEstimated: number;
  /** What this run's own purchases count, and how many of them count nothing because their cost is unknown. */
  readonly runUsd: number;
  readonly runUnpriced: number;
}

/** The ceilings of a run, US dollars; undefined: none. */
export interface Ceilings {
  readonly budgetUsd?: number | undefined;
  readonly maxCostUsd?: number | undefined;
}

/**
 * Opens a ledger over all attempts on record, none of which is this run's. While a run spends, it keeps the sums, so that no submit
 * can cross a ceiling.
 */
export function createLedger(attempts: Iterable<Attempt>, ceilings: Ceilings) {
  const owned = new Set<string>();
  const all = { nano: 0, unpriced: 0, estimated: 0 };
  const run = { nano: 0, unpriced: 0, estimated: 0 };
  const count = (sums: typeof all, attempt: Attempt, sign: 1 | -1) => {
    const usd = countedUsd(attempt);
    if (usd === undefined) sums.unpriced += sign;
    else sums.nano += sign * Math.round(usd * 1e9);
    if (isEstimated(attempt)) sums.estimated += sign;
  };
  for (const attempt of attempts) count(all, attempt, 1);
  const spentUsd = () => all.nano / 1e9;
  const runUsd = () => run.nano / 1e9;
  return {
    account: (): Account => ({
      spentUsd: spentUsd(),
      spentUnpriced: all.unpriced,
      spentEstimated: all.estimated,
      runUsd: runUsd(),
      runUnpriced: run.unpriced,
    }),
    /** Why a submit with this estimate may not happen; undefined if it may. An unpriced one is allowed here. */
    objection(estimate: Estimate | null): string | undefined {
      const nextUsd = estimate?.max_usd ?? 0;
      const { budgetUsd, maxCostUsd } = ceilings;
      if (budgetUsd !== undefined && roundUsd(spentUsd() + nextUsd) > budgetUsd)
        return overBudget({ nextUsd, spentUsd: spentUsd(), ceilingUsd: budgetUsd });
      if (maxCostUsd !== undefined && roundUsd(runUsd() + nextUsd) > maxCostUsd)
        return overMaxCost({ nextUsd, spentUsd: runUsd(), ceilingUsd: maxCostUsd });
      return undefined;
    },
    /** An attempt is new or has changed: replaces what it counted before by what it counts now. */
    update(before: Attempt | undefined, after: Attempt): void {
      for (const sums of owned.has(after.id) ? [all, run] : [all]) {
        if (before) count(sums, before, -1);
        count(sums, after, 1);
      }
    },
    /** This run began the attempt, so it counts against `--max-cost`. */
    own: ({ id }: Attempt) => void owned.add(id),
  };
}

/** A purchase and a ceiling that it could cross, US dollars. */
interface Crossing {
  readonly nextUsd: number;
  readonly spentUsd: number;
  readonly ceilingUsd: number;
}

/** Why a purchase may not happen: the budget of a project, or of `whose`. */
export function overBudget({ nextUsd, spentUsd, ceilingUsd }: Crossing, whose = 'the budget'): string {
  return `the next shot could cost ${dollars(nextUsd)}; ${dollars(spentUsd)} of ${whose} of ${dollars(ceilingUsd)} are spent or committed`;
}

/** Why a purchase may not happen: the ceiling of a run. */
export function overMaxCost({ nextUsd, spentUsd, ceilingUsd }: Crossing): string {
  return `the next shot could cost ${dollars(nextUsd)}; this run has committed ${dollars(spentUsd)} of its ${dollars(ceilingUsd)} (--max-cost)`;
}
