import { describe, expect, it } from 'vitest';
import { afterAcceptance, afterRefusal, FULL_PACE, nextSubmitAtMs } from '../../src/shot/pace.js';

describe('the pace of submits', () => {
  it('is not held back while nothing was refused', () => {
    expect(nextSubmitAtMs(afterAcceptance(FULL_PACE), 1000)).toBeLessThanOrEqual(1000);
  });

  it('waits as long as the gateway asks for', () => {
    const pace = afterRefusal(FULL_PACE, { nowMs: 1000, sentAtMs: 900, retryAfterMs: 7000, random: 0.5 });
    expect(nextSubmitAtMs(pace, 900)).toBe(8000);
  });

  it('doubles the ceiling of its backoff with each refusal, with full jitter', () => {
    let pace = FULL_PACE;
    const pauses: number[] = [];
    for (let refusal = 0; refusal < 8; refusal++) {
      const nowMs = 1e6 * (refusal + 1);
      pace = afterRefusal(pace, { nowMs, sentAtMs: nowMs, random: 0.999999 });
      pauses.push(Math.round((pace.pausedUntilMs - nowMs) / 1000));
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it('counts the refusals of submits that were out together as one', () => {
    const first = afterRefusal(FULL_PACE, { nowMs: 1000, sentAtMs: 900, random: 0.5 });
    const second = afterRefusal(first, { nowMs: 1010, sentAtMs: 905, random: 0.5 });
    expect(second.gapMs).toBe(first.gapMs);
    expect(second.refusals).toBe(1);
  });

  it('spaces submits after a refusal, and closes the gap again slowly', () => {
    let pace = afterRefusal(FULL_PACE, { nowMs: 1000, sentAtMs: 1000, random: 0 });
    expect(nextSubmitAtMs(pace, 10_000)).toBe(10_250);
    let acceptances = 0;
    while (pace.gapMs > 0) {
      pace = afterAcceptance(pace);
      acceptances++;
    }
    expect(acceptances).toBeGreaterThan(5);
    expect(acceptances).toBeLessThan(40);
  });

  it('remembers since when nothing was accepted', () => {
    const first = afterRefusal(FULL_PACE, { nowMs: 1000, sentAtMs: 1000, random: 0 });
    const second = afterRefusal(first, { nowMs: 9000, sentAtMs: 8000, random: 0 });
    expect(second.troubleSinceMs).toBe(1000);
    expect(afterAcceptance(second).troubleSinceMs).toBeUndefined();
  });
});
