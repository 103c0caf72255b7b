import type {
  Attempt,
  AttemptEvent,
  JobRef,
  Output,
  RecordedRequest,
  RerenderMark,
} from '../domain/attempt.js';
import type { Estimate } from '../domain/money.js';
import type { Picks } from '../domain/picks.js';
import type { TakeRef } from '../domain/take.js';
import type { SubmitOutcome } from '../domain/submit-outcome.js';
import type { Account } from '../cost/ledger.js';
import type { NotDelivered } from '../events.js';
import type { Waiting } from './places.js';
import type { CatalogueSnapshot, ShotState } from './shot-state.js';

/** A piece of work that holds a place while its job is in flight. */
export interface WorkOrder extends Waiting {
  /** Tells it from all other work of the run. */
  readonly key: string;
}

/** Work that was handed out: whoever has it may buy for it. Another piece of work is another object. */
export interface Claim<Order extends WorkOrder = WorkOrder> {
  readonly order: Order;
  /** What was bought for it, or tried to, by a worker that is gone: it is gone on with. */
  readonly attempt?: Attempt | undefined;
  /** How many jobs that were bought for it have failed before; 0 where absent. */
  readonly tries?: number;
  /** Where others have led it to its end already, or nobody will any more: there is nothing to do but to say so. */
  readonly end?: Rest;
}

/** How some work came to rest, where its attempt alone does not tell. */
export interface Rest {
  readonly outcome?: NotDelivered;
  readonly message?: string;
  /** Nothing more is bought, and why. */
  readonly stopped?: { readonly message: string; readonly hint?: string };
}

/** What is to be bought, for whom. */
export interface Purchase {
  readonly owner: TakeRef;
  readonly fingerprint: string;
  /** Which of the wishes with this fingerprint it is, from 0; 0 where absent. */
  readonly copy?: number | undefined;
  readonly request: RecordedRequest;
  /** The gateway's base URL; `sandbox` for ours. */
  readonly gateway: string;
  readonly estimate: Estimate | null;
  /** The attempt that it is to take the place of. */
  readonly replaces?: string | undefined;
  /** The set that it is bought for; the first purchase for it keeps its takes. */
  readonly rerender?: RerenderMark | undefined;
  /** Uncertain attempts that are given up at the moment this one is begun. */
  readonly giveUp: readonly string[];
  /** The token of the address that its submit carries, fresh for each. */
  readonly callback?: string | undefined;
}

/** Whether a purchase may go out now. */
export type Verdict =
  /** The intent is on the disk: send it. */
  | { readonly kind: 'go'; readonly attempt: Attempt }
  /** The gateway wants patience: ask again after so many milliseconds. */
  | { readonly kind: 'wait'; readonly ms: number }
  /** It could cross a budget, or nothing is bought at all; `message` says which, `hint` what to do where that is special. */
  | { readonly kind: 'ceiling'; readonly message: string; readonly hint?: string }
  /** Somebody else has the work, or nobody wants it any more. */
  | { readonly kind: 'fenced' | 'outdated'; readonly message: string };

/**
 * Who may buy, and who owns what: one process with its lockfile, or PostgreSQL with any number of workers. Every method that
 * changes something resolves when that is on the disk, and rejects with `disk` or `locked-by-another-run` where it cannot be; with
 * `taken-over` where another worker goes on with the attempt.
 */
