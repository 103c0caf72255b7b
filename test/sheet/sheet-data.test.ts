import { describe, expect, it } from 'vitest';
import type { ReportState, ReportTake } from '../../src/domain/report.js';
import type { SheetTake } from '../../src/sheet/page/data.js';
import { sampleOutput, sampleReport, sampleTake, sheetData } from './sample-report.js';

describe('sheetData', () => {
  it.each<[ReportState, string, string]>([
    ['delivered', 'delivered', 'delivered'],
    ['failed', 'failed', 'failed'],
    ['cancelled', 'failed', 'cancelled'],
    ['expired', 'failed', 'expired'],
    ['refused', 'failed', 'refused'],
    ['uncertain', 'held', 'held: answer lost'],
    ['lost', 'held', 'held: clip gone'],
    ['submitting', 'active', 'submitting'],
    ['pending', 'active', 'queued'],
    ['in_progress', 'active', 'rendering'],
    ['completed', 'active', 'rendered'],
    ['downloading', 'active', 'downloading'],
    ['blocked', 'blocked', 'blocked'],
    ['planned', 'missing', 'not rendered'],
    ['missing', 'missing', 'not rendered'],
    ['not_charged', 'missing', 'not charged'],
    ['abandoned', 'missing', 'given up'],
  ])('sorts %s under %s and says "%s"', (state, group, words) => {
    const take = only({ state });
    expect([take.state, take.stateWords]).toEqual([group, words]);
    if (state !== 'delivered') expect(take.reason).toMatch(/\.$/);
  });

  it('tells a reported cost from an expected one, and both from none', () => {
    expect(only({ cost_usd: 0 })).toMatchObject({ costUsd: 0 });
    expect(only({})).toMatchObject({ estimateUsd: 0.12 });
    expect(only({})).not.toHaveProperty('costUsd');
    expect(only({ state: 'uncertain' })).toMatchObject({ estimateUsd: 0.12 });
    for (const [wish, words] of [
      [{ estimate: null }, 'no cost reported'],
      [{ state: 'refused' }, 'not charged'],
      [{ state: 'missing', attempts: 0 }, 'nothing spent'],
      [{ state: 'missing', attempts: 2 }, 'not bought yet'],
      [{ state: 'not_charged' }, 'not charged'],
    ] as const) {
      expect(only(wish)).not.toHaveProperty('estimateUsd');
      expect(only(wish).costWords).toBe(words);
    }
  });

  it('shows an earlier clip with the words and the cost it was made for, and what is asked for now', () => {
    const earlier = {
      settings: { model: 'm', prompt: 'before', seed: 3 },
      job_id: 'j1',
      cost_usd: 0.1,
      estimate: null,
      outputs: [sampleOutput('a.mp4')],
      times: { submitted: 1 },
    };
    const edited = only({ state: 'missing', message: 'prompt changed', earlier });
    expect(edited).toMatchObject({
      ...{ state: 'missing', stateWords: 'out of date', reason: 'prompt changed' },
      ...{ prompt: 'before', wanted: 'A glass greenhouse at sunrise', model: 'm', seed: 3 },
      ...{ costUsd: 0.1, job: 'j1', times: { submitted: 1 }, clips: [{ path: 'a.mp4' }] },
    });
    expect(only({ state: 'failed', cost_usd: 0.02, earlier })).toMatchObject({
      ...{ state: 'failed', stateWords: 'failed, earlier clip', costUsd: 0.12 },
    });
    expect(only({ state: 'pending', earlier })).toMatchObject({ estimateUsd: 0.22 });
    expect(only({ state: 'refused', earlier })).toMatchObject({ costUsd: 0.1 });
  });

  it('gives the frames the shape that most clips have', () => {
    const shape = (...ratios: string[]) =>
      sheetData(
        sampleReport(
          ratios.map((aspect_ratio, index) =>
            sampleTake({ id: `s${index}`, settings: { model: 'm', aspect_ratio } }),
          ),
        ),
      ).shape;
    expect(shape('16:9', '9:16', '16:9')).toBeCloseTo(16 / 9);
    expect(shape('1:1', '1:1', '16:9')).toBe(1);
    // A sheet of upright clips keeps room for words beneath them.
    expect(shape('9:16')).toBe(0.75);
    expect(shape()).toBeCloseTo(16 / 9);
    const off = [854, 852, 600].map((width) => {
      const output = sampleOutput('a.mp4');
      return sampleTake({
        id: `s${width}`,
        outputs: [{ ...output, media: { ...output.media, width, height: 480 } }],
      });
    });
    expect(sheetData(sampleReport(off)).shape).toBeCloseTo(854 / 480);
  });

  it('knows the length and size of what was ordered only, and of what was delivered', () => {
    expect(
      only({ settings: { model: 'm', duration: 6, size: '1280x720', generate_audio: true } }).brief,
    ).toEqual(['6 s', '1280×720', 'sound']);
    expect(only({ settings: { model: 'm' }, outputs: [sampleOutput('a.mp4')] }).brief).toEqual([
      '1 s',
      '64×36',
    ]);
  });
});

function only(wish: Partial<ReportTake>): SheetTake {
  const [take] = sheetData(sampleReport([sampleTake({ id: 'a', ...wish })])).takes;
  if (take === undefined) throw new Error('no take');
  return take;
}
