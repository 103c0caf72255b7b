import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPollTiming, type LengthSample } from '../../src/shot/poll-timing.js';

const VEO = { model: 'google/veo-3.1-lite', duration: 4, resolution: '720p' };
const SEEDANCE = { model: 'bytedance/seedance-2.0', duration: 4, resolution: '720p' };
const intervalMs = 10_000;

/** Jobs of about a length, a tenth more or less. */
function lengths(kind: typeof VEO, seconds: number, count = 10): LengthSample[] {
  return Array.from({ length: count }, (_, index) => ({
    ...kind,
    lengthMs: seconds * 1000 * (0.9 + (0.2 * index) / count),
  }));
}

/** The ages at which a job is polled that never ends, up to one age. */
function pollsUntil(timing: ReturnType<typeof createPollTiming>, endMs: number, kind = VEO): number[] {
  const ages: number[] = [];
  for (let age = 0; age < endMs;) {
    age += timing.nextWaitMs({ ...kind, elapsedMs: age, pollsSoFar: ages.length });
    ages.push(age);
  }
  return ages;
}

function gaps(ages: readonly number[]): number[] {
  return ages.slice(1).map((age, index) => age - (ages[index] ?? 0));
}

describe('a job of which nothing is known', () => {
  it('is asked for soon, then less and less often, and never less than the interval says', () => {
    const ages = pollsUntil(createPollTiming({ intervalMs }), 120_000);
    expect(ages[0]).toBeLessThanOrEqual(100);
    const waits = gaps(ages).map(Math.round);
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect(waits.at(-1)).toBe(intervalMs);
  });

  it('keeps to an interval below a tenth of a second', () => {
    const timing = createPollTiming({ intervalMs: 20 });
    expect(timing.nextWaitMs({ ...VEO, elapsedMs: 0, pollsSoFar: 0 })).toBe(20);
  });

  it('has no expected length', () => {
    expect(createPollTiming({ intervalMs }).expectedMs(VEO)).toBeUndefined();
  });
});

describe('a job of a model whose usual length the gateway tells', () => {
  const timing = () =>
    createPollTiming({
      intervalMs,
      published: new Map([[VEO.model, 100_000]]),
      history: lengths(SEEDANCE, 500),
    });

  it('is expected by that, and asked for less than one of which nothing is known', () => {
    expect(timing().expectedMs(VEO)).toBeCloseTo(100_000);
    const known = pollsUntil(timing(), 100_000).length;
    expect(known).toBeLessThan(pollsUntil(createPollTiming({ intervalMs }), 100_000).length);
    expect(known).toBeGreaterThanOrEqual(4);
  });

  it('is asked for often enough where that is wrong', () => {
    const waits = gaps(pollsUntil(timing(), 600_000).filter((age) => age > 150_000));
    expect(Math.max(...waits)).toBeLessThanOrEqual(intervalMs);
  });

  it('is expected by jobs of the model as soon as there are any', () => {
    const learned = timing();
    for (const length of lengths(VEO, 30)) learned.learn(length);
    expect(learned.expectedMs(VEO)).toBeLessThan(35_000);
    expect(learned.expectedMs({ ...VEO, duration: 8 })).toBeLessThan(35_000);
  });
});

describe('a job like others before it', () => {
  const timing = createPollTiming({ intervalMs, history: lengths(VEO, 100) });

  it('is left alone at first, and asked for most often when its end is due', () => {
    const ages = pollsUntil(timing, 120_000);
    expect(ages.filter((age) => age < 60_000).length).toBeLessThanOrEqual(2);
    expect(ages.filter((age) => age > 80_000).length).toBeGreaterThanOrEqual(4);
  });

  it('is asked for at least once an interval when its end is overdue', () => {
    const late = gaps(pollsUntil(timing, 1_000_000).filter((age) => age > 100_000));
    expect(Math.max(...late)).toBeLessThanOrEqual(intervalMs);
    expect(Math.min(...late)).toBeGreaterThan(1_000);
  });

  it('is expected to take as long as they did', () => {
    expect(timing.expectedMs(VEO)).toBeGreaterThan(90_000);
    expect(timing.expectedMs(VEO)).toBeLessThan(110_000);
  });

  it('is asked for at once where its first poll is overdue', () => {
    expect(timing.nextWaitMs({ ...VEO, elapsedMs: 300_000, pollsSoFar: 0 })).toBe(0);
    expect(timing.nextWaitMs({ ...VEO, elapsedMs: 300_000, pollsSoFar: 1 })).toBeGreaterThan(1_000);
  });
});