export interface AttemptStore<Order extends WorkOrder = WorkOrder> extends ShotState {
  /** Offers work, to be claimed when its turn has come. */
  offer(order: Order): void;
  /** The work whose turn it is, up to `most` pieces, the most urgent first; waits for the first one. Rejects when the signal aborts. */
  claim(most: number, signal: AbortSignal): Promise<readonly Claim<Order>[]>;
  /** Gives the place of some work back: its job is in flight no more. */
  release(claim: Claim<Order>): void;
  /**
   * This process does no more about some work, however far it came. With `rest` nobody else would come farther, for now; without
   * it the work is anybody's.
   */
  finish(claim: Claim<Order>, rest?: Rest): Promise<void>;
  /**
   * Takes back what was offered and nobody has begun: `claim` gives it as work at its end. `all`: what others are at, too, goes on
   * without whoever waits here. Absent if all work is this process's own.
   */
  withdraw?(all: boolean): Promise<void>;
  /**
   * Decides whether a purchase may go out, and where it may, begins it, or goes on with the one of this claim that was not
   * accepted: from the look at pace and ceilings to the moment it is counted nothing is waited for, and `go` comes when the intent
   * is on the disk. `once` is a word that nobody else says: whoever asks again with it is told the same, and any other is fenced
   * off while the submit is on its way.
   */
  intend(claim: Claim<Order>, purchase: Purchase, once: string): Promise<Verdict>;
  /** Whether an attempt is this process's still: asked just before the first byte leaves. */
  isOurs(attempt: Attempt): boolean;
  /**
   * Writes down what a submit came to, and learns the pace from it. An accepted job that another attempt has already leaves
   * this one uncertain: which of the two it belongs to, nobody knows. `sentAtMs` is by `Clock.elapsed`.
   */
  settle(attempt: Attempt, outcome: SubmitOutcome, sentAtMs: number): Promise<Attempt>;
  /**
   * Takes in the job of a submit whose answer was lost: gives the attempt pending, or as it stands where it has been settled.
   * Rejects with `job-taken` where the job is another attempt's.
   */
  adopt(attempt: Attempt, job: JobRef): Promise<Attempt>;
  /**
   * A gateway names a job under the token of a submit. Gives the attempt if this process has it in hand; `passed on` if whoever has it
   * is told; undefined if nobody has sent that token.
   */
  hinted(token: string, job: string): Promise<Attempt | 'passed on' | undefined>;
  /** The job that an event named for an attempt was looked at: nobody needs to be told any more. Absent if nobody else is told. */
  heeded?(attempt: Attempt, job: string): Promise<void>;
  /** Gives an attempt as others may have left it. Absent if all work is this process's own. */
  refresh?(attempt: Attempt): Promise<Attempt>;
  /** Moves an attempt. */
  record(attempt: Attempt, event: AttemptEvent): Promise<Attempt>;
  /** As `record`, for what the gateway would tell again: it is in memory at once, and nothing waits for the disk. */
  note(attempt: Attempt, event: AttemptEvent): Attempt;
  /**
   * Records a delivery in the one order that loses nothing: the receipt, which keeps other projects from removing these
   * clips; then `put` puts them into the store; then the journal.
   */
  deliver(attempt: Attempt, outputs: readonly Output[], put: () => Promise<void>): Promise<Attempt>;
  /** Gives an attempt another owner: another take claims it. */
  assign(attempt: Attempt, owner: TakeRef): Promise<Attempt>;
  /** Writes down which names the clips of an attempt have. */
  named(attempt: Attempt, names: readonly string[]): void;
  setPicks(picks: Picks): Promise<void>;
  /** `readAt`: ISO 8601. */
  setCatalogue(snapshot: CatalogueSnapshot, readAt: string): Promise<void>;
  /** How the money stands now, of the project of some work where there may be several. */
  account(claim?: Claim<Order>): Account;
  /** The attempt that some work has led to so far. */
  latest(claim: Claim<Order>): Attempt | undefined;
  /** The attempts this run has begun for a take, oldest first. */
  begunFor(owner: TakeRef): readonly Attempt[];
  /** How long the batch waits now, and for how long no submit was accepted while some were refused; milliseconds. */
  pace(claim: Claim<Order>): { readonly waitMs: number; readonly troubleMs: number };
  /** Writes all down and lets the next run in, whether or not that worked. */
  close(): Promise<void>;
}

/** The attempt store of one whole project, and what was put right when it was opened. */
export interface ProjectAttempts<Order extends WorkOrder = WorkOrder> extends AttemptStore<Order> {
  readonly projectId: string;
  /** Sentences for people. */
  readonly repaired: readonly string[];
  /** What the report shows of this very state, in the words of `setReported`; undefined if it is not known to. */
  reported(): string | undefined;
  setReported(what: string): void;
}
