import { messageOf } from '../errors.js';
import { journalCorrupt, journalPath, readJournal } from './journal.js';
import type { NumberedEntry } from './journal-line.js';
import { readLockfile } from './lockfile.js';
import { createState, type StateInMemory } from './shot-state.js';

/** The state on disk, as a start finds it. */
export interface StateOnDisk {
  readonly state: StateInMemory;
  /** The number of the last journal line in it, folded or replayed. */
  readonly last: number;
  readonly hasJournal: boolean;
}

/**
 * Reads lockfile and journal, and replays what the lockfile does not hold yet; a run may be at work meanwhile.
 * Throws `lockfile-newer`, `lockfile-corrupt`, `journal-corrupt`, `disk` (exit 3 all).
 */
export async function readState(lockfile: string): Promise<StateOnDisk> {
  // The journal first: should a run fold it in this moment, the lockfile that is read second holds its lines.
  const journal = await readJournal(journalPath(lockfile));
  const stored = await readLockfile(lockfile);
  const state = createState(stored);
  const last = replay(journal ?? [], { state, folded: stored?.folded ?? 0, path: journalPath(lockfile) });
  return { state, last, hasJournal: journal !== undefined };
}

function replay(
  journal: Iterable<NumberedEntry>,
  onto: { readonly state: StateInMemory; readonly folded: number; readonly path: string },
): number {
  const { state, folded, path } = onto;
  let last = folded;
  let place = 0;
  for (const { number, entry } of journal) {
    place += 1;
    if (number <= folded) continue;
    if (number !== last + 1) {
      const what = `it has number ${number}, but the lockfile ends with ${last}: the two do not belong together`;
      throw journalCorrupt({ path, place, what });
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
