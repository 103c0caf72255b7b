import { describe, expect, it } from 'vitest';
import {
  compareEvents,
  comparePolling,
  eventMakespan,
  fixedPolling,
  jobMix,
  learnedPolling,
  pollTable,
  randomFrom,
  simulate,
} from '../../bench/poll-simulation.js';
import { volume } from '../helpers/long-pass.js';

const SEEDS = volume({ short: [1, 2], long: [1, 2, 3, 4, 5, 6, 7, 8] });
const CAP = 8;

describe('polling 300 jobs of six models, nothing known at the start', () => {
  it.each(SEEDS)('notices ends within 4.5 %% of a length, at 8 polls a job at most (mix %i)', (seed) => {
    const result = simulate({ jobs: jobMix({ seed, jump: 1 }), policy: learnedPolling(10_000), cap: CAP });
    expect(result.unnoticed).toBeLessThanOrEqual(0.045);
    expect(result.pollsPerJob).toBeLessThanOrEqual(8);
  });

  it.each([10, 5, 3, 2, 1.4, 1, 0.7, 1 / 2, 1 / 3, 1 / 5, 1 / 10])(
    'is never worse than every 10 s where lengths are multiplied by %d midway',
    (jump) => {
      for (const seed of SEEDS) {
        const jobs = jobMix({ seed, jump });
        const fixed = simulate({ jobs, policy: fixedPolling(10_000), cap: CAP });
        const learned = simulate({ jobs, policy: learnedPolling(10_000), cap: CAP });
        expect(learned.unnoticed).toBeLessThan(fixed.unnoticed);
      }
    },
  );

  it('keeps the slots fuller than polling every 10 s does', () => {
    for (const seed of SEEDS) {
      const jobs = jobMix({ seed, jump: 1 });
      const fixed = simulate({ jobs, policy: fixedPolling(10_000), cap: CAP });
      const learned = simulate({ jobs, policy: learnedPolling(10_000), cap: CAP });
      expect(learned.makespan).toBeLessThan(fixed.makespan);
    }
  });

  it('reproduces what fixed intervals are known to cost', () => {
    const jobs = jobMix({ seed: 1, jump: 1 });
    const slow = simulate({ jobs, policy: fixedPolling(30_000), cap: CAP });
    const fast = simulate({ jobs, policy: fixedPolling(10_000), cap: CAP });
    expect(slow.unnoticed).toBeCloseTo(0.228, 1);
    expect(slow.pollsPerJob).toBeCloseTo(4.3, 0);
    expect(fast.unnoticed).toBeCloseTo(0.076, 1);
    expect(fast.pollsPerJob).toBeCloseTo(11.8, 0);
  });
});

describe('polling jobs whose ends are announced', () => {
  it.each(SEEDS)(
    'notices them at once with 1.5 polls a job, and most of those that are not announced (mix %i)',
    (seed) => {
      const [all, most, none] = compareEvents({ seed, cap: CAP });
      expect(all?.unnoticed).toBeLessThanOrEqual(0.005);
      expect(all?.pollsPerJob).toBeLessThanOrEqual(1.5);
      expect(most?.unnoticed).toBeLessThanOrEqual(0.015);
      // A gateway that announces nothing costs no more polls than without the hope that it might.
      const jobs = jobMix({ seed, jump: 1 });
      const usual = simulate({ jobs, policy: learnedPolling(10_000), cap: CAP });
      expect(none?.pollsPerJob).toBeLessThanOrEqual(usual.pollsPerJob);
    },
  );

  it('keeps the slots as full as if each end was noticed at once', () => {
    for (const seed of SEEDS) expect(eventMakespan({ seed, cap: CAP })).toBeLessThan(1.01);
  });
});

describe('polling a fast gateway', () => {
  it('notices jobs of 0.3 to 2.5 s within 2 % of their length', () => {
    const random = randomFrom(1);
    const jobs = Array.from({ length: 200 }, () => ({ model: 'a/b', lengthMs: 300 + 2200 * random() }));
    const { unnoticed } = simulate({ jobs, policy: learnedPolling(10_000), cap: CAP });
    expect(unnoticed).toBeLessThan(0.02);
  });

  it('asks once for jobs that are done at once', () => {
    const jobs = Array.from({ length: 1000 }, () => ({ model: 'a/b', lengthMs: 0.001 }));
    const { pollsPerJob } = simulate({ jobs, policy: learnedPolling(10_000), cap: 64 });
    expect(pollsPerJob).toBe(1);
  });
});

describe('the table', () => {
  it('is the same each time, a row for each policy and mix', () => {
    const rows = comparePolling({ seed: 8, cap: CAP });
    expect(rows).toEqual(comparePolling({ seed: 8, cap: CAP }));
    expect(pollTable(rows).split('\n')).toHaveLength(11);
  });
});
