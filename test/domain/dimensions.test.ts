import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameSize, nearestShortSide } from '../../src/domain/dimensions.js';
import { modelNamed } from '../cost/fixtures.js';

function pixels(order: Parameters<typeof frameSize>[0]): string | undefined {
  const size = frameSize(order);
  return size && `${size.width}x${size.height}`;
}

describe('the frame of a clip', () => {
  it.each([
    ['360p', '16:9', '640x360'],
    ['480p', '16:9', '854x480'],
    ['480p', '9:16', '480x854'],
    ['720p', '16:9', '1280x720'],
    ['720p', '21:9', '1680x720'],
    ['720p', '9:21', '720x1680'],
    ['720p', '3:2', '1080x720'],
    ['768p', '16:9', '1366x768'],
    ['1080p', '1:1', '1080x1080'],
    ['1080p', '4:3', '1440x1080'],
    ['1K', '16:9', '1920x1080'],
    ['2K', '16:9', '2560x1440'],
    ['4K', '16:9', '3840x2160'],
    ['4k', '21:9', '5040x2160'],
    ['720p', undefined, '1280x720'],
    ['720p', 'adaptive', '1280x720'],
  ])('at %s and %s', (resolution, aspect_ratio, expected) => {
    expect(pixels({ resolution, aspect_ratio })).toBe(expected);
  });

  it.each([
    ['bytedance/seedance-2.5', '720p', '1:1', '960x960'],
    ['bytedance/seedance-2.5', '720p', '21:9', '1470x630'],
    ['bytedance/seedance-2.5', '480p', '4:3', '752x560'],
    ['bytedance/seedance-2.5', '480p', '9:16', '480x854'],
    ['bytedance/seedance-2.0', '720p', '1:1', '720x720'],
    ['bytedance/seedance-2.0', '480p', '21:9', '1120x480'],
    ['google/veo-3.1-lite', '1080p', '9:16', '1080x1920'],
  ])('is the one that %s lists for %s and %s', (id, resolution, aspect_ratio, expected) => {
    expect(pixels({ resolution, aspect_ratio, sizes: modelNamed(id).supported_sizes })).toBe(expected);
  });

  it('is the size asked for, whatever else is said', () => {
    expect(pixels({ size: '1000x562', resolution: '4K' })).toBe('1000x562');
  });

  it.each([{}, { aspect_ratio: '16:9' }, { resolution: 'hd' }, { resolution: '0p' }, { size: 'big' }])(
    'is not made up from %j',
    (order) => {
      expect(pixels(order)).toBeUndefined();
    },
  );

  it('is even on both sides, always', () => {
    const number = fc.integer({ min: 1, max: 5000 });
    fc.assert(
      fc.property(number, number, number, (short, width, height) => {
        const size = frameSize({ resolution: `${short}p`, aspect_ratio: `${width}:${height}` });
        return (
          size !== undefined &&
          size.width % 2 === 0 &&
          size.height % 2 === 0 &&
          size.width > 0 &&
          size.height > 0
        );
      }),
    );
  });
});

describe('the resolution of a size', () => {
  it.each([
    [1280, 720, 720],
    [720, 1280, 720],
    [1112, 834, 720],
    [640, 640, 480],
    [1920, 1088, 1080],
  ])('%i × %i belongs to %ip', (width, height, expected) => {
    expect(nearestShortSide({ width, height }, [480, 720, 1080])).toBe(expected);
  });

  it('is nobody’s where no resolutions are known', () => {
    expect(nearestShortSide({ width: 1280, height: 720 }, [])).toBeUndefined();
  });
});
