import { messageOf } from '../errors.js';
import { journalCorrupt, journalPath, readJournal, type Journal } from './journal.js';
import { readLockfile } from './lockfile.js';
import type { JournalPlace, Lockfile } from './lockfile-text.js';
import { createState, type StateInMemory } from './shot-state.js';

/** The state on disk, as a start finds it. */
interface StateOnDisk {
  readonly state: StateInMemory;
  /** Where the lockfile leaves off; undefined where there is none yet. */
  readonly place: JournalPlace | undefined;
  /** The number of the last line in the state, folded or replayed. */
  readonly last: number;
  /** Whether there is a journal, and whether it holds anything that the lockfile does not. */
  readonly journal: 'none' | 'folded' | 'unfolded';
}

/**
 * Reads lockfile and journal, and replays what the lockfile does not hold yet; a run may be at work meanwhile.
 * Throws `lockfile-newer`, `lockfile-corrupt`, `journal-corrupt`, `disk` (exit 3 all).
 */
export async function readState(lockfile: string): Promise<StateOnDisk> {
  const path = journalPath(lockfile);
  const { journal, stored } = await readBoth(lockfile);
  const state = createState(stored);
  const place = stored?.journal;
  const folded = place?.folded ?? 0;
  if (journal === undefined) return { state, place, last: folded, journal: 'none' };
  if (journal.id !== undefined && journal.id === place?.previous_id) {
    return { state, place, last: folded, journal: 'folded' };
  }
  if (journal.id !== undefined && journal.id !== place?.id) {
    const what = place
      ? 'it does not belong to the lockfile beside it, which is of another day or branch'
      : 'the lockfile that it belongs to is missing';
    throw journalCorrupt({ path, place: 1, what });
  }
  const last = replay(journal, { state, folded, path });
  return { state, place, last, journal: last === folded ? 'folded' : 'unfolded' };
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
    const known = [undefined, stored?.journal.id, stored?.journal.previous_id];
    if (known.includes(journal?.id) || tries === TRIES) return { journal, stored };
  }
}

function replay(
  journal: Journal,
  onto: { readonly state: StateInMemory; readonly folded: number; readonly path: string },
): number {
  const { state, folded, path } = onto;
  let last = folded;
  for (const { number, entry } of journal.entries) {
    // The first line is the journal's header.
    const place = number - folded + 1;
    if (number !== last + 1) {
      throw journalCorrupt({
        path,
        place: 2,
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
