import { roundUsd, type Estimate } from '../domain/money.js';
import type { Glyphs } from './look.js';

/** `10,000`. Intl's formats would cost more at start than everything else that a command shows. */
export function groupDigits(number: number | string): string {
  const [whole = '', ...fraction] = String(number).split('.');
  return [whole.replace(/\B(?=(?:\d{3})+$)/g, ','), ...fraction].join('.');
}

/** `1 clip`, `2 clips`, `10,000 clips`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${groupDigits(number)} ${number === 1 ? noun : plural}`;
}

/**
 * US dollars for people: cents, or two significant digits below a cent. `round: 'up'` for promises
 * ("at most"), which must not turn out too low.
 */
export function formatUsd(usd: number, options: { readonly round?: 'nearest' | 'up' } = {}): string {
  const amount = roundUsd(Math.abs(usd));
  const sign = usd < 0 ? '-' : '';
  const digits = amount > 0 && amount < 0.01 ? Math.ceil(-Math.log10(amount)) + 1 : 2;
  const scale = 10 ** digits;
  // The billionths take binary dust away: 0.12 * 100 is 12.000000000000002, and 1.005 * 100 is 100.49999999999999.
  const units = options.round === 'up' ? Math.ceil(amount * scale - 1e-9) : Math.round(amount * scale + 1e-9);
  return `${sign}$${groupDigits((units / scale).toFixed(digits))}`;
}

/** What a sum leaves out: ` and 2 takes of unknown price`; empty if it is complete. */
export function unpricedWords(number: number, noun: 'take' | 'job'): string {
  return number === 0 ? '' : ` and ${count(number, noun)} of unknown price`;
}

/** What a job is expected to cost: `$0.12`, `~$0.36` for an inferred price, `$0.12–0.20` where it depends on something. */
export function formatEstimate(estimate: Estimate, signs: Glyphs): string {
  const low = formatUsd(estimate.min_usd);
  const high = formatUsd(estimate.max_usd, { round: 'up' });
  const mark = estimate.inferred ? '~' : '';
  return low === high || formatUsd(estimate.max_usd) === low
    ? mark + formatUsd(estimate.expected_usd)
    : `${mark}${low}${signs.to}${high.slice(1)}`;
}

/** A stretch of time for people: `48 s`, `11 min 40 s`, `1 h 05 min`. */
export function formatDuration(ms: number): string {
  const seconds = Math.round(Math.max(0, ms) / 1000);
  if (seconds < 60) return ms > 0 && ms < 10_000 && ms % 1000 !== 0 ? `${trimTenth(ms)} s` : `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${two(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

/** Time still to go, rounded up to what an estimate is good for: `10 s`, `6 min`, `1 h 20 min`. */
export function formatTimeLeft(ms: number): string {
  if (ms <= 10_000) return '10 s';
  if (ms <= 55_000) return `${Math.ceil(ms / 10_000) * 10} s`;
  const minutes = Math.ceil(ms / 60_000);
  if (minutes < 60) return `${minutes} min`;
  const rounded = Math.ceil(minutes / 5) * 5;
  return `${Math.floor(rounded / 60)} h ${two(rounded % 60)} min`;
}

/** A moment in the local time zone, as short as `now` allows: `09:14 today`, `09:14 yesterday`, `2026-10-10 09:14`. */
export function formatMoment(iso: string, now: number): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  const day = dayOf(date);
  if (day === dayOf(new Date(now))) return `${time} today`;
  const yesterday = new Date(now);
  yesterday.setDate(yesterday.getDate() - 1);
  if (day === dayOf(yesterday)) return `${time} yesterday`;
  return `${day} ${time}`;
}

/** Bytes for people, in powers of ten: `18 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${units[unit] ?? 'B'}`;
}

function trimTenth(ms: number): string {
  return Math.max(0.1, ms / 1000)
    .toFixed(1)
    .replace(/\.0$/, '');
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}

function dayOf(date: Date): string {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
