import { describe, expect, it } from 'vitest';
import { styleOf } from '../../src/ui/look.js';
import {
  formatBytes,
  formatDuration,
  formatEstimate,
  formatMoment,
  formatTimeLeft,
  formatUsd,
} from '../../src/ui/figures.js';

describe('formatUsd', () => {
  it.each([
    [0, '$0.00'],
    [20, '$20.00'],
    [0.1 + 0.2, '$0.30'],
    [1195.2, '$1,195.20'],
    [1234567.891, '$1,234,567.89'],
    [1.005, '$1.01'],
    [-2.5, '-$2.50'],
    [0.0043, '$0.0043'],
    [0.00001234, '$0.000012'],
    [0.01, '$0.01'],
  ])('%d is %s', (usd, shown) => {
    expect(formatUsd(usd)).toBe(shown);
  });

  it('rounds a promise up, and no further than it must', () => {
    expect(formatUsd(0.3629, { round: 'up' })).toBe('$0.37');
    expect(formatUsd(0.12, { round: 'up' })).toBe('$0.12');
    expect(formatUsd(0.29 * 100, { round: 'up' })).toBe('$29.00');
  });
});

describe('formatEstimate', () => {
  const signs = styleOf({ color: false, unicode: true }).signs;
  const estimate = { expected_usd: 0.12, sku: 'duration_seconds', inferred: false };

  it('shows one price, a range, and what is inferred', () => {
    expect(formatEstimate({ ...estimate, min_usd: 0.12, max_usd: 0.12 }, signs)).toBe('$0.12');
    expect(formatEstimate({ ...estimate, min_usd: 0.12, max_usd: 0.2 }, signs)).toBe('$0.12–0.20');
    expect(formatEstimate({ ...estimate, min_usd: 0.12, max_usd: 0.12, inferred: true }, signs)).toBe(
      '~$0.12',
    );
  });
});

describe('times and sizes', () => {
  it('shows durations the way they are said', () => {
    expect([400, 48_000, 700_000, 3_900_000].map(formatDuration)).toEqual([
      '0.4 s',
      '48 s',
      '11 min 40 s',
      '1 h 05 min',
    ]);
  });

  it('rounds time left up', () => {
    expect([3000, 31_000, 56_000, 301_000, 4_500_000].map(formatTimeLeft)).toEqual([
      '10 s',
      '40 s',
      '1 min',
      '6 min',
      '1 h 15 min',
    ]);
  });

  it('names a moment by the day it lies in', () => {
    const now = new Date(2026, 9, 10, 12, 0).getTime();
    const at = (day: number): string => formatMoment(new Date(2026, 9, day, 9, 14).toISOString(), now);
    expect([at(10), at(9), at(1)]).toEqual(['09:14 today', '09:14 yesterday', '2026-10-01 09:14']);
  });

  it('shows bytes in powers of ten', () => {
    expect([0, 999, 1500, 18_000_000, 999_999].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '1.5 kB',
      '18 MB',
      '1.0 MB',
    ]);
  });
});
