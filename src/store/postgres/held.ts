import type { Attempt } from '../../domain/attempt.js';
import { DailiesError } from '../../errors.js';
import type { Change } from '../journal-line.js';
import { attemptAfter } from '../shot-state.js';

/** An attempt in memory, and how many of its steps the database has. */
export interface Held {
  attempt: Attempt;
  /** The newest step that the database has for certain. */
  stored: number;
  /** The id under which its submit was sent, if this process has sent it. */
  sender: string | undefined;
  /** Its project, and the order and the batch that it was begun for, if they are known. */
  work:
    | {
        readonly project: string;
        readonly order: string | undefined;
        readonly batch: string | undefined;
        readonly account: string | undefined;
      }
    | undefined;
  /** Its writes, one after the other. */
  writes: Promise<unknown>;
}

/** The attempts that a process knows of. */
export interface HeldAttempts {
  all(): readonly Attempt[];
  find(id: string): Held | undefined;
  /** The attempt that was sent with a token. */
  sentWith(token: string): Attempt | undefined;
  /** Throws `internal` on an unknown id. */
  get(id: string): Held;
  /** Takes in an attempt as the database has it. */
  learn(attempt: Attempt, work?: Held['work']): Held;
  /** Applies an event to an attempt in memory. Throws `internal` on an event that its state does not allow. */
  move(held: Held, change: Change): Attempt;
  forget(id: string): void;
}

export function createHeldAttempts(): HeldAttempts {
  const held = new Map<string, Held>();
  let sorted: Attempt[] | undefined;
  const find = (id: string) => held.get(id);
  return {
    all: () =>
      (sorted ??= [...held.values()]
        .map(({ attempt }) => attempt)
        .sort((one, other) => (one.id < other.id ? -1 : 1))),
    find,
    sentWith(token) {
      for (const { attempt } of held.values()) if (attempt.callback === token) return attempt;
      return undefined;
    },
    get(id) {
      const found = find(id);
      if (found) return found;
      throw new DailiesError('internal', `there is no attempt ${id}`);
    },
    learn(attempt, work) {
      sorted = undefined;
      const before = find(attempt.id);
      const known = { attempt, stored: attempt.steps, sender: before?.sender, writes: Promise.resolve() };
      const next = before
        ? Object.assign(before, { attempt, stored: attempt.steps, work: work ?? before.work })
        : { ...known, work };
      held.set(attempt.id, next);
      return next;
    },
    move(one, change) {
      const { attempt } = one;
      const entry = { id: attempt.id, step: attempt.steps + 1, ...change };
      const after = attemptAfter(() => attempt, entry);
      if (!after) throw new DailiesError('internal', `attempt ${attempt.id} has already moved on`);
      sorted = undefined;
      one.attempt = after;
      return after;
    },
    forget(id) {
      sorted = undefined;
      held.delete(id);
    },
  };
}
