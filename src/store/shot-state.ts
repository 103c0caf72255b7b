import type { Attempt } from '../domain/attempt.js';
import type { Catalogue } from '../domain/catalogue.js';
import type { Picks } from '../domain/picks.js';
import { DailiesError } from '../errors.js';
import { advance } from '../shot/advance.js';
import type { AttemptEntry, JournalEntry } from './journal-line.js';

/** The models of one gateway, as far as the shots used them when something was last bought. */
export interface CatalogueSnapshot extends Pick<Catalogue, 'models'> {
  readonly gateway: string;
}

/** What is known of a project's shots, for those who only read. */
export interface ShotState {
  /** In the order of their creation, each in its current state. */
  attempts(): readonly Attempt[];
  /** Throws `internal` on an id that nobody gave out. */
  get(id: string): Attempt;
  /** The picked take of each shot that has one. */
  picks(): Picks;
  catalogue(): CatalogueSnapshot | undefined;
}

/** All that a project's state consists of. */
export interface StateContent {
  /** In the order of their creation. */
  readonly attempts: readonly Attempt[];
  readonly picks: Picks;
  readonly catalogue: CatalogueSnapshot | undefined;
}

/** The state in memory: moved on by one entry after the other. */
export interface StateInMemory extends ShotState {
  /**
   * Takes an entry in; false if it was taken in before. Throws `internal` on an entry that does not fit, and changes
   * nothing then.
   */
  apply(entry: JournalEntry): boolean;
  /** Takes in attempts as they stand, in the place of those of the same ids. */
  restore(attempts: readonly Attempt[]): void;
  find(id: string): Attempt | undefined;
  /** An id for an attempt that is begun now: unlike all others, and sorted after them. `nowMs` since 1970, `random` in [0, 1). */
  nextId(nowMs: number, random: number): string;
  /** What it is at this moment; later changes do not show in it. */
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

/** The attempt that an entry is about, after it; undefined if that is known. Throws `internal` if the entry does not fit. */
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
 * Whether a record of an attempt knows more than another of the same, where there is another: it tells of a clip, or of a job,
 * of which the other does not, or else it has followed the attempt farther. Two machines that each wait for one job count steps of their own.
 */
export function knowsMore(one: Attempt, other: Attempt | undefined): boolean {
  if (!other) return true;
  const [mine, others] = [certaintyOf(one), certaintyOf(other)];
  return mine === others ? one.steps > other.steps : mine > others;
}

/** No event takes it back. */
function certaintyOf({ state }: Attempt): number {
  if (!('job' in state)) return 0;
  return state.kind === 'delivered' || state.kind === 'abandoned' ? 2 : 1;
}

/** An attempt after one more thing has happened to it. Throws `internal` if that cannot be. */
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

/** An id after the newest one: milliseconds in base 36, which sort as texts until the year 5188, and six digits by chance. */
export function idAfter(
  newest: string | undefined,
  { nowMs, random }: { readonly nowMs: number; readonly random: number },
): string {
  const digits = (value: number, count: number) => Math.floor(value).toString(36).padStart(count, '0');
  const chance = digits(random * 36 ** RANDOM_DIGITS, RANDOM_DIGITS);
  const id = digits(nowMs, TIME_DIGITS) + chance;
  if (newest === undefined || id > newest) return id;
  // The clock was set back, or the two share a millisecond: the newest known time decides.
  return digits(parseInt(newest.slice(0, TIME_DIGITS), 36) + 1, TIME_DIGITS) + chance;
}

function isInOrder(attempts: readonly Attempt[]): boolean {
  return attempts.every(({ id }, index) => index === 0 || (attempts[index - 1]?.id ?? '') < id);
}
