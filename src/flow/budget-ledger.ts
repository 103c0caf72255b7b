import { countedUsd, countEstimated, countUnpriced, spentUsd as sumCounted } from '../cost/budget.js';
import type { Attempt } from '../domain/attempt.js';
import { dollars, roundUsd, type Estimate } from '../domain/money.js';
import type { Spent } from '../events.js';

/** Keeps count of money while a run spends it, so that no submit can cross a ceiling. US dollars. */
export interface BudgetLedger {
  /** All that counts against the project's budget now. */
  readonly spentUsd: number;
  /** The same for onlookers, with what is not certain of it. */
  readonly spent: Spent;
  /** What this run's own submits count. */
  readonly runUsd: number;
  /** How many of this run's submits count nothing because nobody knows what they cost. */
  readonly runUnpriced: number;
  /** Why a submit with this estimate may not happen; undefined where it may. An unpriced one is let through here. */
  objection(estimate: Estimate | null): string | undefined;
  /** An attempt has changed: what it counted before is taken off, what it counts now is added. */
  update(before: Attempt, after: Attempt): void;
  /** The attempt was begun by this run, and so counts against `--max-cost`. */
  own(attempt: Attempt): void;
}

/** `attempts` are the lockfile's when the run begins: what they count is spent (see cost/budget.ts). */
export function createBudgetLedger(ceilings: {
  readonly attempts: readonly Attempt[];
  readonly budgetUsd?: number | undefined;
  readonly maxCostUsd?: number | undefined;
}): BudgetLedger {
  const owned = new Set<string>();
  let spentUsd = sumCounted(ceilings.attempts);
  let spentEstimated = countEstimated(ceilings.attempts);
  let spentUnpriced = countUnpriced(ceilings.attempts);
  let runUsd = 0;
  let runUnpriced = 0;
  return {
    get spentUsd() {
      return spentUsd;
    },
    get spent() {
      return { spent_usd: spentUsd, spent_estimated: spentEstimated, spent_unpriced: spentUnpriced };
    },
    get runUsd() {
      return runUsd;
    },
    get runUnpriced() {
      return runUnpriced;
    },
    objection(estimate) {
      const nextUsd = estimate?.max_usd ?? 0;
      const { budgetUsd, maxCostUsd } = ceilings;
      if (budgetUsd !== undefined && roundUsd(spentUsd + nextUsd) > budgetUsd)
        return `the next shot could cost ${dollars(nextUsd)}; ${dollars(spentUsd)} of the budget of ${dollars(budgetUsd)} are spent or committed`;
      if (maxCostUsd !== undefined && roundUsd(runUsd + nextUsd) > maxCostUsd)
        return `the next shot could cost ${dollars(nextUsd)}; this run has committed ${dollars(runUsd)} of its ${dollars(maxCostUsd)} (--max-cost)`;
      return undefined;
    },
    update(before, after) {
      const changeUsd = roundUsd((countedUsd(after) ?? 0) - (countedUsd(before) ?? 0));
      const unpricedChange = countUnpriced([after]) - countUnpriced([before]);
      spentUsd = roundUsd(spentUsd + changeUsd);
      spentEstimated += countEstimated([after]) - countEstimated([before]);
      spentUnpriced += unpricedChange;
      if (!owned.has(after.id)) return;
      runUsd = roundUsd(runUsd + changeUsd);
      runUnpriced += unpricedChange;
    },
    own(attempt) {
      owned.add(attempt.id);
    },
  };
}
