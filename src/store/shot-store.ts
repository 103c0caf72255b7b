import { rm, stat } from 'node:fs/promises';
import { isoNow, type Clock } from '../clock.js';
import type { Attempt, AttemptEvent, RecordedRequest } from '../domain/attempt.js';
import type { Estimate } from '../domain/money.js';
import type { TakeRef } from '../domain/take.js';
import { DailiesError } from '../errors.js';
import type { CatalogueSnapshot } from './catalogue-snapshot.js';
import { diskError } from '../disk-error.js';
import { journalPath } from './journal.js';
import type { JournalEntry } from './journal-line.js';
import { nextPlace, writeLockfile } from './lockfile.js';
import { readState } from './read-state.js';
import { acquireRunLock, type RunLock } from './run-lock.js';
import type { ShotState, StateInMemory } from './shot-state.js';
import { createWriteAhead, type WriteAhead } from './write-ahead.js';

/** All that a project has bought and is buying, kept on disk: the one interface between the flow and its state. */
export interface ShotStore extends ShotState {
  /** Begins an attempt in state `planned`. It is on the disk together with what happens to it next. */
  begin(order: {
    readonly owner: TakeRef;
    readonly fingerprint: string;
    readonly request: RecordedRequest;
    readonly gateway: string;
    readonly estimate: Estimate | null;
    /** ISO 8601, UTC. */
    readonly at: string;
  }): Attempt;
  /**
   * Moves an attempt. Memory changes at once; resolves with its new state when that is on the disk, fsynced
   * where money hangs on it. Rejects with `internal` on an illegal move, which changes nothing, and with `disk`
   * or `locked-by-another-run` where the line could not be written. From the first such failure on every
   * `submit_started` is rejected and leaves its attempt `planned`: what was not written down is not bought.
   * Other events stay in memory, and are tried again with the next ones and on `close`.
   */
  apply(id: string, event: AttemptEvent): Promise<Attempt>;
  /** Gives an attempt another owner: its shot was renamed, or another take claims it. */
  assign(id: string, owner: TakeRef): Promise<void>;
  /** Takes in an attempt known from a sidecar. */
  adopt(attempt: Omit<Attempt, 'id'>): Promise<Attempt>;
  setPicks(picks: Readonly<Record<string, number>>): Promise<void>;
  setCatalogue(snapshot: CatalogueSnapshot): Promise<void>;
  /** Folds the journal into the lockfile and lets the next run in, whether or not that worked. */
  close(): Promise<void>;
}

const FOLD_FLOOR_BYTES = 1_000_000;

/**
 * Opens a project's state for writing: takes the run lock, replays the journal that a killed run left,
 * drops its torn tail, and folds it before anything is appended.
 * Throws `locked-by-another-run`, `lockfile-newer`, `lockfile-corrupt`, `journal-corrupt`, `disk` (exit 3 all).
 */
export async function openShotStore(options: {
  readonly lockfile: string;
  readonly project: string;
  readonly clock: Clock;
  /** Up to this size a journal is not folded before the end of the run; 1 MB by default. */
  readonly foldFloorBytes?: number;
}): Promise<ShotStore> {
  const { lockfile, project, clock } = options;
  const lock = await acquireRunLock({ lockfile, clock });
  try {
    const { state, onDisk } = await recover(lockfile, project);
    const { foldFloorBytes = FOLD_FLOOR_BYTES } = options;
    const ahead = createWriteAhead({ lockfile, project, state, lock, onDisk, foldFloorBytes });
    return createStore({ project, clock, state, ahead, lock });
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Reads the state, and makes an end of the journal that a killed run has left. */
async function recover(lockfile: string, project: string) {
  const { state, place, last, journal } = await readState(lockfile);
  if (last === (place?.folded ?? 0)) {
    if (journal) await removeJournal(lockfile);
    return { state, onDisk: place && { place, bytes: await sizeOf(lockfile) } };
  }
  const onwards = nextPlace(last, journal?.id);
  const bytes = await writeLockfile(lockfile, { ...state.content(project), journal: onwards });
  await removeJournal(lockfile);
  return { state, onDisk: { place: onwards, bytes } };
}

async function removeJournal(lockfile: string): Promise<void> {
  const path = journalPath(lockfile);
  try {
    await rm(path, { force: true });
  } catch (cause) {
    throw diskError({ path, doing: 'removed', cause });
  }
}

async function sizeOf(lockfile: string): Promise<number> {
  try {
    return (await stat(lockfile)).size;
  } catch (cause) {
    throw diskError({ path: lockfile, doing: 'read', cause });
  }
}

function createStore(parts: {
  readonly project: string;
  readonly clock: Clock;
  readonly state: StateInMemory;
  readonly ahead: WriteAhead;
  readonly lock: RunLock;
}): ShotStore {
  const { project, clock, state, ahead, lock } = parts;
  let isClosed = false;

  const assertOpen = () => {
    if (isClosed) throw new DailiesError('internal', 'the shot store is closed');
  };
  const commit = async (entry: JournalEntry, undo?: JournalEntry) => {
    assertOpen();
    await ahead.commit(entry, undo);
  };

  return {
    project,
    attempts: () => state.attempts(),
    get: (id) => state.get(id),
    picks: () => state.picks(),
    catalogue: () => state.catalogue(),
    begin(order) {
      assertOpen();
      const id = state.nextId();
      ahead.note({ type: 'begun', id, ...order });
      return state.get(id);
    },
    async apply(id, event) {
      // An unknown id ends it here, before there is a promise that nobody awaits.
      state.get(id);
      const isIntent = event.type === 'submit_started';
      const failure = ahead.failure();
      if (isIntent && failure) throw failure;
      const moved = commit({ id, ...event }, isIntent ? notSent(id, isoNow(clock)) : undefined);
      const attempt = state.get(id);
      await moved;
      return attempt;
    },
    assign: (id, owner) => commit({ type: 'assigned', id, owner }),
    async adopt(known) {
      const attempt = { ...known, id: state.nextId() };
      await commit({ type: 'adopted', attempt });
      return attempt;
    },
    setPicks: (picks) => commit({ type: 'picked', picks }),
    setCatalogue: (catalogue) => commit({ type: 'catalogued', catalogue }),
    async close() {
      if (isClosed) return;
      isClosed = true;
      try {
        await ahead.close();
      } finally {
        await lock.release();
      }
    },
  };
}

/** What takes an intent back that did not get to the disk: nothing was sent, and the attempt is free again. */
function notSent(id: string, at: string): JournalEntry {
  const message = 'the intent to submit could not be written down, so nothing was sent';
  return { id, type: 'not_accepted', at, message };
}
