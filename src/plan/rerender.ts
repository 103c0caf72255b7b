import { createHash } from 'node:crypto';
import type { Attempt, RerenderMark } from '../domain/attempt.js';
import { isDelivered } from '../domain/standing.js';
import { slotKey } from './graph.js';

/** The takes of `--rerender`: a set to buy again, each once, in any number of runs. */
export interface Rerender {
  /** The takes still to be bought again, as slot keys. */
  readonly open: ReadonlySet<string>;
  /** The whole set; each purchase for one of its takes has the mark. */
  readonly all: ReadonlySet<string>;
  readonly mark: RerenderMark;
}

/**
 * Continues the recorded set of these takes, or starts a new one if there is none, or the last one was
 * completely delivered. `attempts` in the order of their ids.
 */
export function rerenderOf(slots: Iterable<string>, attempts: readonly Attempt[]): Rerender {
  const takes = [...new Set(slots)].sort();
  const all = new Set(takes);
  const set = createHash('sha256').update(takes.join('\n')).digest('hex').slice(0, 16);
  const marks = attempts.flatMap(({ rerender }) => (rerender?.set === set ? [rerender] : []));
  const last = marks.reduce<string | undefined>(
    (newest, { since }) => (newest === undefined || since > newest ? since : newest),
    undefined,
  );
  if (last === undefined || marks.some(({ since, done }) => since === last && done)) {
    return { open: all, all, mark: { set, since: attempts.at(-1)?.id ?? '', takes } };
  }
  const made = deliveredAfter(last, attempts);
  return {
    open: new Set(takes.filter((slot) => !made.has(slot))),
    all,
    mark: { set, since: last, takes },
  };
}

/** The attempts that represent the sets whose takes have all been bought again: those sets are done. */
export function doneRerenders(attempts: readonly Attempt[]): Attempt[] {
  return attempts.filter(({ rerender }) => {
    if (!rerender?.takes || rerender.done) return false;
    const made = deliveredAfter(rerender.since, attempts);
    return rerender.takes.every((slot) => made.has(slot));
  });
}

function deliveredAfter(id: string, attempts: readonly Attempt[]): ReadonlySet<string> {
  const later = attempts.filter((attempt) => attempt.id > id && isDelivered(attempt));
  return new Set(later.map(({ owner }) => slotKey(owner)));
}
