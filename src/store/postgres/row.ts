import { countedUsd } from '../../cost/budget.js';
import type { Attempt } from '../../domain/attempt.js';
import { isRecord } from '../../domain/is-record.js';
import { DailiesError } from '../../errors.js';
import { attemptProblem } from '../lockfile-problem.js';

/**
 * The part of an attempt that a step may change. The database keeps it apart, so that a step writes no more than that, and as the text
 * that was sent: fields that do not change come last.
 */
function movingOf({ owner, state, times, steps, names, rerender, callback }: Attempt): string {
  const newestFirst = Object.fromEntries(Object.entries(times).reverse());
  return JSON.stringify({ steps, state, times: newestFirst, names, rerender, callback, owner });
}

/** The part of an attempt that never changes, without what has a column of its own. */
function fixedOf({ request, estimate, replaces }: Attempt) {
  return { request, estimate, replaces };
}

/** A step of an attempt as the database's functions take it: `before` is the newest step that the database is known to have. */
export function stepOf(attempt: Attempt, before: number) {
  const { id, steps, state } = attempt;
  return {
    ...{ id, before, steps, state: state.kind, jobId: 'job' in state ? state.job.id : undefined },
    ...{ countedNano: countedNano(attempt), moving: movingOf(attempt) },
  };
}

/** A whole attempt as the database's functions take it. `copy` null: the attempt serves no wish of a plan. */
export function wholeOf(attempt: Attempt, before: number, copy: number | null) {
  const { fingerprint, gateway, replaces, callback } = attempt;
  const fixed = fixedOf(attempt);
  return { ...stepOf(attempt, before), fingerprint, gateway, replaces, callback, copy, fixed };
}

/** What an attempt counts against ceilings, billionths of a US dollar; null if the cost is unknown. */
function countedNano(attempt: Attempt): number | null {
  const usd = countedUsd(attempt);
  return usd === undefined ? null : nanoOf(usd);
}

export function nanoOf(usd: number): number {
  return Math.round(usd * 1e9);
}

/**
 * Reads an attempt from a document of the database. Other users may have written anything: throws `store-refused` if it is not an
 * attempt.
 */
export function attemptIn(value: unknown): Attempt {
  const plain = withoutNulls(value);
  const problem = attemptProblem(plain);
  if (problem === undefined) return plain as Attempt;
  throw new DailiesError('store-refused', `the store has an invalid attempt: ${problem}`, {
    hint: 'something else wrote to its tables: check the row, and who may write there',
  });
}

/** Absent fields of the two parts are left out; a model without a price has null for it. */
function withoutNulls(value: unknown): unknown {
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([name, part]) => part !== null || name === 'estimate'),
  );
}
