import { messageOf } from '../errors.js';
import { journalCorrupt, journalPath, readJournal, type Journal } from './journal.js';
import { readLockfile } from './lockfile.js';
import type { JournalPlace, Lockfile } from './lockfile-text.js';
import { createState, type ShotState, type StateInMemory } from './shot-state.js';

/** The state on disk, as a start finds it. */
interface StateOnDisk {
  readonly state: StateInMemory;
  /** Where the lockfile leaves off; undefined where there is none yet. */
  readonly place: JournalPlace | undefined;
  /** The journal that lies beside it, if one does. */
  readonly journal: { readonly id: string | undefined } | undefined;
  /** The number of the last line in the state, folded or replayed. */
  readonly last: number;
}

/**
 * Reads a project's state without lock and without writing, for `plan` and `status`; a run may be at work.
 * Throws `lockfile-newer`, `lockfile-corrupt`, `journal-corrupt`, `disk` (exit 3 all).
 */
export async function readShotState(lockfile: string): Promise<ShotState> {
  return (await readState(lockfile)).state;
}

/**
 * Reads lockfile and journal, and replays what the lockfile does not hold yet; a run may be at work meanwhile.
 * Throws `lockfile-newer`, `lockfile-corrupt`, `journal-corrupt`, `disk` (exit 3 all).
 */
export async function readState(lockfile: string): Promise<StateOnDisk> {
  const { journal, stored } = await readBoth(lockfile);
  const state = createState(stored);
  const place = stored?.journal;
  const folded = place?.folded ?? 0;
  if (journal === undefined) return { state, place, journal, last: folded };
  const path = journalPath(lockfile);
  if (!belongs(journal, place)) {
    const what = place
      ? 'it does not belong to the lockfile beside it, which is of another day or branch'
      : 'the lockfile that it belongs to is missing';
    throw journalCorrupt({ path, place: 1, what });
  }
  return { state, place, journal, last: replay(journal, { state, folded, path }) };
}

const TRIES = 3;

/**
 * The journal first: should a run fold it in this moment, the lockfile that is read second holds its lines.
 * Only where two folds fall in between do the two not fit, and another look finds those that do.
 */
async function readBoth(
  lockfile: string,
): Promise<{ readonly journal: Journal | undefined; readonly stored: Lockfile | undefined }> {
  for (let tries = 1; ; tries += 1) {
    const journal = await readJournal(journalPath(lockfile));
    const stored = await readLockfile(lockfile);
    if (!journal || belongs(journal, stored?.journal) || tries === TRIES) return { journal, stored };
  }
}

/** A journal goes on from its lockfile, or was folded into it and left lying; one without a first line is empty. */
function belongs({ id }: Journal, place: JournalPlace | undefined): boolean {
  return id === undefined || id === place?.id || id === place?.previous_id;
}

/** Applies the lines that come after those in the lockfile; resolves with the number of the last. */
function replay(
  journal: Journal,
  onto: { readonly state: StateInMemory; readonly folded: number; readonly path: string },
): number {
  const { state, folded, path } = onto;
  let last = folded;
  // The first line is the journal's header.
  let place = 1;
  for (const { number, entry } of journal.entries) {
    place += 1;
    if (number <= folded) continue;
    if (number !== last + 1) {
      throw journalCorrupt({
        path,
        place,
        what: `it has number ${number}, but the lockfile ends with ${last}`,
      });
    }
    try {
      state.apply(entry);
    } catch (error) {
      throw journalCorrupt({ path, place, what: `it does not fit what came before: ${messageOf(error)}` });
    }
    last = number;
  }
  return last;
}
