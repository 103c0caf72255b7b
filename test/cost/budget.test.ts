import { describe, expect, it } from 'vitest';
import type { Attempt, AttemptState } from '../../src/domain/attempt.js';
import { countedUsd, countUnpriced, isEstimated, spentUsd } from '../../src/cost/budget.js';

const since = '2026-10-10T12:00:00.000Z';
const job = { id: 'job-1' };

function attempt(state: AttemptState, rest: Partial<Attempt> = {}): Attempt {
  return {
    id: '1',
    owner: { shot: 'a', take: 1 },
    fingerprint: 'f',
    request: { model: 'test/model' },
    gateway: 'https://gateway.example/api/v1',
    estimate: { min_usd: 0.1, expected_usd: 0.2, max_usd: 0.3, sku: 'generate', inferred: false },
    state,
    steps: 0,
    times: { created: 0 },
    ...rest,
  };
}

const UNREPORTED: readonly AttemptState[] = [
  { kind: 'submitting', since },
  { kind: 'uncertain', since, message: 'lost' },
  { kind: 'pending', since, job },
  { kind: 'in_progress', since, job },
  { kind: 'completed', since, job },
  { kind: 'downloading', since, job },
  { kind: 'delivered', since, job, outputs: [] },
  { kind: 'failed', since, job, message: 'no' },
  { kind: 'cancelled', since, job, message: 'no' },
  { kind: 'expired', since, job, message: 'no' },
  { kind: 'lost', since, job, message: 'no' },
  { kind: 'abandoned', since },
];

describe('what an attempt counts against the budget', () => {
  it.each(UNREPORTED)('is its upper estimate while no cost is reported: $kind', (state) => {
    expect(countedUsd(attempt(state))).toBe(0.3);
  });

  it.each(UNREPORTED.filter((state) => 'job' in state && !/pending|progress/.test(state.kind)))(
    'is the reported cost, whatever became of it: $kind',
    (state) => {
      expect(countedUsd(attempt({ ...state, cost_usd: 0.05 } as AttemptState))).toBe(0.05);
      expect(countedUsd(attempt({ ...state, cost_usd: 0 } as AttemptState))).toBe(0);
    },
  );

  it.each<AttemptState>([
    { kind: 'planned', since },
    { kind: 'refused', since, status: 400, message: 'no' },
    { kind: 'not_charged', since },
  ])('is nothing where it was never accepted or not charged: $kind', (state) => {
    expect(countedUsd(attempt(state))).toBe(0);
    expect(countedUsd(attempt(state, { estimate: null }))).toBe(0);
  });

  it('is nothing on the sandbox', () => {
    const state: AttemptState = { kind: 'delivered', since, job, outputs: [], cost_usd: 5 };
    expect(countedUsd(attempt(state, { gateway: 'sandbox' }))).toBe(0);
  });
});

describe('what was spent', () => {
  it('is decimal money', () => {
    const state: AttemptState = { kind: 'completed', since, job, cost_usd: 0.1 };
    expect(spentUsd([attempt(state), attempt({ ...state, cost_usd: 0.2 })])).toBe(0.3);
  });

  it('counts at their upper estimate attempts without a reported cost, and says how many they are', () => {
    const estimated = attempt({ kind: 'pending', since, job });
    const others = [
      attempt({ kind: 'completed', since, job, cost_usd: 1 }),
      attempt({ kind: 'refused', since, status: 400, message: 'no' }),
      attempt({ kind: 'pending', since, job }, { estimate: null }),
      attempt({ kind: 'pending', since, job }, { gateway: 'sandbox' }),
    ];
    expect(spentUsd([estimated, ...others])).toBe(1.3);
    expect([estimated, ...others].filter(isEstimated)).toEqual([estimated]);
  });

  it('counts attempts without price or cost as nothing, and says how many they are', () => {
    const unpriced = attempt({ kind: 'uncertain', since, message: 'lost' }, { estimate: null });
    const reported = attempt({ kind: 'completed', since, job, cost_usd: 1 }, { estimate: null });
    expect(spentUsd([unpriced, reported])).toBe(1);
    expect(countUnpriced([unpriced, reported])).toBe(1);
  });
});
