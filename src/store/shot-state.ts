import type { Attempt } from '../domain/attempt.js';
import { DailiesError } from '../errors.js';
import { advance } from '../shot/advance.js';
import type { CatalogueSnapshot } from './catalogue-snapshot.js';
import type { JournalEntry } from './journal-line.js';

/** What is known of a project's shots, for those who only read. */
export interface ShotState {
  /** The project's name as the lockfile has it; undefined where there is no lockfile yet. */
  readonly project: string | undefined;
  /** In the order of their creation, each in its current state. */
  attempts(): readonly Attempt[];
  /** Throws `internal` on an id that nobody gave out. */
  get(id: string): Attempt;
  /** The picked take of each shot that has one. */
  picks(): Readonly<Record<string, number>>;
  catalogue(): CatalogueSnapshot | undefined;
}

/** All that a lockfile holds beyond its place in the journal. */
export interface StateContent {
  readonly project: string;
  /** In the order of their creation. */
  readonly attempts: readonly Attempt[];
  readonly picks: Readonly<Record<string, number>>;
  readonly catalogue: CatalogueSnapshot | undefined;
}

/** The state in memory: the lockfile's content, moved on by one journal entry after the other. */
export interface StateInMemory extends ShotState {
  /** Throws `internal` on an entry that does not fit, and changes nothing then. */
  apply(entry: JournalEntry): void;
  /** The id of the next attempt to be begun. */
  nextId(): string;
  /** What it is at this moment; later changes do not show in it. */
  content(project: string): StateContent;
}

export function createState(initial?: StateContent): StateInMemory {
  const attempts: Attempt[] = [...(initial?.attempts ?? [])];
  const places = new Map(attempts.map((attempt, index) => [attempt.id, index]));
  let highestId = Number(attempts.at(-1)?.id ?? 0);
  let picks = initial?.picks ?? {};
  let catalogue = initial?.catalogue;

  const placeOf = (id: string): number => {
    const place = places.get(id);
    if (place === undefined) throw unfit(`there is no attempt ${id}`);
    return place;
  };
  const get = (id: string): Attempt => {
    const attempt = attempts[placeOf(id)];
    if (attempt === undefined) throw unfit(`there is no attempt ${id}`);
    return attempt;
  };
  const add = (attempt: Attempt) => {
    // Ids count upwards, so that the order of creation is the order of ids, in the lockfile too.
    if (!(Number(attempt.id) > highestId)) throw unfit(`attempt ${attempt.id} follows attempt ${highestId}`);
    highestId = Number(attempt.id);
    places.set(attempt.id, attempts.length);
    attempts.push(attempt);
  };

  return {
    project: initial?.project,
    attempts: () => attempts,
    get,
    picks: () => picks,
    catalogue: () => catalogue,
    nextId: () => String(highestId + 1),
    content: (project) => ({ project, attempts: [...attempts], picks, catalogue }),
    apply(entry) {
      switch (entry.type) {
        case 'begun':
          add(newAttempt(entry));
          break;
        case 'adopted':
          add(entry.attempt);
          break;
        case 'assigned':
          attempts[placeOf(entry.id)] = { ...get(entry.id), owner: entry.owner };
          break;
        case 'picked':
          picks = entry.picks;
          break;
        case 'catalogued':
          catalogue = entry.catalogue;
          break;
        default:
          attempts[placeOf(entry.id)] = advance(get(entry.id), entry);
      }
    },
  };
}

function newAttempt(begun: Extract<JournalEntry, { readonly type: 'begun' }>): Attempt {
  const { type: _, at, ...order } = begun;
  return { ...order, state: { kind: 'planned', since: at }, times: { created: Date.parse(at) } };
}

function unfit(message: string): DailiesError {
  return new DailiesError('internal', message);
}
