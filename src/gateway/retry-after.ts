import type { Head } from './wire.js';

/** No wait is longer: a gateway that wants more is asked again. */
const LONGEST_MS = 600_000;

/**
 * How long a gateway asks to be left alone, in milliseconds from `now` and at most ten minutes: `Retry-After` in
 * seconds (fractions too) or as a date (RFC 9110, 10.2.3). Undefined where it does not say, or not so that it can be read.
 */
export function retryAfterMs(headers: Head['headers'], now: number): number | undefined {
  const [text] = [headers['retry-after']].flat();
  if (text === undefined || text.trim() === '') return undefined;
  const seconds = Number(text);
  const ms = Number.isNaN(seconds) ? Date.parse(text) - now : seconds * 1000;
  if (Number.isNaN(ms) || seconds < 0) return undefined;
  return Math.min(Math.max(0, Math.round(ms)), LONGEST_MS);
}
