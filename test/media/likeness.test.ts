import { describe, expect, it } from 'vitest';
import { likeness } from '../../src/media/likeness.js';
import { resample, WHOLE, type Part, type Picture } from '../../src/media/picture.js';
import { volume } from '../helpers/long-pass.js';
import { cloudy, plain } from './pictures.js';

/** The line that opensOn draws. */
const SIMILAR = 0.6;

function cut(picture: Picture, part: Part, width = 96, height = 54): Picture {
  return {
    width,
    height,
    rgb: resample({ ...picture, pixels: picture.rgb, channels: 3 }, { part, width, height }),
  };
}

/** The middle of a 4:3 picture as a 16:9 frame, or a part of that, off the middle by some of its slack. */
function cover(picture: Picture, zoom = 1, off = 0): Picture {
  const slack = (1 - zoom) / 2;
  const part = {
    left: slack * (1 + off),
    top: 0.125 + 0.75 * slack * (1 + off),
    width: zoom,
    height: 0.75 * zoom,
  };
  return cut(picture, part);
}

function letterboxed(picture: Picture): Picture {
  const inside = cut(picture, WHOLE, 72, 54);
  const frame = plain([0, 0, 0], 96, 54);
  for (let y = 0; y < 54; y += 1)
    frame.rgb.set(inside.rgb.subarray(y * 216, y * 216 + 216), (y * 96 + 12) * 3);
  return frame;
}

function toned(picture: Picture, tone: (value: number, channel: number) => number): Picture {
  return {
    ...picture,
    rgb: Uint8Array.from(picture.rgb, (value, at) => Math.max(0, Math.min(255, tone(value, at % 3)))),
  };
}

function turned({ width, height, rgb }: Picture): Picture {
  const result = new Uint8Array(rgb.length);
  for (let at = 0; at < width * height; at += 1) {
    const [x, y] = [at % width, Math.floor(at / width)];
    for (let channel = 0; channel < 3; channel += 1) {
      result[((width - 1 - x) * height + y) * 3 + channel] = rgb[at * 3 + channel] ?? 0;
    }
  }
  return { width: height, height: width, rgb: result };
}

const SEEDS = volume({ short: [1, 2, 3], long: [1, 2, 3, 4, 5, 6] });
const pictures = SEEDS.map((seed) => cloudy(seed));

describe('a frame that was made from an image is like it', () => {
  it.each<[string, (picture: Picture) => Picture]>([
    ['cropped to the frame', (picture) => cover(picture)],
    ['cropped closer', (picture) => cover(picture, 0.93)],
    ['cropped closer and off the middle', (picture) => cover(picture, 0.94, 1)],
    ['cropped by an eighth', (picture) => cover(picture, 0.88)],
    ['fitted between bars', letterboxed],
    ['stretched', (picture) => cut(picture, WHOLE)],
    [
      'cropped to a tall frame',
      (picture) => cut(picture, { left: 0.29, top: 0, width: 0.42, height: 1 }, 54, 96),
    ],
    ['made lighter', (picture) => toned(cover(picture), (value) => value * 1.05 + 18)],
    ['made paler', (picture) => toned(cover(picture), (value) => 128 + (value - 128) * 0.8)],
    ['tinted', (picture) => toned(cover(picture), (value, channel) => value + 15 * (1 - channel))],
    ['grainy', (picture) => toned(cover(picture), (value) => value + ((value * 7919) % 24) - 12)],
    ['put on its side', turned],
  ])('%s', (_, make) => {
    const scores = pictures.map((picture) => likeness(make(picture), picture));
    expect(Math.min(...scores)).toBeGreaterThan(SIMILAR + 0.05);
  });

  it('the same', () => {
    expect(likeness(cover(cloudy(1)), cloudy(1))).toBeGreaterThan(0.95);
    expect(likeness(cloudy(1), cloudy(1))).toBe(1);
  });

  it('though it is plain', () => {
    expect(likeness(plain([44, 86, 163]), plain([40, 90, 160], 8, 8))).toBe(1);
    expect(likeness(plain([0, 0, 0]), plain([0, 0, 0]))).toBe(1);
  });
});

describe('a frame of something else is not like the image', () => {
  it('of another picture of the same kind', () => {
    const scores = pictures.flatMap((frame) =>
      pictures.flatMap((image) => (frame === image ? [] : [likeness(cover(frame), image)])),
    );
    expect(Math.max(...scores)).toBeLessThan(SIMILAR - 0.03);
  });

  it('of another plain colour', () => {
    expect(likeness(plain([160, 50, 40]), plain([40, 90, 160]))).toBeLessThan(0.2);
    expect(likeness(plain([0, 0, 0]), plain([255, 255, 255]))).toBe(0);
  });

  it('of black, or of nothing but noise', () => {
    for (const picture of pictures) {
      expect(likeness(plain([0, 0, 0], 96, 54), picture)).toBeLessThan(0.2);
      expect(
        likeness(
          toned(plain([9, 99, 199], 96, 54), (value) => (value * 31) % 255),
          picture,
        ),
      ).toBeLessThan(0.4);
    }
  });

  it('of the image upside down in its colours', () => {
    for (const picture of pictures) {
      expect(
        likeness(
          toned(cover(picture), (value) => 255 - value),
          picture,
        ),
      ).toBeLessThan(0.4);
    }
  });
});

it('compares pictures of a single pixel', () => {
  expect(likeness(plain([9, 9, 9], 1, 1), plain([9, 9, 9], 1, 1))).toBe(1);
  expect(likeness(plain([9, 9, 9], 96, 1), plain([9, 9, 9], 1, 96))).toBe(1);
});
