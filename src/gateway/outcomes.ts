import type { JobDetails } from '../domain/attempt.js';

export type { SubmitOutcome } from '../domain/submit-outcome.js';

/** Where a clip lies. A signed URL is a secret: never stored, never shown. */
export interface ClipUrl {
  readonly url: string;
  /** The key goes along: only ever to the gateway's own origin. */
  readonly withKey: boolean;
  /** Another address of the same clip, for when this one fails. */
  readonly next?: ClipUrl;
}

/** What one look at a job brought. Only `completed` and `ended` end it. */
export type PollOutcome =
  | { readonly kind: 'running'; readonly status: 'pending' | 'in_progress' }
  /** A status this program does not know; not the end. */
  | { readonly kind: 'unknown_status'; readonly word: string }
  /**
   * One entry for each output, never none; `leftOut`: how many more the gateway lists than any job has. `cost_usd` absent: not
   * reported, which is not zero.
   */
  | {
      readonly kind: 'completed';
      readonly urls: readonly ClipUrl[];
      readonly leftOut?: number;
      readonly cost_usd?: number;
      readonly details?: JobDetails;
    }
  | {
      readonly kind: 'ended';
      readonly status: 'failed' | 'cancelled' | 'expired';
      readonly message: string;
      readonly cost_usd?: number;
      readonly details?: JobDetails;
    }
  | { readonly kind: 'not_found'; readonly message: string }
  /** About the key, not about the job. */
  | { readonly kind: 'key_refused'; readonly status: number; readonly message: string }
  /** No answer that can be read, for now. */
  | { readonly kind: 'unavailable'; readonly message: string; readonly retryAfterMs?: number | undefined };

/** The outcome of a download. What is on the disk by then can be continued, unless it is not the clip's. */
export type DownloadOutcome =
  /** The whole of it is in the file, and on the disk. */
  | { readonly kind: 'downloaded'; readonly bytes: number; readonly sha256: string }
  /** 404 or 410. */
  | { readonly kind: 'gone'; readonly message: string }
  /** This address will not do: its signature has expired, it redirects badly. A fresh poll may bring another. */
  | { readonly kind: 'url_refused'; readonly message: string }
  | { readonly kind: 'interrupted'; readonly message: string; readonly retryAfterMs?: number | undefined }
  /** More bytes than the clip can have: nothing of them is kept. */
  | { readonly kind: 'too_large'; readonly message: string }
  /** A page, an error or nothing at all under a 200. */
  | { readonly kind: 'not_media'; readonly message: string }
  | { readonly kind: 'key_refused'; readonly status: number; readonly message: string };
