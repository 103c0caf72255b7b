import type { Attempt } from '../domain/attempt.js';
import type { Catalogue } from '../domain/catalogue.js';
import type { Picks } from '../domain/picks.js';
import { DailiesError } from '../errors.js';
import { advance } from '../shot/advance.js';
import type { AttemptEntry, JournalEntry } from './journal-line.js';

/** The models of one gateway that the shots used at the last purchase. */
export interface CatalogueSnapshot extends Pick<Catalogue, 'models'> {
  readonly gateway: string;
}

/** What is known of a project's shots, read-only. */
export interface ShotState {
  /** In the order of their creation, each in its current state. */
  attempts(): readonly Attempt[];
  /** Throws `internal` on an unknown id. */
  get(id: string): Attempt;
  /** The picked take of each shot that has one. */
  picks(): Picks;
  catalogue(): CatalogueSnapshot | undefined;
}

/** The whole state of a project. */
export interface StateContent {
  /** In the order of their creation. */
  readonly attempts: readonly Attempt[];
  readonly picks: Picks;
  readonly catalogue: CatalogueSnapshot | undefined;
}

/** The state in memory: entries move it on. */
export interface StateInMemory extends ShotState {
  /**
   * Applies an entry; false if it was applied before. Throws `internal` on an entry that does not fit, and then changes
   * nothing.
   */
  apply(entry: JournalEntry): boolean;
  /** Adds attempts in their present state; each replaces the one of the same id. */
  restore(attempts: readonly Attempt[]): void;
  find(id: string): Attempt | undefined;
  /** A new id for an attempt that begins now, sorted after all others. `nowMs` since 1970, `random` in [0, 1). */
  nextId(nowMs: number, random: number): string;
  /** The content at this moment; later changes do not show in it. */
  content(): StateContent;
}

export function createState(initial?: StateContent): StateInMemory {
  let attempts: Attempt[] = [];
  let places = new Map<string, number>();
  let picks = initial?.picks ?? {};
  let catalogue = initial?.catalogue;

  const line = (all: readonly Attempt[]) => {
    attempts = isInOrder(all) ? [...all] : all.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    places = new Map(attempts.map(({ id }, index) => [id, index]));
  };
  line(initial?.attempts ?? []);
  const find = (id: string): Attempt | undefined => attempts[places.get(id) ?? -1];
  const add = (attempt: Attempt) => {
    const last = attempts.at(-1);
    if (last !== undefined && attempt.id < last.id) line([...attempts, attempt]);
    else {
      places.set(attempt.id, attempts.length);
      attempts.push(attempt);
    }
  };
  const put = (attempt: Attempt) => {
    const place = places.get(attempt.id);
    if (place === undefined) add(attempt);
    else attempts[place] = attempt;
    return true;
  };

  return {
    attempts: () => attempts,
    get: (id) => known(id, find(id)),
    find,
    picks: () => picks,
    catalogue: () => catalogue,
    nextId: (nowMs, random) => idAfter(attempts.at(-1)?.id, { nowMs, random }),
    content: () => ({ attempts: [...attempts], picks, catalogue }),
    restore(known) {
      const ids = new Set(known.map(({ id }) => id));
      line([...attempts.filter(({ id }) => !ids.has(id)), ...known]);
    },
    apply(entry) {
      switch (entry.type) {
        case 'picked':
          picks = entry.picks;
          return true;
        case 'catalogued':
          catalogue = entry.catalogue;
          return true;
        default: {
          const after = attemptAfter(find, entry);
          return after !== undefined && put(after);
        }
      }
    },
  };
}

/** The attempt of an entry, with the entry applied; undefined if it was applied before. Throws `internal` if it does not fit. */
export function attemptAfter(
  find: (id: string) => Attempt | undefined,
  entry: Exclude<JournalEntry, { readonly type: 'picked' | 'catalogued' }>,
): Attempt | undefined {
  switch (entry.type) {
    case 'begun':
      return find(entry.id) ? undefined : newAttempt(entry);
    case 'restored':
      return knowsMore(entry.attempt, find(entry.attempt.id)) ? entry.attempt : undefined;
    default: {
      const before = known(entry.id, find(entry.id));
      return entry.step <= before.steps ? undefined : moved(before, entry);
    }
  }
}

function known(id: string, attempt: Attempt | undefined): Attempt {
  if (attempt === undefined) throw new DailiesError('internal', `there is no attempt ${id}`);
  return attempt;
}

/**
 * Whether a record of an attempt knows more than another record of it: only this one has a clip, or a job, or else it followed the
 * attempt farther. True if there is no other record. Steps come last, because two machines that wait for one job count their own.
 */
export function knowsMore(one: Attempt, other: Attempt | undefined): boolean {
  if (!other) return true;
  const [mine, others] = [certaintyOf(one), certaintyOf(other)];
  return mine === others ? one.steps > other.steps : mine > others;
}

/** What no event takes back. */
function certaintyOf({ state }: Attempt): number {
  if (!('job' in state)) return 0;
  return state.kind === 'delivered' || state.kind === 'abandoned' ? 2 : 1;
}

/** An attempt with one more entry applied. Throws `internal` if the entry is impossible. */
function moved(before: Attempt, entry: AttemptEntry): Attempt {
  const steps = entry.step;
  switch (entry.type) {
    case 'assigned':
      return { ...before, owner: entry.owner, steps };
    case 'named': {
      const { names: _, ...rest } = before;
      return entry.names.length === 0 ? { ...rest, steps } : { ...rest, steps, names: entry.names };
    }
    default:
      return { ...advance(before, entry), steps };
  }
}

/** The attempt that an entry begins. */
function newAttempt(begun: Extract<JournalEntry, { readonly type: 'begun' }>): Attempt {
  const { type: _, at, ...order } = begun;
  return { ...order, state: { kind: 'planned', since: at }, steps: 0, times: { created: Date.parse(at) } };
}

const TIME_DIGITS = 9;
const RANDOM_DIGITS = 6;

/** An id after the newest one: milliseconds in base 36, which sort as texts until the year 5188, and six random digits. */
export function idAfter(
  newest: string | undefined,
  { nowMs, random }: { readonly nowMs: number; readonly random: number },
): string {
  const digits = (value: number, count: number) => Math.floor(value).toString(36).padStart(count, '0');
  const chance = digits(random * 36 ** RANDOM_DIGITS, RANDOM_DIGITS);
  const id = digits(nowMs, TIME_DIGITS) + chance;
  if (newest === undefined || id > newest) return id;
  // If the clock was set back, or the two share a millisecond, the newest known time decides.
  return digits(parseInt(newest.slice(0, TIME_DIGITS), 36) + 1, TIME_DIGITS) + chance;
}

function isInOrder(attempts: readonly Attempt[]): boolean {
  return attempts.every(({ id }, index) => index === 0 || (attempts[index - 1]?.id ?? '') < id);
}
