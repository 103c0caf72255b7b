import type { JobRef, UsageBefore } from './attempt.js';

/** The outcome of a submit, by the table under "Money". It decides what may be done next. */
export type SubmitOutcome =
  | { readonly kind: 'accepted'; readonly job: JobRef; readonly status: string }
  /** The answer was lost or cannot be read: perhaps charged. `stops`: the next submit would fare the same. */
  | {
      readonly kind: 'uncertain';
      readonly message: string;
      readonly stops?: { readonly hint: string };
      /** What the sender knew of the key's usage before; the gateway says nothing of it. */
      readonly usage_before?: UsageBefore;
    }
  /** A definite no. `stops`: it is about the key or the account, so that no further submit has a chance. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly message: string;
      readonly stops?: 'key' | 'credits' | 'budget';
    }
  /** Not now. `unreachable`: not a byte left this machine. */
  | {
      readonly kind: 'not_accepted';
      readonly reason: 'rate_limited' | 'unavailable' | 'unreachable';
      readonly message: string;
      readonly retryAfterMs?: number | undefined;
    };
