import { describe, expect, it } from 'vitest';
import type { SheetTake } from '../../src/sheet/page/data.js';
import { layOutTimeline } from '../../src/sheet/page/timeline.js';
import { sampleReport, sampleTake, sheetData } from './sample-report.js';

const minute = 60_000;

describe('layOutTimeline', () => {
  it('puts jobs one after the other into one lane, and those at once into lanes of their own', () => {
    const { lanes, jobs } = layOutTimeline(
      [job('a', 0, minute), job('b', 0, 2 * minute), job('c', minute, 3 * minute)],
      0,
      1000,
    );
    expect(lanes).toBe(2);
    expect(jobs.map(({ take, lane }) => `${take.key}${lane}`)).toEqual(['a0', 'b1', 'c0']);
  });

  it('draws time to scale', () => {
    const { jobs } = layOutTimeline([job('a', 0, minute), job('b', 2 * minute, 4 * minute)], 0, 400);
    expect(jobs.map(({ from, until }) => [from, until])).toEqual([
      [0, 100],
      [200, 400],
    ]);
  });

  it('cuts an idle night short', () => {
    const night = 8 * 60 * minute;
    const { jobs, cuts, width } = layOutTimeline(
      [job('a', 0, minute), job('b', night, night + minute)],
      0,
      1000,
    );
    expect(cuts).toEqual([{ x: expect.any(Number) as number, seconds: (night - minute) / 1000 }]);
    expect((jobs[1]?.from ?? 0) - (jobs[0]?.until ?? 0)).toBeLessThan(100);
    expect(width).toBe(1000);
  });

  it('lets a job in flight last until the report', () => {
    const running = { ...job('a', 0, 0), state: 'active' as const, times: { submitted: 0 } };
    const { jobs } = layOutTimeline([running, job('b', 0, minute)], 2 * minute, 200);
    expect(jobs[0]?.until).toBe(200);
  });

  it('makes nothing of takes that were never submitted, and of clocks that ran backwards', () => {
    expect(layOutTimeline([{ ...job('a', 0, 0), times: {} }], 0, 100)).toMatchObject({
      jobs: [],
      lanes: 0,
      ms: 0,
    });
    const odd = {
      ...job('a', 0, 0),
      times: { submitted: 1000, started: 500, completed: 200, delivered: 100 },
    };
    const { jobs } = layOutTimeline([odd], 0, 100);
    expect(jobs[0]).toMatchObject({ from: 0, started: 0, until: 2, delivered: 2 });
  });

  it('keeps the marks of the axis apart, whatever the length of the run', () => {
    for (const length of [800, minute, 60 * minute, 30 * 24 * 60 * minute]) {
      const { ticks } = layOutTimeline([job('a', 1_700_000_000_000, 1_700_000_000_000 + length)], 0, 1000);
      expect(ticks.length).toBeLessThanOrEqual(12);
      expect(ticks.length).toBeGreaterThan(0);
    }
  });
});

function job(id: string, submitted: number, completed: number): SheetTake {
  const data = sheetData(sampleReport([sampleTake({ id, times: { submitted, completed } })]));
  const [take] = data.takes;
  if (take === undefined) throw new Error('no take');
  return take;
}
