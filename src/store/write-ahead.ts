import { setImmediate as nextTurn } from 'node:timers/promises';
import { DailiesError } from '../errors.js';
import { diskError } from '../disk-error.js';
import { journalPath } from './journal.js';
import { JournalFile } from './journal-file.js';
import { encodeLine, isMoney, type JournalEntry } from './journal-line.js';
import { nextPlace, writeLockfile } from './lockfile.js';
import type { JournalPlace } from './lockfile-text.js';
import type { RunLock } from './run-lock.js';
import type { StateInMemory } from './shot-state.js';

/**
 * The way of every change: into memory at once, then onto the disk. Lines that come while others are being
 * written go out together in the next write, with one fsync where money is among them. From time to time
 * the journal is folded into the lockfile; lines that wait meanwhile are on the disk with it.
 */
export interface WriteAhead {
  /** Changes memory, and leaves the line for the next `commit`. Throws `internal` where it does not fit. */
  note(entry: JournalEntry): void;
  /**
   * Changes memory at once; resolves when the line, and all before it, are on the disk: beyond a power cut where
   * it is about money. Rejects with `internal` where it does not fit (nothing is changed), with `disk` or
   * `locked-by-another-run` where it could not be written (memory is changed, and the line is tried again
   * together with the next ones and on `close`). Where `undo` is given, it takes the refused entry back.
   */
  commit(entry: JournalEntry, undo?: JournalEntry): Promise<void>;
  /** The first failure to write, if there was one: from then on no intent is to be trusted to the disk. */
  failure(): DailiesError | undefined;
  /** Folds what is not in the lockfile yet. Rejects with `disk`, naming the jobs that are not on the disk. */
  close(): Promise<void>;
}

interface Line {
  readonly text: string;
  readonly isMoney: boolean;
  /** The gateway's job that only this line knows. */
  readonly jobId: string | undefined;
  readonly undo: JournalEntry | undefined;
  readonly resolve: () => void;
  readonly reject: (error: DailiesError) => void;
}

/** What a fold adds to the layout: indent and line breaks make the lockfile half as long again as its JSON. */
const LAYOUT_FACTOR = 1.5;
/**
 * A fold pays when the journal is this much longer than the lockfile that would replace it. The journal of an
 * ordinary life is about as long as its lockfile, and so a first run folds at its end alone: the bytes
 * written for each attempt do not grow with their number. Lives of many turns are folded on the way.
 */
const FOLD_FACTOR = 2;

