import { createHash } from 'node:crypto';
import type { Attempt, RerenderMark } from '../domain/attempt.js';
import { isDelivered } from '../domain/standing.js';
import { slotKey } from './graph.js';

/** What `--rerender` asks for: a set of takes to be made again, each once, however many runs that takes. */
export interface Rerender {
  /** What is still to be made again, as slot keys. */
  readonly open: ReadonlySet<string>;
  /** The whole set; each purchase for one of it has the mark. */
  readonly all: ReadonlySet<string>;
  readonly mark: RerenderMark;
}

/**
 * Goes on with the set of these takes that is on record, or begins a new one if there is none, or the last one was
 * delivered to its end. `attempts` in the order of their ids.
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

/** The attempts that stand for sets all of whose takes have been made again by now: those sets are done. */
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
