import type { Clock } from '../../clock.js';
import { isRecord } from '../../domain/is-record.js';
import { DailiesError } from '../../errors.js';
import type { Functions, Row } from './connection.js';

/** A worker with less than this left of its lease sends nothing. */
const MARGIN_MS = 200;

/** How long signing up waits for the database. */
const PATIENCE_MS = 10_000;

/** How long a worker may be silent, and how often it sends a heartbeat. Takeover comes within the lease and one beat. */
export interface LeaseTerms {
  readonly leaseMs: number;
  readonly beatMs: number;
}

export const USUAL_LEASE: LeaseTerms = { leaseMs: 15_000, beatMs: 1_000 };

/** The state of a process's connection to the database. */
export interface LeaseHealth {
  readonly isHeld: boolean;
  /** Whether the database gave an answer when it was last asked. */
  readonly isReachable: boolean;
  /** How long ago it renewed the lease. */
  readonly ageMs: number;
  /** How often the database took the process for dead, so that it continued as a new worker. */
  readonly restarts: number;
}

/** A process as the database knows it. */
export interface Lease {
  /** The id it has now; another one once it was taken for dead. */
  worker(): string;
  /** Whether nobody can have taken over yet, even if the last answers were lost. */
  isHeld(): boolean;
  health(): LeaseHealth;
  /** Ends the beats; the caller tells the database. */
  stop(): Promise<void>;
}

/** The answer to a beat. */
export interface Beat {
  /** There may be work to take; only a claim can tell for certain. */
  readonly hasWork: boolean;
  /** There is a batch to plan again. */
  readonly hasPlans: boolean;
  /** Attempts whose sender died before it got an answer: documents. */
  readonly unanswered: readonly unknown[];
  /** Jobs that events have named: `{ job, attempt }`, with the attempt's document. */
  readonly hints: readonly Row[];
}

/**
 * Signs a worker up and keeps its lease: one statement a beat, which also cleans up after the dead. A worker that was taken for dead
 * gets a new id, since the old one must not write any more. Rejects if it cannot sign up.
 */
export async function takeLease(
  store: Functions,
  {
    name,
    clock,
    terms: { leaseMs, beatMs },
    onBeat,
  }: {
    readonly name: string;
    readonly clock: Clock;
    readonly terms: LeaseTerms;
    readonly onBeat: (beat: Beat) => Promise<void>;
  },
): Promise<Lease> {
  const stopping = new AbortController();
  let worker = '';
  let lives = 0;
  let isReachable = true;
  let beganMs = -Infinity;
  let beganAt = -Infinity;

  const renewed = (sentMs: number, sentAt: number) => {
    beganMs = sentMs;
    beganAt = sentAt;
  };
  const enlist = async () => {
    const [sentMs, sentAt] = [clock.elapsed(), clock.now()];
    // A second call signs up one more worker, which is never seen again and leaves nothing behind.
    const [row] = await store.insist('enlist', [name, leaseMs], { forMs: PATIENCE_MS });
    worker = String(row?.['enlist']);
    lives++;
    renewed(sentMs, sentAt);
  };
  const beat = async () => {
    const [sentMs, sentAt] = [clock.elapsed(), clock.now()];
    const [row] = await store.ask('beat', [worker, leaseMs]);
    if (row?.['alive'] === true) renewed(sentMs, sentAt);
    else await enlist();
    const [unanswered, hints] = [row?.['unanswered'], row?.['hints']];
    await onBeat({
      hasWork: row?.['has_work'] === true,
      hasPlans: row?.['has_plans'] === true,
      unanswered: Array.isArray(unanswered) ? unanswered.filter(isRecord) : [],
      hints: Array.isArray(hints) ? hints.filter(isRecord) : [],
    });
  };
  await enlist();
  await beat().catch(unlessAway);
  const beating = (async () => {
    for (;;) {
      await clock.sleep(beatMs, stopping.signal);
      // The database may be away: the next beat shows whether this worker outlived it.
      await beat().then(
        () => (isReachable = true),
        () => (isReachable = false),
      );
    }
  })().catch(() => undefined);
  // The monotonic clock stops while the machine sleeps, and the system clock may be set back.
  const ageMs = () => Math.max(clock.elapsed() - beganMs, clock.now() - beganAt);
  const isHeld = () => ageMs() < leaseMs - MARGIN_MS;
  return {
    worker: () => worker,
    isHeld,
    health: () => ({ isHeld: isHeld(), isReachable, ageMs: ageMs(), restarts: lives - 1 }),
    async stop() {
      stopping.abort();
      await beating;
    },
  };
}

function unlessAway(error: unknown): void {
  if (!(error instanceof DailiesError) || error.code !== 'store-unreachable') throw error;
}
