import { describe, expect, it } from 'vitest';
import { createTimeLeft } from '../../src/ui/time-left.js';

const waiting = (jobs: Record<string, number>): Map<string, number> => new Map(Object.entries(jobs));

describe('the time left', () => {
  it('is not guessed at before anything is known', () => {
    const timeLeft = createTimeLeft();
    expect(timeLeft.estimate({ running: [], waiting: waiting({ veo: 3 }), cap: 2 })).toBeUndefined();
    const running = [{ cohort: 'veo', elapsedMs: 5 }];
    expect(timeLeft.estimate({ running, waiting: new Map(), cap: 2 })).toBeUndefined();
  });

  it('divides the work by the cap, in jobs of the length they took', () => {
    const timeLeft = createTimeLeft();
    timeLeft.learn('veo', 50_000);
    timeLeft.learn('veo', 70_000);
    expect(timeLeft.estimate({ running: [], waiting: waiting({ veo: 10 }), cap: 1 })).toBe(600_000);
    const four = timeLeft.estimate({ running: [], waiting: waiting({ veo: 8 }), cap: 4 }) ?? 0;
    expect(four).toBeGreaterThanOrEqual(120_000);
    expect(four).toBeLessThan(150_000);
  });

  it('tells lengths and models apart, and prefers this run over earlier ones', () => {
    const timeLeft = createTimeLeft();
    timeLeft.expect('slow', 200_000);
    timeLeft.learn('fast', 10_000);
    expect(timeLeft.estimate({ running: [], waiting: waiting({ slow: 1, fast: 1 }), cap: 1 })).toBe(210_000);
    timeLeft.learn('slow', 100_000);
    expect(timeLeft.estimate({ running: [], waiting: waiting({ slow: 1 }), cap: 1 })).toBe(100_000);
  });

  it('is never below what the longest running job still needs', () => {
    const timeLeft = createTimeLeft();
    timeLeft.learn('veo', 60_000);
    const running = [
      { cohort: 'veo', elapsedMs: 50_000 },
      { cohort: 'veo', elapsedMs: 10_000 },
    ];
    expect(timeLeft.estimate({ running, waiting: new Map(), cap: 8 })).toBe(50_000);
  });

  it('does not promise the end of a job that is overdue already', () => {
    const timeLeft = createTimeLeft();
    timeLeft.learn('veo', 60_000);
    const running = [{ cohort: 'veo', elapsedMs: 500_000 }];
    expect(timeLeft.estimate({ running, waiting: new Map(), cap: 8 })).toBe(6_000);
  });
});
