/*
 * When to look at a job next, given how long others like it took.
 *
 * Lengths are compared on a logarithmic scale, because being late by a tenth matters the same for a short job and
 * for a long one. A poll finds an end late by half the gap to the poll before it, on average. For a given number
 * of polls that is least where their density follows the square root of the hazard: the chance that a job which
 * still runs ends now. So polls crowd where ends are likely, and are rare where they are not.
 */

/** How long the next job may take: log-normal around the lengths seen, or, by the doubt, quite different. */
export interface Forecast {
  /** The natural logarithm of the middle, in milliseconds. */
  readonly middle: number;
  /** The standard deviation of that logarithm. */
  readonly spread: number;
  /** From 0 to 1: how likely the job is to differ from those seen. Never 0, so that no time is ruled out. */
  readonly doubt: number;
}

/**
 * The age at which to ask for a job, in milliseconds since it was accepted, when it was found unfinished at
 * `elapsedMs`; `polled` is false for one that was not asked for yet. Infinity if its end is long overdue.
 * `share` of the usual polls are spent.
 */
export function nextPollAt(
  forecast: Forecast,
  {
    elapsedMs,
    polled,
    share,
  }: { readonly elapsedMs: number; readonly polled: boolean; readonly share: number },
): number {
  let due = polled ? 0 : HEAD_START;
  const from = Math.max(Math.log(Math.max(elapsedMs, 1)), forecast.middle - REACH);
  for (let at = from; at < forecast.middle + REACH; at += STEP) {
    const density = share * eagerness(forecast.middle) * Math.sqrt(hazard(forecast, at + STEP / 2));
    if (due + density * STEP >= 1) return Math.exp(at + (1 - due) / density);
    due += density * STEP;
  }
  return Infinity;
}

/** When to expect an end from, in milliseconds since acceptance: one in forty comes earlier. */
export function windowStartMs({ middle, spread }: Forecast): number {
  return Math.exp(middle - 2 * spread);
}

/** Until when to expect an end, in milliseconds since acceptance: one in a thousand comes later. */
export function windowEndMs({ middle, spread }: Forecast): number {
  return Math.exp(middle + 3 * spread);
}

/** How likely an end between two ages was, if the job was like those seen, and if it was not. */
export function likelihood(
  { middle, spread }: Forecast,
  fromMs: number,
  toMs: number,
): { readonly alike: number; readonly unlike: number } {
  const between = (share: (at: number) => number) =>
    share(Math.log(toMs)) - (fromMs > 0 ? share(Math.log(fromMs)) : 0);
  return {
    alike: between((at) => normal((at - middle) / spread)),
    unlike: between((at) => logistic((at - middle) / DOUBT_WIDTH)),
  };
}

/** The logarithm of the length to be expected of a job like those seen that ended before an age. */
export function expectedBefore({ middle, spread }: Forecast, ms: number): number {
  const z = (Math.log(ms) - middle) / spread;
  // The mean of a truncated normal distribution, by its usual asymptote where the share is too small to divide by.
  const below = z < -2 ? -z - 1 / z : bell(z) / normal(z);
  return middle - spread * below;
}

/** The forecast is computed from a 150th to 150 times its middle, in steps of 4 %. */
const REACH = 5;
const STEP = 0.04;

/** The first poll is half a poll late, because no poll comes before it. Found by experiment. */
const HEAD_START = -0.5;

/** How wide the doubt reaches around the middle, as the scale of a logistic distribution. */
const DOUBT_WIDTH = 1.2;

/**
 * How many polls to spend: 6.5 makes about five for a spread of 0.2, which notice an end late by 4 % of the length.
 * A gateway whose jobs take a few seconds is asked more often, because so short a gap costs it little and a slot
 * much: three times as often for jobs of 3 s, thirty times for those of half a second.
 */
function eagerness(middle: number): number {
  return 6.5 * (1 + (5_000 / Math.max(Math.exp(middle), 500)) ** 1.5);
}

/** Ends for each unit of logarithmic time, among the jobs that have not ended by then. */
function hazard({ middle, spread, doubt }: Forecast, at: number): number {
  const z = (at - middle) / spread;
  const unlike = logistic((at - middle) / DOUBT_WIDTH);
  const ending = ((1 - doubt) * bell(z)) / spread + (doubt * unlike * (1 - unlike)) / DOUBT_WIDTH;
  const running = (1 - doubt) * (1 - normal(z)) + doubt * (1 - unlike);
  return ending / running;
}

/** The density of the standard normal distribution. */
function bell(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}

/** Its distribution function, by the logistic approximation of Bowling et al. (2009), within 0.00014. */
function normal(z: number): number {
  return logistic(z * (1.5976 + 0.07056 * z * z));
}

function logistic(z: number): number {
  return 1 / (1 + Math.exp(-z));
}
