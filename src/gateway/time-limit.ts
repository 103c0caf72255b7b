import { systemClock, type Clock } from '../clock.js';

/** A limit on the wait for something from the network. */
export interface TimeLimit {
  /** Something has arrived: restarts the count. */
  refresh(): void;
  /** Ends the limit for good. */
  clear(): void;
}

/** If a timer fires this much too late, the machine slept, or was too busy to listen. */
const LATE_MS = 500;
/** A network needs a moment to wake up, too. */
const GRACE_MS = 10_000;

/**
 * Calls `onTime` if nothing that could be read by then has arrived for `ms`. A turn of the event loop handles its timers before its
 * sockets, so whatever arrived in time is read first. If either clock shows that the machine slept, the limit is some seconds
 * longer.
 */
export function timeLimit(
  ms: number,
  onTime: () => void,
  clock: Pick<Clock, 'now' | 'elapsed'> = systemClock,
): TimeLimit {
  let timer: NodeJS.Timeout | undefined;
  let isLifted = false;
  const arm = (waitMs: number): void => {
    const [now, elapsed] = [clock.now(), clock.elapsed()];
    const armed = setTimeout(() => {
      const passedMs = Math.max(clock.now() - now, clock.elapsed() - elapsed);
      if (passedMs - waitMs > LATE_MS) arm(Math.min(ms, GRACE_MS));
      else
        afterReading(() => {
          if (timer === armed && !isLifted) onTime();
        });
    }, waitMs);
    timer = armed;
  };
  arm(ms);
  return {
    refresh() {
      clearTimeout(timer);
      if (!isLifted) arm(ms);
    },
    clear() {
      clearTimeout(timer);
      isLifted = true;
    },
  };
}

/** Calls back when everything that has arrived by now is read: the first turn may have polled the sockets before. */
export function afterReading(then: () => void): void {
  setImmediate(() => setImmediate(then));
}
