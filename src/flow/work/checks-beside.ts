import { isoNow, type Clock } from '../../clock.js';
import type { EventSink, RunEvent } from '../../events.js';
import { findingsOfTake } from './known-findings.js';
import type { PictureChecks } from './picture-checks.js';

/** Checks clips beside a run, as they are delivered. */
export interface ChecksBeside {
  /** Passes an event on, and begins to look at what it delivers. */
  readonly emit: EventSink;
  /** Waits for all checks, and keeps their findings. */
  finish(): Promise<void>;
}

/**
 * Looks at each clip that an event says is delivered. Only the end of the run waits for these checks; it reports findings as
 * warnings about the take. Without `checks` it only passes events on.
 */
export function checksBeside(
  checks: PictureChecks | undefined,
  { clock, emit }: { readonly clock: Clock; readonly emit: EventSink },
): ChecksBeside {
  const looks: Promise<void>[] = [];
  const look = async (to: PictureChecks, event: Extract<RunEvent, { type: 'shot.delivered' }>) => {
    await Promise.all(event.outputs.map((output) => to.check(output)));
    // The run that delivered an existing clip has already reported its findings.
    if (event.reused) return;
    for (const finding of findingsOfTake(event.outputs, to) ?? []) {
      const { message } = finding;
      emit({ type: 'warning', at: isoNow(clock), message, key: event.key, finding });
    }
  };
  return {
    emit(event) {
      emit(event);
      if (checks && event.type === 'shot.delivered') looks.push(look(checks, event));
    },
    async finish() {
      await Promise.all(looks);
      await checks?.save();
    },
  };
}
