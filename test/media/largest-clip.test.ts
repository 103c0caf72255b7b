import { describe, expect, it } from 'vitest';
import { largestClipBytes } from '../../src/media/largest-clip.js';

const MB = 1024 * 1024;

describe('a clip has a largest size, which follows from its order', () => {
  it.each([
    ['a short one is never less than a few hundred megabytes', { duration: 4, resolution: '480p' }, 256 * MB],
    ['by its length', { duration: 60, resolution: '1080p' }, 937_500_000],
    ['by its resolution', { duration: 10, resolution: '4K' }, 750_000_000],
    ['by its size', { duration: 10, size: '3840x2160' }, 750_000_000],
    ['beyond all levels', { duration: 2, size: '7680x4320' }, 500_000_000],
    ['generously where the order does not say', {}, 4_500_000_000],
  ])('%s', (_, order, bytes) => {
    expect(largestClipBytes(order)).toBe(bytes);
  });
});
