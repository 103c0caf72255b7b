import type { KeptSettings } from './fields.js';
import type { Estimate } from './money.js';
import type { FramePosition, FrameType, MediaKind, TakeRef } from './take.js';

/*
 * A shot's life. Each arrow is one AttemptEvent; `advance` in shot/advance.ts is the only way along it.
 *
 *   planned → submitting → pending ⇄ in_progress → completed ⇄ downloading → delivered ↺ fetched again
 *      ↑           │          └──────┬──────┘ ↑         └──────┬──────┘
 *      └not_accepted┤                │        └────found────┐  │
 *                  │                 ├→ failed · cancelled · expired    the gateway's last word
 *                  │                 └────────────→ lost ←──┴──┘        404 for good: paid, held
 *                  ├→ refused                          a definite no: never charged
 *                  └→ uncertain ──adopted──→ pending   the answer was lost: perhaps charged, held
 *                         └→ not_charged · abandoned   settled by hand (abandoned also from lost)
 *
 * What was delivered stays delivered: whether its clip is in the store is a fact of the disk, not of the purchase.
 */

/** An input as it was sent, without its signing parameters and its bytes. */
export type RecordedInput =
  | { readonly path: string; readonly sha256: string }
  /** Without the parameters that sign it. */
  | { readonly url: string }
  /** A frame of another shot: the clip it was taken from, and the PNG that was sent. */
  | {
      readonly from: string;
      readonly take: number;
      readonly at: FramePosition;
      readonly clip_sha256: string;
      readonly path?: string;
      readonly sha256?: string;
    };

/** The request as sent, fit to be kept: the API's fields, with inputs as `RecordedInput`. */
export interface RecordedRequest extends KeptSettings {
  readonly previous_job_id?: string;
  readonly frame_images?: readonly { readonly frame_type: FrameType; readonly input: RecordedInput }[];
  readonly input_references?: readonly { readonly media: MediaKind; readonly input: RecordedInput }[];
}

/** What the media file says of itself. */
export interface MediaFacts {
  readonly container: 'mp4' | 'webm';
  readonly duration_s: number;
  readonly width: number;
  readonly height: number;
  readonly video_codec: string;
  /** Frames a second; absent if the file does not tell. */
  readonly fps?: number;
  readonly audio_codec?: string;
}

/** One clip, identified by its content. The clip store knows where it is. */
export interface Output {
  /** Of the clip as the store has it; lower-case hex. */
  readonly sha256: string;
  readonly bytes: number;
  /**
   * The sha256 of the first delivery, if the gateway has since sent the same job's clip with other bytes:
   * the shots made from it and the picks refer to this one.
   */
  readonly first_sha256?: string;
  readonly media: MediaFacts;
  /** How the file differs from what was asked: length, size, audio, first frame. Sentences with both values. */
  readonly warnings: readonly string[];
}

/** What a gateway tells of its job beside its state; each absent where it does not. */
export interface JobDetails {
  /** Its id in the gateway's accounts of requests (`GET /generation?id=`). */
  readonly generation_id?: string;
  /** The provider that made the clip. */
  readonly served_by?: string;
}

/** What identifies a gateway's job, and what else is known of it. */
export interface JobRef extends JobDetails {
  readonly id: string;
  /** As the gateway gave it, unless it carries a signature; absent if it gave none. */
  readonly polling_url?: string;
}

/**
 * The state of an attempt: a union in which each state has only what it proves.
 * `since` is when the attempt entered it (ISO 8601, UTC).
 */
export type AttemptState =
  | { readonly kind: 'planned'; readonly since: string }
  | { readonly kind: 'submitting'; readonly since: string }
  | { readonly kind: 'pending' | 'in_progress'; readonly since: string; readonly job: JobRef }
  /** The job is done, and its clips are on the gateway. `cost_usd` absent: not reported, which is not zero. */
  | {
      readonly kind: 'completed' | 'downloading';
      readonly since: string;
      readonly job: JobRef;
      readonly cost_usd?: number;
    }
  | {
      readonly kind: 'delivered';
      readonly since: string;
      readonly job: JobRef;
      readonly cost_usd?: number;
      readonly outputs: readonly Output[];
      /** Why its clip could not be fetched again after the store lost it: the gateway no longer has it either. */
      readonly lost?: string;
      /** Its clips were removed from the store on purpose. */
      readonly pruned?: boolean;
      /** Only its receipt records the delivery, and its clips were not found: a run may have died in the middle of it. */
      readonly unseen?: boolean;
    }
  /** Terminal words of the gateway. */
  | {
      readonly kind: 'failed' | 'cancelled' | 'expired';
      readonly since: string;
      readonly job: JobRef;
      readonly cost_usd?: number;
      /** The gateway's own words. */
      readonly message: string;
    }
  /** 404 for good, or a completed job without a clip to fetch: paid, asked for again by each run. */
  | {
      readonly kind: 'lost';
      readonly since: string;
      readonly job: JobRef;
      readonly cost_usd?: number;
      readonly message: string;
    }
  /** A definite no: never charged. `status` is the HTTP status. */
  | { readonly kind: 'refused'; readonly since: string; readonly status: number; readonly message: string }
  /** The answer was lost: perhaps charged. */
  | {
      readonly kind: 'uncertain';
      readonly since: string;
      readonly message: string;
      readonly usage_before?: UsageBefore;
    }
  /** Settled by hand, with `dailies resolve`. */
  | { readonly kind: 'not_charged'; readonly since: string }
  | { readonly kind: 'abandoned'; readonly since: string; readonly job?: JobRef; readonly cost_usd?: number };

