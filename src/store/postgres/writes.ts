import type { Attempt } from '../../domain/attempt.js';
import { isRecord } from '../../domain/is-record.js';
import { DailiesError } from '../../errors.js';
import type { Change } from '../journal-line.js';
import type { Functions } from './connection.js';
import { grouped } from './group.js';
import type { Held, HeldAttempts } from './held.js';
import type { Lease } from './lease.js';
import type { ReceiptQueue } from './receipt-queue.js';
import { attemptIn, stepOf } from './row.js';
import type { Standing } from './standing.js';

/** Writes steps of attempts into the database. */
export interface Writes {
  /**
   * Writes down all steps of an attempt in memory, after those on their way already; then its receipt. Rejects with
   * `taken-over` if another worker continues it, and with `JobTaken`. `extra`: what else the database does in the same call.
   */
  write(one: Held, extra?: object): Promise<Attempt>;
  /** Moves an attempt in memory, and writes that down. */
  change(one: Held, what: Change): Promise<Attempt>;
  /** Keeps the receipt of an attempt as it is now, or is about to be. */
  keep(one: Held, attempt: Attempt): Promise<void>;
}

/** The job of an accepted submit is another attempt's. */
export class JobTaken extends Error {
  override readonly name = 'JobTaken';
  readonly holder: Attempt;
  constructor(holder: Attempt) {
    super('the job is another attempt’s');
    this.holder = holder;
  }
}

function takenOver(message: string): DailiesError {
  return new DailiesError('taken-over', message);
}

export function createWrites({
  store,
  lease,
  held,
  standing,
  receipts,
}: {
  readonly store: Functions;
  readonly lease: Lease;
  readonly held: HeldAttempts;
  readonly standing: Standing;
  readonly receipts: ReceiptQueue | undefined;
}): Writes {
  const record = grouped((steps: readonly { readonly worker: string; readonly step: object }[]) =>
    store.insist('record_all', [JSON.stringify(steps)]),
  );
  const keep = async ({ work }: Held, attempt: Attempt): Promise<void> => {
    if (work) await receipts?.keep(work.project, attempt);
  };
  const send = async (one: Held, extra: object): Promise<Attempt> => {
    if (one.stored >= one.attempt.steps) return one.attempt;
    const { attempt } = one;
    const step = { ...stepOf(attempt, one.stored), sender: one.sender, ...extra };
    const row = await record({ worker: lease.worker(), step });
    standing.learn(row['account']);
    const { verdict } = row;
    if (verdict === 'ok') {
      one.stored = Math.max(one.stored, attempt.steps);
      await keep(one, attempt);
      return attempt;
    }
    if (verdict === 'job-taken') throw new JobTaken(attemptIn(row['attempt']));
    if (isRecord(row['attempt'])) held.learn(attemptIn(row['attempt']));
    if (verdict === 'late') {
      await keep(one, one.attempt);
      throw takenOver('its answer came late and is recorded: the next worker follows the job');
    }
    throw takenOver('another worker continues it');
  };
  const write = (one: Held, extra: object = {}): Promise<Attempt> => {
    const written = one.writes.catch(() => undefined).then(() => send(one, extra));
    one.writes = written.catch(() => undefined);
    return written;
  };
  return {
    write,
    change(one, what) {
      held.move(one, what);
      return write(one, what.type === 'resolved' ? { settled: true } : {});
    },
    keep,
  };
}
