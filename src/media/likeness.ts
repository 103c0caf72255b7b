import { resample, WHOLE, type Part, type Picture } from './picture.js';

/**
 * How much a frame looks like the image it was made from: 1 is the same, 0 as unlike as two pictures chosen at random.
 * Models crop, letterbox or stretch an image to the clip's shape, and compress and tint it a little: the best fit
 * counts, and what is left of the difference is measured against the contrast of the pictures.
 */
export function likeness(frame: Picture, image: Picture): number {
  const scores = turns(image).flatMap((turned) =>
    fits(frame, turned).map((fit) => likenessOf(frame, turned, fit)),
  );
  return Math.max(...scores);
}

/** A phone's picture may be stored on its side, with a note that not every reader heeds: all four turns count. */
function turns(picture: Picture): Picture[] {
  const quarter = turn(picture);
  const half = turn(quarter);
  return [picture, quarter, half, turn(half)];
}

function turn({ width, height, rgb }: Picture): Picture {
  const turned = new Uint8Array(rgb.length);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const to = (x * height + (height - 1 - y)) * 3;
      turned.set(rgb.subarray((y * width + x) * 3, (y * width + x) * 3 + 3), to);
    }
  }
  return { width: height, height: width, rgb: turned };
}

/** Which part of the frame shows which part of the image. */
interface Fit {
  readonly frame: Part;
  readonly image: Part;
}

function fits(frame: Picture, image: Picture): Fit[] {
  const ratio = frame.width / frame.height / (image.width / image.height);
  const cover = ratio > 1 ? inner(1, 1 / ratio) : inner(ratio, 1);
  const contain = ratio > 1 ? inner(1 / ratio, 1) : inner(1, ratio);
  return [
    { frame: contain, image: WHOLE },
    { frame: WHOLE, image: WHOLE },
    ...SHIFTS.map((shift) => ({ frame: WHOLE, image: shifted(cover, shift) })),
  ];
}

/** A middle part of that size. */
function inner(width: number, height: number): Part {
  return { left: (1 - width) / 2, top: (1 - height) / 2, width, height };
}

/** Crops of a few hundredths, in the middle and off it. */
const SHIFTS = [1, 0.95, 0.9, 0.85].flatMap((zoom) =>
  zoom === 1 ? [{ zoom, x: 0, y: 0 }] : [-1, 0, 1].flatMap((x) => [-1, 0, 1].map((y) => ({ zoom, x, y }))),
);

function shifted(
  part: Part,
  { zoom, x, y }: { readonly zoom: number; readonly x: number; readonly y: number },
): Part {
  const slack = (1 - zoom) / 2;
  return {
    left: part.left + part.width * slack * (1 + x),
    top: part.top + part.height * slack * (1 + y),
    width: part.width * zoom,
    height: part.height * zoom,
  };
}

/** Cells along the longer side of the grid on which pictures are compared: coarse enough to forgive compression. */
const GRID = 16;

function likenessOf(frame: Picture, image: Picture, fit: Fit): number {
  const shown = { width: frame.width * fit.frame.width, height: frame.height * fit.frame.height };
  const scale = GRID / Math.max(shown.width, shown.height);
  const width = Math.max(1, Math.round(shown.width * scale));
  const height = Math.max(1, Math.round(shown.height * scale));
  const a = resample({ ...frame, pixels: frame.rgb, channels: 3 }, { part: fit.frame, width, height });
  const b = resample({ ...image, pixels: image.rgb, channels: 3 }, { part: fit.image, width, height });
  return 1 - Math.min(1, unlikeness(a, b));
}

/** A tint or exposure that a model may add, in byte values. */
const TINT = 20;
/** Below this contrast a picture counts as flat, and differences are checked against this. */
const FLAT = 14;

/** The mean difference of two grids in units of their contrast, once a slight tint is taken out: 0 is the same. */
function unlikeness(a: Uint8Array, b: Uint8Array): number {
  let difference = 0;
  let contrast = 0;
  for (let channel = 0; channel < 3; channel += 1) {
    const meanA = mean(a, channel);
    const meanB = mean(b, channel);
    const tint = Math.max(-TINT, Math.min(TINT, meanA - meanB));
    for (let at = channel; at < a.length; at += 3) {
      difference += Math.abs((a[at] ?? 0) - (b[at] ?? 0) - tint);
      contrast += (Math.abs((a[at] ?? 0) - meanA) + Math.abs((b[at] ?? 0) - meanB)) / 2;
    }
  }
  return difference / Math.max(contrast, FLAT * a.length);
}

function mean(grid: Uint8Array, channel: number): number {
  let sum = 0;
  for (let at = channel; at < grid.length; at += 3) sum += grid[at] ?? 0;
  return sum / (grid.length / 3);
}
