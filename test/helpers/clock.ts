import type { Clock } from '../../src/clock.js';
import { systemClock } from '../../src/clock.js';

/** A clock that runs `factor` times as fast as the real one, so that minutes of patience pass in a blink. */
export function fastClock(factor: number): Clock {
  const start = Date.now();
  return {
    now: () => start + (Date.now() - start) * factor,
    sleep: (ms, signal) => systemClock.sleep(ms / factor, signal),
  };
}
