import { setImmediate as nextTurn } from 'node:timers/promises';
import { DailiesError } from '../errors.js';
import { diskError, onDisk } from '../disk-error.js';
import { journalPath } from './journal.js';
import { JournalFile } from './journal-file.js';
import { encodeLine, isMoney, isReceipt, type JournalEntry } from './journal-line.js';
import { writeLockfile } from './lockfile.js';
import type { ProjectIdentity } from './lockfile-text.js';
import type { ReceiptBook } from './receipt-store.js';
import type { RunLock } from './run-lock.js';
import type { StateInMemory } from './shot-state.js';

/**
 * Every change goes into memory at once, then onto the disk. Lines that come during a write go out together in the next one, with
 * one fsync if any is about money; right after, the steps of purchases go into the receipts. From time to time the journal is
 * folded into the lockfile, which then also has the lines that wait.
 */
export interface WriteAhead {
  /** Changes memory, and leaves the line for the next `commit`. Throws `internal` if it does not fit. */
  note(entry: JournalEntry): void;
  /**
   * Changes memory at once; resolves when the line, and all before it, are on the disk: fsynced if the line is about money. Rejects
   * with `internal` if the line does not fit (nothing is changed), with `disk` or `locked-by-another-run` if it could not be written
   * (memory is changed, and the line is tried again with the next ones and on `close`). `undo` gives the entry that takes a refused
   * one back.
   */
  commit(entry: JournalEntry, undo?: () => JournalEntry): Promise<void>;
  /** Writes an entry only into the receipts, after all lines so far and before it is committed. Rejects with `disk`. */
  witness(entry: JournalEntry): Promise<void>;
  /** Whether anything has been written down. */
  hasChanged(): boolean;
  /** The first failed write, if any: from then on, no intent may rely on the disk. */
  failure(): DailiesError | undefined;
  /** Folds what the lockfile lacks; false if there was nothing. Rejects with `disk` and the jobs that are not on the disk. */
  close(): Promise<boolean>;
}

interface Line {
  readonly entry: JournalEntry;
  /** The journal's text; empty for a witnessed entry. */
  readonly text: string;
  readonly isReceipt: boolean;
  readonly undo?: (() => JournalEntry) | undefined;
  readonly resolve: () => void;
  readonly reject: (error: DailiesError) => void;
}

/** Indent and line breaks make the lockfile half as long again as its JSON. */
const LAYOUT_FACTOR = 1.5;
/**
 * A fold pays if the journal is this much longer than the lockfile that would replace it. An ordinary journal is about as long as
 * its lockfile, so a first run folds only at its end, and the bytes written for each attempt do not grow with their number.
 * Attempts with very many steps are folded on the way.
 */
const FOLD_FACTOR = 2;

