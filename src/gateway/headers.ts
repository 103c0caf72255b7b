import type { Head } from './wire.js';

/** A header's value; the first if a server sends several. */
export function header({ headers }: Head, name: string): string | undefined {
  const [value] = [headers[name]].flat();
  return value;
}

/** Where an answer redirects to; undefined if it does not. */
export function redirectOf(head: Head, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(head.status)) return undefined;
  const location = header(head, 'location');
  if (location === undefined || !URL.canParse(location, from.href)) return undefined;
  const to = new URL(location, from);
  return to.protocol === 'https:' || to.protocol === 'http:' ? to : undefined;
}

/** The longest wait: a gateway that wants more is asked again. */
const LONGEST_MS = 600_000;

/**
 * How long a gateway asks to be left alone, in milliseconds and at most ten minutes: `Retry-After` in seconds (fractions too) or as
 * a date (RFC 9110, 10.2.3). A date counts from the answer's own `Date`, or from `now` if there is none, so a wrong clock does not
 * matter. Undefined if the header is absent or cannot be read.
 */
export function retryAfterMs(head: Head, now: number): number | undefined {
  const text = header(head, 'retry-after');
  if (text === undefined || text.trim() === '') return undefined;
  const seconds = Number(text);
  const ms = Number.isNaN(seconds) ? Date.parse(text) - (dateOf(head) ?? now) : seconds * 1000;
  if (Number.isNaN(ms) || seconds < 0) return undefined;
  return Math.min(Math.max(0, Math.round(ms)), LONGEST_MS);
}

function dateOf(head: Head): number | undefined {
  const date = Date.parse(header(head, 'date') ?? '');
  return Number.isNaN(date) ? undefined : date;
}