describe('what counts as alike', () => {
  it('is the same model, length and resolution before the same model, and that before any job', () => {
    const timing = createPollTiming({
      intervalMs,
      history: [...lengths(SEEDANCE, 200), ...lengths(VEO, 20), ...lengths({ ...VEO, duration: 8 }, 60)],
    });
    expect(timing.expectedMs(VEO)).toBeLessThan(25_000);
    expect(timing.expectedMs({ ...VEO, duration: 8 })).toBeGreaterThan(50_000);
    const ofModel = timing.expectedMs({ ...VEO, duration: 6 }) ?? 0;
    expect(ofModel).toBeGreaterThan(20_000);
    expect(ofModel).toBeLessThan(60_000);
    expect(timing.expectedMs({ model: 'other/model' })).toBeUndefined();
  });
});

describe('when lengths change', () => {
  it('forgets the old ones after one job that is quite unlike them', () => {
    const timing = createPollTiming({ intervalMs, history: lengths(VEO, 200, 50) });
    timing.learn({ ...VEO, lengthMs: 21_000, unfinishedMs: 19_000 });
    expect(timing.expectedMs(VEO)).toBeCloseTo(20_000, -3);
  });

  it('moves by little for a job that is like them', () => {
    const timing = createPollTiming({ intervalMs, history: lengths(VEO, 100, 20) });
    timing.learn({ ...VEO, lengthMs: 110_000, unfinishedMs: 104_000 });
    expect(timing.expectedMs(VEO)).toBeLessThan(104_000);
  });

  it('looks earlier at the jobs of other models too', () => {
    const history = [...lengths(VEO, 200), ...lengths(SEEDANCE, 200)];
    const calm = createPollTiming({ intervalMs, history });
    const alarmed = createPollTiming({ intervalMs, history });
    alarmed.learn({ ...VEO, lengthMs: 21_000, unfinishedMs: 19_000 });
    const firstOf = (timing: typeof calm) => timing.nextWaitMs({ ...SEEDANCE, elapsedMs: 0, pollsSoFar: 0 });
    expect(firstOf(alarmed)).toBeLessThan(firstOf(calm) / 2);
  });

  it('finds its way down to jobs that are done at once', () => {
    const timing = createPollTiming({ intervalMs, history: lengths(VEO, 100) });
    let first = Infinity;
    for (let job = 0; job < 30; job++) {
      first = timing.nextWaitMs({ ...VEO, elapsedMs: 0, pollsSoFar: 0 });
      timing.learn({ ...VEO, lengthMs: first, unfinishedMs: 0 });
    }
    expect(first).toBeLessThan(50);
  });
});

describe('whatever it has learned', () => {
  it('waits for a finite time, no longer than eight intervals, and asks again no sooner than 10 ms later', () => {
    const samples = fc.array(
      fc.record({
        model: fc.constantFrom('a', 'b'),
        duration: fc.constantFrom(undefined, 4, 8),
        lengthMs: fc.oneof(fc.double(), fc.double({ min: 0, max: 1e7, noNaN: true })),
        unfinishedMs: fc.option(fc.double({ min: 0, max: 1e7, noNaN: true }), { nil: undefined }),
      }),
      { maxLength: 30 },
    );
    const elapsed = fc.double({ min: 0, max: 1e8, noNaN: true });
    fc.assert(
      fc.property(samples, elapsed, fc.nat(5), (history, elapsedMs, pollsSoFar) => {
        const timing = createPollTiming({ intervalMs, history });
        const waitMs = timing.nextWaitMs({ model: 'a', duration: 4, elapsedMs, pollsSoFar });
        expect(waitMs).toBeGreaterThanOrEqual(pollsSoFar === 0 ? 0 : 9.9);
        expect(waitMs).toBeLessThanOrEqual(8 * intervalMs);
      }),
      {
        examples: [
          [
            [{ model: 'a', duration: undefined, lengthMs: 622_588.6432862938, unfinishedMs: undefined }],
            104_355.0628134387,
            0,
          ],
        ],
      },
    );
  });
});