export function createWriteAhead(options: {
  readonly lockfile: string;
  readonly identity: ProjectIdentity;
  /** Every shot of the manifest: see `lockfileText`. */
  readonly shots: readonly string[];
  readonly state: StateInMemory;
  readonly lock: RunLock;
  readonly receipts: ReceiptBook;
  /** The size of the lockfile; undefined if there is none yet. */
  readonly lockfileBytes: number | undefined;
  readonly foldFloorBytes: number;
}): WriteAhead {
  const { lockfile, identity, shots, state, lock, receipts } = options;
  let { lockfileBytes, foldFloorBytes } = options;
  let journal = lockfileBytes === undefined ? undefined : new JournalFile(journalPath(lockfile));
  let hasNews = false;
  let hasChanged = false;
  /** Bytes since the last fold in lines that make the lockfile longer. */
  let grownBytes = 0;
  let failure: DailiesError | undefined;
  const jobsNotKept = new Set<string>();
  /** Lines that the receipts still lack, in order. */
  const unreceipted: JournalEntry[] = [];
  const witnessed = new WeakSet<JournalEntry>();

  const queue: Line[] = [];
  let isPumping = false;
  let pumped: Promise<void> = Promise.resolve();

  function record(entry: JournalEntry): Pick<Line, 'entry' | 'text' | 'isReceipt'> {
    const text = encodeLine(entry);
    state.apply(entry);
    hasNews = true;
    hasChanged = true;
    if (GROWING.has(entry.type)) grownBytes += text.length;
    return { entry, text, isReceipt: isReceipt(entry) && !witnessed.has(entry) };
  }

  function send(line: Omit<Line, 'resolve' | 'reject'>): Promise<void> {
    const sent = new Promise<void>((resolve, reject) => queue.push({ ...line, resolve, reject }));
    if (!isPumping) {
      isPumping = true;
      pumped = pump();
    }
    return sent;
  }

  /** Takes the oldest lines from the queue, for the disk: their receipts are written after the journal, never before. */
  function take(count: number): Line[] {
    const batch = queue.splice(0, count);
    for (const line of batch) if (line.isReceipt) unreceipted.push(line.entry);
    return batch;
  }

  async function pump(): Promise<void> {
    for (;;) {
      // Not at once: other changes of this turn go out in the same write, and need no fsync of their own.
      await nextTurn();
      const batch = take(queue.length);
      if (batch.length === 0) break;
      try {
        batch.push(...(await putOnDisk(batch)));
        if (hasOutgrown()) batch.push(...(await foldOrPostpone()));
        await writeReceipts();
        jobsNotKept.clear();
        for (const line of batch) line.resolve();
      } catch (error) {
        refuse(batch, error);
      }
    }
    isPumping = false;
  }

  /** Gives the lines of later batches that this also put on the disk. */
  async function putOnDisk(batch: readonly Line[]): Promise<readonly Line[]> {
    assertHeld();
    // Without a lockfile yet, or without its journal, the state can only be written whole.
    if (journal === undefined || journal.isGone) return fold();
    const file = journal;
    const lines = batch.filter(({ text }) => text !== '');
    const text = lines.map((line) => line.text).join('');
    const isDurable = lines.some((line) => isMoney(line.entry));
    if (text !== '') await onDisk(journalPath(lockfile), 'written', () => file.append(text, isDurable));
    return [];
  }

  async function writeReceipts(): Promise<void> {
    await receipts.append(unreceipted);
    unreceipted.length = 0;
  }

  /** If somebody removed this run's lock, it must not write: another run may be working on the same files. */
  function assertHeld(): void {
    if (lock.isHeld()) return;
    throw new DailiesError('locked-by-another-run', 'the lock of this run was removed during the run', {
      hint: 'another run may be active for this project: nothing more is written here',
    });
  }

  /** Writes the lockfile from memory, which has all lines so far; gives the lines that still waited. */
  async function fold(): Promise<readonly Line[]> {
    const covered = queue.length;
    const grown = grownBytes;
    lockfileBytes = await writeLockfile(lockfile, { ...state.content(), identity }, shots);
    hasNews = false;
    grownBytes -= grown;
    // If the old journal stays, the lockfile has each of its lines; but the next append fails because the file is there.
    await journal?.remove().catch(() => undefined);
    journal = new JournalFile(journalPath(lockfile));
    return take(covered);
  }

  function hasOutgrown(): boolean {
    const bytes = journal?.bytes ?? 0;
    const expectedBytes = (lockfileBytes ?? 0) + grownBytes * LAYOUT_FACTOR;
    return bytes > foldFloorBytes && bytes > FOLD_FACTOR * expectedBytes;
  }

  /** Folding early saves time later but is not necessary: if it fails, the journal grows on. */
  async function foldOrPostpone(): Promise<readonly Line[]> {
    try {
      return await fold();
    } catch {
      foldFloorBytes = (journal?.bytes ?? 0) * FOLD_FACTOR;
      return [];
    }
  }

  function refuse(batch: readonly Line[], cause: unknown): void {
    const error = diskError({ path: lockfile, doing: 'written', cause });
    failure ??= error;
    for (const { entry, undo, reject } of batch) {
      const jobId = jobIn(entry);
      if (jobId !== undefined) jobsNotKept.add(jobId);
      if (undo) takeBack(undo());
      reject(jobId === undefined ? error : jobsAtRisk([jobId], error));
    }
  }

  /** If the attempt has moved on all the same, there is nothing to take back. */
  function takeBack(undo: JournalEntry): void {
    try {
      note(undo);
    } catch (error) {
      if (!(error instanceof DailiesError)) throw error;
    }
  }

  async function foldLast(): Promise<boolean> {
    const isNews = hasNews;
    try {
      if (isNews) {
        assertHeld();
        for (const line of await fold()) line.resolve();
      }
      await writeReceipts();
      jobsNotKept.clear();
      return isNews;
    } catch (cause) {
      const error = diskError({ path: lockfile, doing: 'written', cause });
      failure ??= error;
      const isKept = error.code === 'disk' && (await keepInJournal());
      if (isKept) throw keptInJournal(error);
      throw jobsNotKept.size > 0 ? jobsAtRisk([...jobsNotKept], error) : error;
    }
  }

  /** If there is no room for the lockfile, there may be room for the last lines. */
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
    queue.push({ ...record(entry), resolve: () => undefined, reject: () => undefined });
  }

  return {
    note,
    async commit(entry, undo) {
      await send({ ...record(entry), undo });
    },
    async witness(entry) {
      witnessed.add(entry);
      await send({ entry, text: '', isReceipt: true });
    },
    hasChanged: () => hasChanged,
    failure: () => failure,
    async close() {
      await pumped;
      try {
        return await foldLast();
      } finally {
        await receipts.close().catch(() => undefined);
        await journal?.close().catch(() => undefined);
      }
    },
  };
}

const GROWING = new Set<JournalEntry['type']>(['begun', 'delivered', 'restored', 'catalogued']);

function jobIn(entry: JournalEntry): string | undefined {
  if (entry.type === 'accepted') return entry.job.id;
  return entry.type === 'resolved' && entry.as === 'job' ? entry.job.id : undefined;
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
