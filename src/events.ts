import type { Diagnostic } from './domain/diagnostic.js';
import type { NamedOutput } from './domain/attempt.js';
import type { TakeFinding } from './domain/finding.js';
import type { PlanAction } from './domain/plan.js';
import type { ExitCode } from './errors.js';

/** What every event of a run says: when (ISO 8601, UTC). */
interface EventBase {
  readonly at: string;
}

/** What an event about one take says besides. */
interface TakeEventBase extends EventBase {
  readonly id: string;
  readonly take: number;
  /** `id`, or `id@take` where the shot has several takes. */
  readonly key: string;
}

/** What an event says that money may have moved before: all of the project so far, by the budget's rule. */
export interface Spent {
  readonly spent_usd: number;
  /** How many of its jobs stand in it at their upper estimate: no cost is reported of them, or not yet. */
  readonly spent_estimated: number;
  /** How many jobs it leaves out: they may have cost money, and nobody says how much. */
  readonly spent_unpriced: number;
}

/** Why a shot was not delivered. */
export type NotDelivered = 'failed' | 'refused' | 'held' | 'blocked' | 'waiting' | 'not_submitted';

/** One take in the closing account of a run. */
export interface TakeResult {
  readonly id: string;
  readonly take: number;
  readonly key: string;
  readonly action: PlanAction;
  readonly outcome: 'delivered' | NotDelivered;
  readonly model: string;
  /** The reason a person reads, for whatever was not delivered. */
  readonly message?: string;
  readonly job_id?: string;
  /** From the submit to the end, where this run bought it. */
  readonly elapsed_ms?: number;
  /** What the jobs cost that this run has bought for the take, failed ones too: as reported, absent if nothing was. */
  readonly cost_usd?: number;
  readonly outputs: readonly NamedOutput[];
}

/** Why a run stopped submitting before its work was done. */
export interface StopReason {
  readonly kind:
    | 'interrupted'
    | 'key'
    | 'credits'
    | 'budget'
    | 'unpriced'
    | 'unconfirmed'
    | 'gateway'
    | 'disk'
    | 'approval';
  readonly message: string;
  readonly hint?: string;
  /** For `approval`: of each shot that a pick is wanted of, the takes that have clips (`platform@1`). */
  readonly to_pick?: readonly (readonly string[])[];
}

/** The closing account: also `run --format json`. */
export interface RunSummary {
  readonly version: 1;
  readonly project: string;
  readonly gateway: string;
  readonly output: string;
  readonly started_at: string;
  readonly finished_at: string;
  /** How long it took, whoever has set the clock meanwhile. */
  readonly elapsed_ms: number;
  readonly exit_code: ExitCode;
  readonly counts: {
    readonly total: number;
    readonly delivered: number;
    readonly reused: number;
    readonly submitted: number;
  };
  /** Money of this run: reported costs if there are any, else upper estimates. */
  readonly cost_usd: number;
  /** Jobs of this run that have neither: `cost_usd` leaves them out. */
  readonly cost_unpriced: number;
  /** On the sandbox, which charges nothing: what `cost_usd` would be elsewhere. */
  readonly on_paper_usd?: number;
  /** What the plan expected this run to cost. */
  readonly estimated_usd: number;
  /** Takes to be bought whose price was not known: `estimated_usd` leaves them out. */
  readonly estimated_unpriced: number;
  /** Money of the whole project so far, by the budget's rule. */
  readonly spent_usd: number;
  /** Jobs of the whole project that `spent_usd` leaves out. */
  readonly spent_unpriced: number;
  readonly budget_usd: number | null;
  readonly stopped?: StopReason;
  /** What the next run would buy of these shots may cost so much, by upper estimates; absent: nothing, or not known. */
  readonly left_usd?: number;
  /** The keys of takes that `--rerender` named, and that are still to be bought again. */
  readonly left_to_rerender?: readonly string[];
  /** How many webhooks were refused, by the reason; absent: none. */
  readonly webhooks_refused?: Readonly<Record<string, number>>;
  readonly shots: readonly TakeResult[];
  readonly sheet?: string;
}

/**
 * Everything a run tells its onlookers, and each line of `--format ndjson` (schemas/event.schema.json).
 * The first is `run.started`, the last `run.finished`.
 */
