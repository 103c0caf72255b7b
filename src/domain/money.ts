/**
 * Rounds US dollars to a billionth, so that sums of decimal prices stay decimal (0.1 + 0.2 is 0.3).
 * A billionth is finer than any price in the catalogue (a token costs 1e-6 and more, and is multiplied at once).
 */
export function roundUsd(usd: number): number {
  return Math.round(usd * 1e9) / 1e9;
}

/** Adds US dollars without binary dust. */
export function sumUsd(amounts: Iterable<number>): number {
  let nano = 0;
  for (const usd of amounts) nano += Math.round(usd * 1e9);
  return nano / 1e9;
}

/** US dollars in a message, exact, with cents at least: `$0.30`, `$0.0085`. */
export function dollars(usd: number): string {
  const [whole = '0', fraction = ''] = roundUsd(usd).toFixed(9).split('.');
  return `$${whole}.${fraction.replace(/0+$/, '').padEnd(2, '0')}`;
}

/** What a job is expected to cost, in US dollars. Always min ≤ expected ≤ max. */
export interface Estimate {
  readonly min_usd: number;
  readonly expected_usd: number;
  readonly max_usd: number;
  /** The key of `pricing_skus` that set the expected price; null if nothing is bought. */
  readonly sku: string | null;
  /** The price rests on a formula that the gateway does not publish (video tokens). */
  readonly inferred: boolean;
}

/** The estimate of something that costs nothing. */
export const FREE: Estimate = { min_usd: 0, expected_usd: 0, max_usd: 0, sku: null, inferred: false };

/** US dollars, rounded up to cents: a ceiling that is enough. */
export function upToCents(usd: number): number {
  // Sums of prices such as 0.1 and 0.2 are a little off.
  return Math.ceil(usd * 100 - 1e-6) / 100;
}
