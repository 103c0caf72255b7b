import type { KeptSettings } from './fields.js';
import type { Estimate } from './money.js';
import type { FramePosition, FrameType, MediaKind, TakeRef } from './take.js';

/*
 * A shot's life. Each arrow is one AttemptEvent; `advance` in shot/advance.ts is the only way along it.
 *
 *   planned → submitting → pending ⇄ in_progress → completed → downloading → delivered
 *      ↑           │          └──────┬──────┘ ↑         ↑──download_failed──┘      │
 *      └not_accepted┤                │        │         └────────clip_gone──────────┘
 *                  │                 ├→ failed · cancelled · expired    the gateway's last word
 *                  │                 └→ lost ──found──┘                 404 for good, or the clip is gone: paid, held
 *                  ├→ refused                          a definite no: never charged
 *                  └→ uncertain ──adopted──→ pending   the answer was lost: perhaps charged, held
 *                         └→ not_charged · abandoned   settled by hand (abandoned also from lost)
 *
 * A clip that was gone and lies there again brings its attempt back to delivered, from wherever clip_gone has led.
 */

/** An input as it was sent: what it was is kept, its signing parameters and its bytes are not. */
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
  /** Frames a second; absent where the file does not tell. */
  readonly fps?: number;
  readonly audio_codec?: string;
}

/** One clip on disk. */
export interface Output {
  /** Relative to the manifest's folder where inside it, else absolute; always with `/`. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /**
   * The sha256 it had when it was first delivered, where the gateway has sent the same job's clip in other bytes since:
   * what was made from it goes by that.
   */
  readonly first_sha256?: string;
  /** Of the file as we left it, for the cheap check of the next run. Milliseconds since 1970, whole. */
  readonly mtime_ms: number;
  readonly media: MediaFacts;
  /** Where the file differs from what was asked: length, size, audio, first frame. Sentences with both values. */
  readonly warnings: readonly string[];
}

/** What a gateway's job is known by. */
export interface JobRef {
  readonly id: string;
  /** As the gateway gave it, unless it carries a signature; absent where it gave none. */
  readonly polling_url?: string;
}

/**
 * The state of an attempt: a union in which each state holds just what it proves.
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
  | { readonly kind: 'uncertain'; readonly since: string; readonly message: string }
  /** Settled by hand, with `dailies resolve`. */
  | { readonly kind: 'not_charged'; readonly since: string }
  | { readonly kind: 'abandoned'; readonly since: string; readonly job?: JobRef; readonly cost_usd?: number };

export type AttemptStateKind = AttemptState['kind'];

/** The members of the union that can bear one of these kinds. */
export type StateOf<K extends AttemptStateKind, S = AttemptState> = S extends {
  readonly kind: AttemptStateKind;
}
  ? [S['kind'] & K] extends [never]
    ? never
    : S
  : never;

/** What moves an attempt from one state to another; also the body of a journal line. `at` is ISO 8601, UTC. */
export type AttemptEvent = { readonly at: string } & (
  | { readonly type: 'submit_started' }
  | { readonly type: 'accepted'; readonly job: JobRef }
  | { readonly type: 'not_accepted'; readonly message: string }
  | { readonly type: 'refused'; readonly status: number; readonly message: string }
  | { readonly type: 'answer_lost'; readonly message: string }
  /** A later run takes the job up: what it did meanwhile nobody saw. */
  | { readonly type: 'resumed' }
  | { readonly type: 'progressed'; readonly status: 'pending' | 'in_progress' }
  | { readonly type: 'completed'; readonly cost_usd?: number }
  | {
      readonly type: 'ended';
      readonly status: 'failed' | 'cancelled' | 'expired';
      readonly message: string;
      readonly cost_usd?: number;
    }
  | { readonly type: 'lost'; readonly message: string }
  | { readonly type: 'found' }
  | { readonly type: 'download_started' }
  | { readonly type: 'download_failed'; readonly message: string }
  | { readonly type: 'delivered'; readonly outputs: readonly Output[] }
  /** The file is missing or broken on disk: it is fetched again, for free. */
  | { readonly type: 'clip_gone' }
  /** The file that was gone lies there again, as it was. */
  | { readonly type: 'clip_back' }
  /** The outputs were moved (renamed shot, superseded clip): their new paths, in order. */
  | { readonly type: 'moved'; readonly paths: readonly string[] }
  | { readonly type: 'resolved'; readonly as: 'job'; readonly job: JobRef }
  | { readonly type: 'resolved'; readonly as: 'not_charged' }
  | { readonly type: 'resolved'; readonly as: 'abandoned' }
);

/** One purchase, or the try of one: what was asked, for which take, and how far it came. */
export interface Attempt {
  /** Unique within the lockfile: a decimal counter. */
  readonly id: string;
  /** The take that owns it now; a rename moves it. */
  readonly owner: TakeRef;
  /** sha256 of what shapes the picture, lower-case hex: see shot/order.ts. */
  readonly fingerprint: string;
  readonly request: RecordedRequest;
  /** The gateway's base URL; `sandbox` for ours. */
  readonly gateway: string;
  /** null: the model has no price we can read. */
  readonly estimate: Estimate | null;
  readonly state: AttemptState;
  /**
   * The clips as they were delivered once, since they are gone from the disk: what was made from them still is, and
   * they may come back.
   */
  readonly gone_clips?: readonly Output[];
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

/** What tells the job of an attempt from all others: each gateway counts its own. undefined before there is one. */
export function jobKeyOf({ gateway, state }: Pick<Attempt, 'gateway' | 'state'>): string | undefined {
  return 'job' in state ? `${gateway} ${state.job.id}` : undefined;
}

/** The clips that an attempt has on record, whether or not they are still on the disk. */
export function clipsOnRecord(attempt: Pick<Attempt, 'state' | 'gone_clips'>): readonly Output[] {
  return attempt.gone_clips ?? outputsOf(attempt);
}

/** What a clip is known by to those that are made from it: a sha256. */
export function identityOf({ sha256, first_sha256 }: Output): string {
  return first_sha256 ?? sha256;
}

/** The clips of an attempt; none before it is delivered. */
export function outputsOf({ state }: Pick<Attempt, 'state'>): readonly Output[] {
  return state.kind === 'delivered' ? state.outputs : [];
}
