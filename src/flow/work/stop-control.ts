import { setMaxListeners } from 'node:events';
import type { Clock } from '../../clock.js';
import type { StopReason } from '../../events.js';

/** How long an interrupted run waits for the answers of submits that are on their way. */
const ANSWER_GRACE_MS = 4000;

/**
 * Two ways to stop. Most reasons end the submitting: jobs in flight are finished and fetched. An interruption
 * ends the work too; only submits on their way are waited for, so that no job id is lost.
 */
export interface StopControl {
  readonly reason: StopReason | undefined;
  /** Aborts with any reason: nothing new is submitted. */
  readonly submitting: AbortSignal;
  /** Aborts with an interruption: polls, downloads and waits end. */
  readonly working: AbortSignal;
  /** Aborts a while after an interruption: submits on their way are given up, as uncertain. */
  readonly answering: AbortSignal;
  /** Stops the run. The first reason stays, but an interruption outranks all others. */
  stop(reason: StopReason): void;
  /** Ends the watch over `signal`, and the wait. */
  release(): void;
}

/** `signal` is the caller's: when it aborts, the run is interrupted. */
export function createStopControl({
  signal,
  clock,
  onStop,
}: {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly onStop: (reason: StopReason) => void;
}): StopControl {
  const submitting = new AbortController();
  const working = new AbortController();
  const answering = new AbortController();
  const released = new AbortController();
  // Each job of a run may listen to these signals, and each run to the caller's: Node warns at the eleventh listener.
  setMaxListeners(0, signal, submitting.signal, working.signal, answering.signal);
  let reason: StopReason | undefined;

  const stop = (next: StopReason) => {
    const isInterruption = next.kind === 'interrupted';
    if (reason && (!isInterruption || reason.kind === 'interrupted')) return;
    reason = next;
    submitting.abort();
    if (isInterruption) {
      working.abort();
      clock.sleep(ANSWER_GRACE_MS, released.signal).then(
        () => answering.abort(),
        () => undefined,
      );
    }
    onStop(next);
  };
  const interrupt = () => stop({ kind: 'interrupted', message: 'interrupted' });
  if (signal.aborted) interrupt();
  else signal.addEventListener('abort', interrupt, { once: true });
  return {
    get reason() {
      return reason;
    },
    submitting: submitting.signal,
    working: working.signal,
    answering: answering.signal,
    stop,
    release() {
      signal.removeEventListener('abort', interrupt);
      released.abort();
    },
  };
}