export function createWriteAhead(options: {
  readonly lockfile: string;
  readonly project: string;
  readonly state: StateInMemory;
  readonly lock: RunLock;
  /** What the lockfile says of the journal, and its size; undefined where there is no lockfile yet. */
  readonly onDisk: { readonly place: JournalPlace; readonly bytes: number } | undefined;
  readonly foldFloorBytes: number;
}): WriteAhead {
  const { lockfile, project, state, lock } = options;
  let { onDisk } = options;
  let journal = onDisk && new JournalFile(journalPath(lockfile), onDisk.place.id);
  let lastNumber = onDisk?.place.folded ?? 0;
  /** Bytes of the lines since the fold that make the lockfile longer. */
  let grownBytes = 0;
  let foldFloorBytes = options.foldFloorBytes;
  let failure: DailiesError | undefined;
  const jobsNotKept = new Set<string>();

  const queue: Line[] = [];
  let isPumping = false;
  let pumped: Promise<void> = Promise.resolve();

  function record(entry: JournalEntry, rest: Pick<Line, 'undo' | 'resolve' | 'reject'>): void {
    const text = encodeLine({ number: lastNumber + 1, entry });
    state.apply(entry);
    lastNumber += 1;
    if (GROWING.has(entry.type)) grownBytes += text.length;
    queue.push({ text, isMoney: isMoney(entry), jobId: jobIn(entry), ...rest });
  }

  async function pump(): Promise<void> {
    for (;;) {
      // Not at once: what else happens in this turn goes out in the same write, and costs no fsync of its own.
      await nextTurn();
      const batch = queue.splice(0);
      if (batch.length === 0) break;
      try {
        await putOnDisk(batch);
        jobsNotKept.clear();
        for (const line of batch) line.resolve();
        if (hasOutgrown()) await foldOrPostpone();
      } catch (error) {
        refuse(batch, error);
      }
    }
    isPumping = false;
  }

  async function putOnDisk(batch: readonly Line[]): Promise<void> {
    assertHeld();
    // With no lockfile yet, or no journal any more, the state can only be written whole.
    if (journal === undefined || journal.isGone) {
      await fold();
      return;
    }
    try {
      await journal.append(
        batch.map((line) => line.text).join(''),
        batch.some((line) => line.isMoney),
      );
    } catch (cause) {
      throw diskError({ path: journalPath(lockfile), doing: 'written', cause });
    }
  }

  /** A run whose lock was forced from it must not write: another may be at work on the same files. */
  function assertHeld(): void {
    if (lock.isHeld()) return;
    throw new DailiesError('locked-by-another-run', 'the lock of this run was removed while it was on', {
      hint: 'another run may be at work on this project: nothing more is written here',
    });
  }

  /** Writes the lockfile from memory. It then holds all lines so far, those that still wait included. */
  async function fold(): Promise<void> {
    const covered = queue.splice(0);
    // A journal that was never begun goes on from the new lockfile just as well, under its old id.
    const unused = journal?.isBegun === false ? onDisk?.place : undefined;
    const place = unused ? { ...unused, folded: lastNumber } : nextPlace(lastNumber, journal?.id);
    const grown = grownBytes;
    try {
      const bytes = await writeLockfile(lockfile, { ...state.content(project), journal: place });
      onDisk = { place, bytes };
    } catch (error) {
      queue.unshift(...covered);
      throw error;
    }
    grownBytes -= grown;
    // Should the old one stay, a start knows that it is folded, and the next append refuses to go on beside it.
    await journal?.remove().catch(() => undefined);
    journal = new JournalFile(journalPath(lockfile), place.id);
    for (const line of covered) line.resolve();
  }

  function hasOutgrown(): boolean {
    const bytes = journal?.bytes ?? 0;
    const expectedBytes = (onDisk?.bytes ?? 0) + grownBytes * LAYOUT_FACTOR;
    return bytes > foldFloorBytes && bytes > FOLD_FACTOR * expectedBytes;
  }

  /** Folding on the way saves time later and is no duty: where it fails, the journal goes on. */
  async function foldOrPostpone(): Promise<void> {
    try {
      await fold();
    } catch {
      foldFloorBytes = (journal?.bytes ?? 0) * FOLD_FACTOR;
    }
  }

  function refuse(batch: readonly Line[], cause: unknown): void {
    const error = asDailiesError(cause, lockfile);
    failure ??= error;
    for (const { jobId, undo, reject } of batch) {
      if (jobId !== undefined) jobsNotKept.add(jobId);
      if (undo) takeBack(undo);
      reject(jobId === undefined ? error : jobsAtRisk([jobId], error));
    }
  }

  /** Where the attempt has moved on all the same, there is nothing left to take back. */
  function takeBack(undo: JournalEntry): void {
    try {
      note(undo);
    } catch (error) {
      if (!(error instanceof DailiesError)) throw error;
    }
  }

  async function foldLast(): Promise<void> {
    if (lastNumber === (onDisk?.place.folded ?? 0)) return;
    try {
      assertHeld();
      await fold();
      jobsNotKept.clear();
    } catch (cause) {
      const error = asDailiesError(cause, lockfile);
      failure ??= error;
      const isKept = error.code === 'disk' && (await keepInJournal());
      if (isKept) throw keptInJournal(error);
      throw jobsNotKept.size > 0 ? jobsAtRisk([...jobsNotKept], error) : error;
    }
  }

  /** Where there is no room for the lockfile, there may be for the last lines. */
  async function keepInJournal(): Promise<boolean> {
    if (journal === undefined || journal.isGone) return false;
    const rest = queue.splice(0).map((line) => line.text);
    try {
      await journal.append(rest.join(''), true);
      return true;
    } catch {
      return false;
    }
  }

  function note(entry: JournalEntry): void {
    record(entry, { undo: undefined, resolve: () => undefined, reject: () => undefined });
  }

  return {
    note,
    async commit(entry, undo) {
      await new Promise<void>((resolve, reject) => {
        record(entry, { undo, resolve, reject });
        if (isPumping) return;
        isPumping = true;
        pumped = pump();
      });
    },
    failure: () => failure,
    async close() {
      await pumped;
      try {
        await foldLast();
      } finally {
        await journal?.close().catch(() => undefined);
      }
    },
  };
}

const GROWING = new Set<JournalEntry['type']>(['begun', 'delivered', 'adopted', 'catalogued']);

function jobIn(entry: JournalEntry): string | undefined {
  if (entry.type === 'accepted') return entry.job.id;
  return entry.type === 'resolved' && entry.as === 'job' ? entry.job.id : undefined;
}

function asDailiesError(error: unknown, path: string): DailiesError {
  return error instanceof DailiesError ? error : diskError({ path, doing: 'written', cause: error });
}

function jobsAtRisk(ids: readonly string[], cause: DailiesError): DailiesError {
  const jobs = ids.length === 1 ? `job ${ids.join('')} is` : `jobs ${ids.join(', ')} are`;
  return new DailiesError(cause.code, `${jobs} paid for and not on the disk: ${cause.message}`, {
    hint: 'write it down; if a later run does not know it: dailies resolve MANIFEST SHOT --job-id ID',
    cause,
  });
}

function keptInJournal(cause: DailiesError): DailiesError {
  return new DailiesError(cause.code, `${cause.message}; the journal beside it holds everything`, {
    hint: cause.hint ?? 'run again: the next run takes it from there',
    cause,
  });
}
