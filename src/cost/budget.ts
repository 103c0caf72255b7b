import type { Attempt } from '../domain/attempt.js';
import { sumUsd } from '../domain/money.js';
import { isFree } from '../domain/standing.js';

/**
 * What the attempts count against a budget, in US dollars: each by `countedUsd`. An attempt that has neither a
 * reported cost nor a price counts nothing: see `countUnpriced`.
 */
export function spentUsd(attempts: Iterable<Attempt>): number {
  return sumUsd([...attempts].map((attempt) => countedUsd(attempt) ?? 0));
}

/** How many attempts may have cost an amount that neither the gateway nor the catalogue gives. */
export function countUnpriced(attempts: Iterable<Attempt>): number {
  return [...attempts].filter((attempt) => countedUsd(attempt) === undefined).length;
}

/** Whether an attempt counts at its upper estimate, because no cost is reported. */
export function isEstimated(attempt: Attempt): boolean {
  return mayCost(attempt) && attempt.estimate !== null && reportedUsd(attempt) === undefined;
}

/**
 * What one attempt counts, in US dollars: its reported cost, whatever its outcome, or else its upper estimate. Nothing if it was
 * never accepted, was refused, is known to be free, or is on the sandbox. Undefined if it may have cost an unknown amount.
 */
export function countedUsd(attempt: Attempt): number | undefined {
  return mayCost(attempt) ? paperUsd(attempt) : 0;
}

/** The same by the prices alone, as if the sandbox charged them. */
export function paperUsd(attempt: Attempt): number | undefined {
  return isFree(attempt) ? 0 : (reportedUsd(attempt) ?? attempt.estimate?.max_usd);
}

function mayCost(attempt: Attempt): boolean {
  return attempt.gateway !== 'sandbox' && !isFree(attempt);
}

/** What the gateway says an attempt has cost; undefined if it does not say. */
export function reportedUsd({ state }: Attempt): number | undefined {
  return 'cost_usd' in state ? state.cost_usd : undefined;
}
