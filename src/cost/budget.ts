import type { Attempt } from '../domain/attempt.js';
import { isFree } from '../domain/standing.js';
import { sumUsd } from '../domain/money.js';

/**
 * What the attempts count against a budget, in US dollars: each by `countedUsd`. An attempt that has neither a
 * reported cost nor a price counts nothing: see `countUnpriced`.
 */
export function spentUsd(attempts: Iterable<Attempt>): number {
  const counted: number[] = [];
  for (const attempt of attempts) counted.push(countedUsd(attempt) ?? 0);
  return sumUsd(counted);
}

/** How many attempts may have cost money of which neither the gateway nor the catalogue says how much. */
export function countUnpriced(attempts: Iterable<Attempt>): number {
  let count = 0;
  for (const attempt of attempts) if (countedUsd(attempt) === undefined) count++;
  return count;
}

/**
 * What one attempt counts, in US dollars: its reported cost, whatever became of it, or its upper estimate where
 * none is reported; nothing where it was never accepted, refused, or is known not to have been charged, and
 * nothing on the sandbox. Undefined where it may have cost something and nobody knows how much.
 */
export function countedUsd(attempt: Attempt): number | undefined {
  if (attempt.gateway === 'sandbox') return 0;
  const { state } = attempt;
  if (isFree(attempt)) return 0;
  const reportedUsd = 'cost_usd' in state ? state.cost_usd : undefined;
  return reportedUsd ?? attempt.estimate?.max_usd;
}
