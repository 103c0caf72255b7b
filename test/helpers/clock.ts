import type { Clock } from '../../src/clock.js';
import { systemClock } from '../../src/clock.js';

/** A clock that runs `factor` times as fast as the real one, so that minutes of patience pass in a blink. */
export function fastClock(factor: number): Clock {
  const start = Date.now();
  const elapsed = () => systemClock.elapsed() * factor;
  const before = elapsed();
  return {
    now: () => start + elapsed() - before,
    elapsed,
    sleep: (ms, signal) => systemClock.sleep(ms / factor, signal),
  };
}

export const DAY_MS = 86_400_000;

/** A clock whose time of day a test sets, back or forward, while all else goes on. */
export interface SettableClock extends Clock {
  set(byMs: number): void;
}

export function settable(clock: Clock): SettableClock {
  let offMs = 0;
  return {
    ...clock,
    now: () => clock.now() + offMs,
    set(byMs) {
      offMs += byMs;
    },
  };
}
