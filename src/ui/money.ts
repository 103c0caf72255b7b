import type { Estimate } from '../domain/money.js';
import { roundUsd } from '../domain/money.js';
import type { Glyphs } from './glyphs.js';
import { count, groupDigits } from './text.js';

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

/** What a sum leaves out: ` and 2 takes of unknown price`; nothing where it is whole. */
export function unpricedWords(number: number, noun: 'take' | 'job'): string {
  return number === 0 ? '' : ` and ${count(number, noun)} of unknown price`;
}

/** What a job is expected to cost: `$0.12`, `~$0.36` for an inferred price, `$0.12–0.20` where it hangs on something. */
export function formatEstimate(estimate: Estimate, glyphs: Glyphs): string {
  const low = formatUsd(estimate.min_usd);
  const high = formatUsd(estimate.max_usd, { round: 'up' });
  const mark = estimate.inferred ? '~' : '';
  return low === high || formatUsd(estimate.max_usd) === low
    ? mark + formatUsd(estimate.expected_usd)
    : `${mark}${low}${glyphs.to}${high.slice(1)}`;
}