/** What the key had used in all before a run, and when the gateway said so. */
export interface UsageBefore {
  /** US dollars. */
  readonly usd: number;
  /** ISO 8601, UTC. */
  readonly at: string;
}

export type AttemptStateKind = AttemptState['kind'];

/** The members of the union that can have one of these kinds. */
export type StateOf<K extends AttemptStateKind, S = AttemptState> = S extends {
  readonly kind: AttemptStateKind;
}
  ? [S['kind'] & K] extends [never]
    ? never
    : S
  : never;

/** What moves an attempt from one state to another; also the body of a journal line. `at` is ISO 8601, UTC. */
export type AttemptEvent = { readonly at: string } &
  /** `callback`: the token of the address that this submit carries. */
  (
    | { readonly type: 'submit_started'; readonly callback?: string }
    | { readonly type: 'accepted'; readonly job: JobRef }
    | { readonly type: 'not_accepted'; readonly message: string }
    | { readonly type: 'refused'; readonly status: number; readonly message: string }
    | { readonly type: 'answer_lost'; readonly message: string; readonly usage_before?: UsageBefore }
    /** A later run resumes the job: its state in between is unknown. */
    | { readonly type: 'resumed' }
    | { readonly type: 'progressed'; readonly status: 'pending' | 'in_progress' }
    | { readonly type: 'completed'; readonly cost_usd?: number; readonly details?: JobDetails }
    | {
        readonly type: 'ended';
        readonly status: 'failed' | 'cancelled' | 'expired';
        readonly message: string;
        readonly cost_usd?: number;
        readonly details?: JobDetails;
      }
    /** 404 for good. For a delivered attempt: its clip is no longer available. */
    | { readonly type: 'lost'; readonly message: string }
    | { readonly type: 'found' }
    | { readonly type: 'download_started' }
    | { readonly type: 'download_failed'; readonly message: string }
    | { readonly type: 'delivered'; readonly outputs: readonly Output[] }
    /** The set of takes that it represents was delivered: see `RerenderMark`. */
    | { readonly type: 'rerendered' }
    /** Its clips were removed from the store, and no take asks for them. */
    | { readonly type: 'pruned' }
    | { readonly type: 'resolved'; readonly as: 'job'; readonly job: JobRef }
    | { readonly type: 'resolved'; readonly as: 'not_charged' }
    | { readonly type: 'resolved'; readonly as: 'abandoned' }
  );

/** A set of takes to rerender, as each purchase for it records it. */
export interface RerenderMark {
  /** What identifies the set: a hash of its takes. */
  readonly set: string;
  /** The newest attempt when the set was asked for: a take that a later attempt delivered is done. */
  readonly since: string;
  /** The takes of the set, as `shot@take`, in the first purchase for it, which represents the set. */
  readonly takes?: readonly string[];
  /** All of it was delivered, and the run that saw that ended normally. */
  readonly done?: true;
}

/** One purchase, or the try of one: what was asked, for which take, and how far it came. */
export interface Attempt {
  /** Unique across all projects. Within a project, the id of a later attempt sorts after it. */
  readonly id: string;
  /** The take that owns it now; a rename moves it. */
  readonly owner: TakeRef;
  /** sha256 of what shapes the picture, lower-case hex: see shot/order.ts. */
  readonly fingerprint: string;
  readonly request: RecordedRequest;
  /** The gateway's base URL; `sandbox` for the sandbox. */
  readonly gateway: string;
  /** null: the model has no price we can read. */
  readonly estimate: Estimate | null;
  /**
   * The id of the attempt that this one replaces: a clip that is rerendered, or an uncertain submit that
   * was given up for this one.
   */
  readonly replaces?: string;
  /** The set of takes to rerender that it was bought for. */
  readonly rerender?: RerenderMark;
  /**
   * The random token of the address to which the gateway reports the end of its job (`callback_url`). Kept while that may
   * still tell something, and never shown.
   */
  readonly callback?: string;
  readonly state: AttemptState;
  /** How many entries of the journal it has gone through: an entry counts once, however often it is read. */
  readonly steps: number;
  /** The names that its clips have, in the order of its outputs, relative to the manifest's folder; absent: none. */
  readonly names?: readonly string[];
  /** Milliseconds since 1970 of the steps that were reached, for the timeline and for poll timing. */
  readonly times: {
    readonly created: number;
    readonly submitted?: number;
    readonly accepted?: number;
    readonly resumed?: number;
    readonly started?: number;
    readonly completed?: number;
    readonly delivered?: number;
  };
}

/** What identifies a clip for the shots made from it: a sha256. */
export function identityOf({ sha256, first_sha256 }: Output): string {
  return first_sha256 ?? sha256;
}

/** The clips of an attempt; none before it is delivered. */
export function outputsOf({ state }: Pick<Attempt, 'state'>): readonly Output[] {
  return state.kind === 'delivered' ? state.outputs : [];
}

/** A clip and the name it has, relative to the manifest's folder, with `/`. */
export interface NamedOutput extends Output {
  readonly path: string;
}

/** The clips of an attempt that have names. */
export function namedOutputs(attempt: Pick<Attempt, 'state' | 'names'>): readonly NamedOutput[] {
  return outputsOf(attempt).flatMap((output, index) => {
    const path = attempt.names?.[index];
    return path === undefined ? [] : [{ ...output, path }];
  });
}
