import type { Clock } from '../clock.js';

/** What came before, so that it is known when it comes again. */
export interface Seen {
  /** Adds all of the keys; false if one of them was there. */
  add(keys: readonly string[]): boolean;
  remove(keys: readonly string[]): void;
}

/** After this long an event is refused for its age: five minutes, and as much for a clock that is fast. */
const KEPT_MS = 600_000;
/** More would be no gateway's doing. What falls out is refused for its age soon; until then it could cause one poll more. */
const MOST_KEYS = 20_000;

/** Remembers keys for as long as their events could come again; no more of them than fits. */
export function createSeen(clock: Clock): Seen {
  const since = new Map<string, number>();
  const forget = () => {
    const nowMs = clock.elapsed();
    // The oldest come first.
    for (const [key, ms] of since) {
      if (nowMs - ms < KEPT_MS && since.size <= MOST_KEYS) break;
      since.delete(key);
    }
  };
  return {
    add(keys) {
      forget();
      if (keys.some((key) => since.has(cut(key)))) return false;
      for (const key of keys) since.set(cut(key), clock.elapsed());
      return true;
    },
    remove(keys) {
      for (const key of keys) since.delete(cut(key));
    },
  };
}

/** Nobody fills the memory with long keys. */
function cut(key: string): string {
  return key.slice(0, 200);
}