export type RunEvent =
  | (EventBase & {
      readonly type: 'run.started';
      readonly format: 1;
      readonly project: string;
      readonly gateway: string;
      readonly output: string;
      /** Takes in scope, and how many of them this run will buy. */
      readonly total: number;
      readonly to_buy: number;
      readonly concurrency: number;
      readonly spent_usd: number;
      /** Jobs that may have cost money, and nobody says how much. */
      readonly spent_unpriced: number;
      readonly expected_usd: number;
      readonly max_usd: number;
      /** How many of those to buy have no known price: the sums of this run leave them out. */
      readonly unpriced: number;
      readonly budget_usd: number | null;
    })
  | (EventBase & { readonly type: 'diagnostic'; readonly diagnostic: Diagnostic })
  /** What the plan decided for a take: once each, before any work. */
  | (TakeEventBase & {
      readonly type: 'shot.planned';
      readonly action: PlanAction;
      readonly model: string;
      readonly reasons: readonly string[];
      /** Seconds of film asked for: jobs of one model and length take alike. */
      readonly duration?: number;
      /** How long such jobs have taken in earlier runs, from acceptance to completion. */
      readonly expected_ms?: number;
    })
  | (TakeEventBase & { readonly type: 'shot.submitting'; readonly model: string })
  | (TakeEventBase &
      Spent & { readonly type: 'shot.submitted'; readonly model: string; readonly job_id: string })
  /** A status seen on a poll for the first time; `expected_ms` is how long such jobs have taken in all. */
  | (TakeEventBase & {
      readonly type: 'shot.progress';
      readonly model: string;
      readonly status: 'pending' | 'in_progress';
      readonly elapsed_ms: number;
      readonly expected_ms?: number;
    })
  /** The gateway's job is done; `elapsed_ms` since the submit. */
  | (TakeEventBase &
      Spent & {
        readonly type: 'shot.completed';
        readonly model: string;
        readonly elapsed_ms: number;
        readonly cost_usd?: number;
      })
  /** At most a few a second for each download. */
  | (TakeEventBase & {
      readonly type: 'shot.downloading';
      readonly bytes: number;
      readonly total_bytes?: number;
    })
  | (TakeEventBase &
      Spent & {
        readonly type: 'shot.delivered';
        readonly model: string;
        readonly reused: boolean;
        readonly outputs: readonly NamedOutput[];
        readonly cost_usd?: number;
      })
  | (TakeEventBase &
      Spent & {
        readonly type: 'shot.not_delivered';
        readonly model: string;
        readonly outcome: NotDelivered;
        readonly message: string;
        readonly will_retry: boolean;
        /** As reported by the gateway for a job that failed; absent: not reported. */
        readonly cost_usd?: number;
      })
  /** Something a person should know that ends nothing: an unknown status, a poll that failed, a clip unlike the order. */
  | (EventBase & {
      readonly type: 'warning';
      readonly message: string;
      readonly key?: string;
      /** What a picture check has found in a clip of the take. */ readonly finding?: TakeFinding;
    })
  /** The gateway asked for patience: nothing is submitted until then. */
  | (EventBase & { readonly type: 'run.slowed'; readonly message: string; readonly wait_ms: number })
  /** No further submits; jobs in flight are finished unless the kind is `interrupted`. */
  | (EventBase & { readonly type: 'run.stopping'; readonly reason: StopReason })
  | (EventBase & { readonly type: 'run.finished'; readonly summary: RunSummary });

/** Where events go. The run waits until it returns, but for no promise of its own; see flow/listener.ts for what it throws. */
export type EventSink = (event: RunEvent) => void;

/** What a worker tells whoever looks after it: one line each. */
export type WorkerEvent =
  | (RunEvent & { readonly project?: string })
  | {
      readonly type: 'worker.started';
      readonly at: string;
      readonly worker: string;
      readonly gateways: readonly string[];
      readonly places: number;
    }
  /** A batch was planned again, because something it waited for has come. */
  | {
      readonly type: 'worker.planned';
      readonly at: string;
      readonly project: string;
      readonly batch: string;
      readonly offered: number;
      readonly waiting: number;
    }
  /** Something is in the way for now: the worker goes on. */
  | { readonly type: 'worker.trouble'; readonly at: string; readonly message: string; readonly hint?: string }
  | { readonly type: 'worker.stopped'; readonly at: string; readonly reason: StopReason };
