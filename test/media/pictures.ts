import type { Picture } from '../../src/media/picture.js';

/** Clouds of colour at many scales, lighter above than below as photographs are. The same seed, the same picture. */
export function cloudy(seed: number, width = 96, height = 72): Picture {
  const random = generator(seed);
  const octaves = [2, 4, 8, 16, 32].map((cells) => ({
    cells,
    values: Float64Array.from({ length: (cells + 2) ** 2 * 3 }, () => (random() - 0.5) * cells ** -0.7),
  }));
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      for (let channel = 0; channel < 3; channel += 1) {
        let value = 0.65 - (0.3 * y) / height;
        for (const { cells, values } of octaves) {
          const [fx, fy] = [(x / width) * cells, (y / height) * cells];
          const [ix, iy] = [Math.floor(fx), Math.floor(fy)];
          const corner = (dx: number, dy: number) =>
            values[((iy + dy) * (cells + 2) + ix + dx) * 3 + channel] ?? 0;
          const top = corner(0, 0) * (1 - fx + ix) + corner(1, 0) * (fx - ix);
          const bottom = corner(0, 1) * (1 - fx + ix) + corner(1, 1) * (fx - ix);
          value += top * (1 - fy + iy) + bottom * (fy - iy);
        }
        rgb[(y * width + x) * 3 + channel] = Math.max(0, Math.min(255, value * 255));
      }
    }
  }
  return { width, height, rgb };
}

export function plain(color: readonly [number, number, number], width = 32, height = 18): Picture {
  return {
    width,
    height,
    rgb: Uint8Array.from({ length: width * height * 3 }, (_, at) => color[at % 3] ?? 0),
  };
}

/** Mulberry32: small, and the same everywhere. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
