import type { Clock } from '../clock.js';
import { afterAcceptance, afterRefusal, FULL_PACE, nextSubmitAtMs, type Pace } from '../shot/pace.js';

/** The one door all submits of a run go through, so that the whole batch slows when the gateway asks for it. */
export interface SubmitGate {
  /** Resolves when a submit may go out, in the order of asking; rejects when the signal aborts. */
  enter(signal: AbortSignal): Promise<void>;
  accepted(): void;
  /** Returns how long the batch now waits, in milliseconds. */
  refused(refusal: { readonly sentAtMs: number; readonly retryAfterMs?: number }): number;
  /** How long no submit has been accepted while at least one was refused, in milliseconds. */
  troubleMs(): number;
}

export function createSubmitGate(clock: Clock, random: () => number = Math.random): SubmitGate {
  let pace: Pace = FULL_PACE;
  let lastSubmitAtMs = 0;
  let queue: Promise<void> = Promise.resolve();

  const waitForTurn = async (signal: AbortSignal) => {
    for (;;) {
      signal.throwIfAborted();
      const nowMs = clock.now();
      const atMs = nextSubmitAtMs(pace, lastSubmitAtMs);
      if (atMs <= nowMs) {
        lastSubmitAtMs = nowMs;
        return;
      }
      await clock.sleep(atMs - nowMs, signal);
    }
  };
  return {
    enter(signal) {
      const turn = queue.then(() => waitForTurn(signal));
      queue = turn.catch(() => undefined);
      return turn;
    },
    accepted() {
      pace = afterAcceptance(pace);
    },
    refused(refusal) {
      const nowMs = clock.now();
      pace = afterRefusal(pace, { ...refusal, nowMs, random: random() });
      return pace.pausedUntilMs - nowMs;
    },
    troubleMs: () => (pace.troubleSinceMs === undefined ? 0 : clock.now() - pace.troubleSinceMs),
  };
}
