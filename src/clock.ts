import { setTimeout as delay } from 'node:timers/promises';

/** Time as the program sees it, so that a test can hold it still. */
export interface Clock {
  /** The time of day, milliseconds since 1970: for stamps alone, because somebody may set it at any moment. */
  now(): number;
  /** Milliseconds since some moment in the past. It only goes forward, so that waits and durations go by it. */
  elapsed(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The longest wait a Node timer takes; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => Math.trunc(performance.now()),
  async sleep(ms, signal) {
    signal?.throwIfAborted();
    try {
      await delay(Math.min(Math.max(0, ms), LONGEST_TIMER_MS), undefined, signal ? { signal } : {});
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};

/** The clock's time as ISO 8601 in UTC. */
export function isoNow(clock: Clock): string {
  return new Date(clock.now()).toISOString();
}

/**
 * Gives what tells how long ago something was that is stamped `atMs` (since 1970), in milliseconds. The stamp may be an
 * earlier run's, so the time of day is looked at once, and a stamp from the future counts as of now; from then on nobody
 * who sets the clock changes anything.
 */
export function ageOf(clock: Clock, atMs: number | undefined): () => number {
  const nowMs = clock.now();
  const bornMs = clock.elapsed() - Math.max(0, nowMs - (atMs ?? nowMs));
  return () => clock.elapsed() - bornMs;
}
