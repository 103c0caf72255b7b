/**
 * How fast submits may go out, for the whole batch. Quick while all goes well; after a "not now" nothing goes out
 * until the wait is over, and then the submits are spaced: the spacing doubles with each refusal and shrinks
 * by a fifth with each acceptance.
 */
export interface Pace {
  /** Least time between two submits; 0 while the gateway has never objected, or not for long. */
  readonly gapMs: number;
  /** Nothing goes out before this time, by the clock that only goes forward (`Clock.elapsed`), as all times here. */
  readonly pausedUntilMs: number;
  /** When the gateway last made us slower; refusals of submits sent before do not count again. */
  readonly slowedAtMs: number;
  /** Refusals in a row, for the backoff. */
  readonly refusals: number;
  /** When the present run of refusals began; undefined after an acceptance. */
  readonly troubleSinceMs: number | undefined;
}

export const FULL_PACE: Pace = {
  gapMs: 0,
  pausedUntilMs: 0,
  slowedAtMs: -Infinity,
  refusals: 0,
  troubleSinceMs: undefined,
};

const FIRST_GAP_MS = 250;
const LONGEST_GAP_MS = 30_000;
/** A gap shorter than this is no gap. */
const SHORTEST_GAP_MS = 20;
const FIRST_BACKOFF_MS = 1000;
const LONGEST_BACKOFF_MS = 60_000;
/** Even full jitter leaves the gateway this much peace. */
const LEAST_PAUSE_MS = 200;

/** A submit was accepted. */
export function afterAcceptance(pace: Pace): Pace {
  if (pace.gapMs === 0 && pace.troubleSinceMs === undefined) return pace;
  const gapMs = pace.gapMs * 0.8;
  return {
    ...pace,
    gapMs: gapMs < SHORTEST_GAP_MS ? 0 : gapMs,
    refusals: 0,
    troubleSinceMs: undefined,
  };
}

/**
 * A submit was not accepted for now. `sentAtMs` is when it went out, `retryAfterMs` the gateway's wish,
 * `random` a number in [0, 1) for the jitter. Of several submits in flight together, only one slows the pace.
 */
export function afterRefusal(
  pace: Pace,
  refusal: {
    readonly nowMs: number;
    readonly sentAtMs: number;
    readonly retryAfterMs?: number;
    readonly random: number;
  },
): Pace {
  const { nowMs, sentAtMs, retryAfterMs, random } = refusal;
  const troubleSinceMs = pace.troubleSinceMs ?? nowMs;
  if (sentAtMs < pace.slowedAtMs) {
    const pausedUntilMs = Math.max(pace.pausedUntilMs, nowMs + (retryAfterMs ?? 0));
    return { ...pace, pausedUntilMs, troubleSinceMs };
  }
  const ceilingMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** pace.refusals);
  const pauseMs = retryAfterMs ?? Math.max(LEAST_PAUSE_MS, random * ceilingMs);
  return {
    gapMs: Math.min(LONGEST_GAP_MS, pace.gapMs === 0 ? FIRST_GAP_MS : pace.gapMs * 2),
    pausedUntilMs: Math.max(pace.pausedUntilMs, nowMs + pauseMs),
    slowedAtMs: nowMs,
    refusals: pace.refusals + 1,
    troubleSinceMs,
  };
}

/** When the next submit may go out, given when the last one did. */
export function nextSubmitAtMs(pace: Pace, lastSubmitAtMs: number): number {
  return Math.max(pace.pausedUntilMs, pace.gapMs === 0 ? 0 : lastSubmitAtMs + pace.gapMs);
}
