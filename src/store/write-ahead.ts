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
 * The way of every change: into memory at once, then onto the disk. Lines that come while others are being
 * written go out together in the next write, with one fsync where money is among them; the steps of purchases go into
 * the receipts right after. From time to time the journal is folded into the lockfile; lines that wait meanwhile are
 * on the disk with it.
 */
export interface WriteAhead {
  /** Changes memory, and leaves the line for the next `commit`. Throws `internal` if it does not fit. */
  note(entry: JournalEntry): void;
  /**
   * Changes memory at once; resolves when the line, and all before it, are on the disk: beyond a power cut where
   * it is about money. Rejects with `internal` where it does not fit (nothing is changed), with `disk` or
   * `locked-by-another-run` where it could not be written (memory is changed, and the line is tried again
   * together with the next ones and on `close`). Where `undo` is given, it gives the entry that takes the refused one back.
   */
  commit(entry: JournalEntry, undo?: () => JournalEntry): Promise<void>;
  /** Writes an entry into the receipts alone, behind all lines so far and before it is committed. Rejects with `disk`. */
  witness(entry: JournalEntry): Promise<void>;
  /** Whether anything has been written down. */
  hasChanged(): boolean;
  /** The first failure to write, if there was one: from then on no intent is to be trusted to the disk. */
  failure(): DailiesError | undefined;
  /** Folds what is not in the lockfile yet; false if there was nothing. Rejects with `disk`, naming the jobs that are not on the disk. */
  close(): Promise<boolean>;
}

interface Line {
  readonly entry: JournalEntry;
  /** What the journal gets; empty for an entry that is witnessed. */
  readonly text: string;
  readonly isReceipt: boolean;
  readonly undo?: (() => JournalEntry) | undefined;
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
  /** Bytes of the lines since the fold that make the lockfile longer. */
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

  /** Takes the oldest lines out of the queue, to the disk: their receipts follow the journal, and never lead it. */
  function take(count: number): Line[] {
    const batch = queue.splice(0, count);
    for (const line of batch) if (line.isReceipt) unreceipted.push(line.entry);
    return batch;
  }

  async function pump(): Promise<void> {
    for (;;) {
      // Not at once: what else happens in this turn goes out in the same write, and costs no fsync of its own.
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

  /** Gives the lines of later batches that are on the disk with these. */
  async function putOnDisk(batch: readonly Line[]): Promise<readonly Line[]> {
    assertHeld();
    // With no lockfile yet, or no journal any more, the state can only be written whole.
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

  /** A run whose lock was forced from it must not write: another may be working on the same files. */
  function assertHeld(): void {
    if (lock.isHeld()) return;
    throw new DailiesError('locked-by-another-run', 'the lock of this run was removed during the run', {
      hint: 'another run may be active for this project: nothing more is written here',
    });
  }

  /** Writes the lockfile from memory. It then holds all lines so far: gives those that still waited. */
  async function fold(): Promise<readonly Line[]> {
    const covered = queue.length;
    const grown = grownBytes;
    lockfileBytes = await writeLockfile(lockfile, { ...state.content(), identity }, shots);
    hasNews = false;
    grownBytes -= grown;
    // Should the old one stay, each of its lines is known for one that the lockfile has; but the next append refuses to go on beside it.
    await journal?.remove().catch(() => undefined);
    journal = new JournalFile(journalPath(lockfile));
    return take(covered);
  }

  function hasOutgrown(): boolean {
    const bytes = journal?.bytes ?? 0;
    const expectedBytes = (lockfileBytes ?? 0) + grownBytes * LAYOUT_FACTOR;
    return bytes > foldFloorBytes && bytes > FOLD_FACTOR * expectedBytes;
  }

  /** Folding on the way saves time later and is no duty: where it fails, the journal goes on. */
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

  /** Where the attempt has moved on all the same, there is nothing left to take back. */
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

  /** If there is no room for the lockfile, there may be for the last lines. */
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
