import { describe, expect, it } from 'vitest';
import { createAnnouncements } from '../../src/shot/announcements.js';
import { createPollTiming } from '../../src/shot/poll-timing.js';

const times = (count: number, act: () => void) => Array.from({ length: count }, act);

function announcements() {
  const all = createAnnouncements();
  return {
    silence: () => all.silence(),
    heard: () => all.heard(),
    missed: () => all.missed(),
    cameLate: () => all.cameLate(),
  };
}

describe('how silent a gateway is', () => {
  it('begins with hope, which the first end without an announcement ends', () => {
    const { silence, missed, heard } = announcements();
    expect(silence()).toBeLessThan(0.1);
    missed();
    expect(silence()).toBe(1);
    heard();
    expect(silence()).toBeLessThan(1);
  });

  it('comes close to nothing where every end is announced, and to the share of those that are not', () => {
    const { silence, missed, heard } = announcements();
    times(100, heard);
    expect(silence()).toBeLessThan(0.005);
    times(20, () => {
      times(9, heard);
      missed();
    });
    expect(silence()).toBeGreaterThan(0.07);
    expect(silence()).toBeLessThan(0.15);
  });

  it('rises soon where a gateway falls silent, and counts an announcement that comes late', () => {
    const { silence, missed, heard, cameLate } = announcements();
    times(100, heard);
    const before = silence();
    missed();
    cameLate();
    expect(silence()).toBeCloseTo(before, 3);
    times(30, missed);
    expect(silence()).toBeGreaterThan(0.4);
  });
});

describe('polls of jobs whose ends are announced', () => {
  const kind = { model: 'a/b', duration: 4, resolution: '720p' };
  const known = () => {
    const timing = createPollTiming({ intervalMs: 10_000 });
    times(20, () => timing.learn({ ...kind, lengthMs: 60_000 }));
    return timing;
  };
  const ageAtPoll = (silence: number | undefined) =>
    known().nextWaitMs({ ...kind, elapsedMs: 0, pollsSoFar: 0, silence });

  it('are as usual where nothing is announced', () => {
    expect(ageAtPoll(1)).toBe(ageAtPoll(undefined));
  });

  it('are left to one near the end of the usual range', () => {
    expect(ageAtPoll(0.003)).toBeGreaterThan(66_000);
    expect(ageAtPoll(0.003)).toBeLessThan(100_000);
  });

  it('come the later, the more is announced', () => {
    const ages = [1, 0.3, 0.1, 0.03, 0.01].map(ageAtPoll);
    expect(ages).toEqual([...ages].sort((a, b) => a - b));
  });

  it('wait longer for jobs of which nothing is known, too', () => {
    const timing = createPollTiming({ intervalMs: 10_000 });
    const wait = (silence: number) =>
      timing.nextWaitMs({ ...kind, elapsedMs: 9_000, pollsSoFar: 3, silence });
    expect(wait(0.05)).toBeGreaterThan(2 * wait(1));
  });

  it('know until when a job is to be expected', () => {
    expect(known().latestMs(kind)).toBeGreaterThan(66_000);
    expect(createPollTiming({ intervalMs: 10_000 }).latestMs(kind)).toBeUndefined();
  });
});
