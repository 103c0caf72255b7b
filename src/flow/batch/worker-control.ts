import { isoNow } from '../../clock.js';
import { DailiesError, messageOf } from '../../errors.js';
import { createStopControl, type StopControl } from '../work/stop-control.js';
import type { WorkerOptions } from './work.js';

/** A fault of a disk or a bucket may be over soon; until then the worker begins nothing. */
const PAUSE_MS = 30_000;

/** The stop control of a worker: a reason that ends a run here stops the account, in the store, or is temporary. */
export interface WorkerControl extends StopControl {
  /** How long the worker begins nothing, milliseconds. */
  pauseMs(): number;
  /** Reports a temporary fault: the worker begins nothing for a while. */
  stumble(error: unknown): void;
}

export function workerControl({
  signal,
  clock,
  onEvent,
}: Pick<WorkerOptions, 'signal' | 'clock' | 'onEvent'>): WorkerControl {
  let pausedUntilMs = -Infinity;
  const own = createStopControl({ signal, clock, onStop: () => undefined });
  const pause = (message: string, hint?: string) => {
    pausedUntilMs = clock.elapsed() + PAUSE_MS;
    onEvent({ type: 'worker.trouble', at: isoNow(clock), message, ...(hint === undefined ? {} : { hint }) });
  };
  return {
    get reason() {
      return own.reason;
    },
    submitting: own.submitting,
    working: own.working,
    answering: own.answering,
    release: () => own.release(),
    pauseMs: () => Math.max(0, pausedUntilMs - clock.elapsed()),
    stumble(error) {
      pause(messageOf(error), error instanceof DailiesError ? error.hint : undefined);
    },
    stop(reason) {
      switch (reason.kind) {
        case 'disk':
          pause(reason.message, reason.hint);
          break;
        case 'budget':
        case 'credits':
          // The store has stopped the batch, or the account, for all.
          break;
        default:
          own.stop(reason);
      }
    },
  };
}
