/** Width and height of a picture, in pixels. */
export interface PixelSize {
  readonly width: number;
  readonly height: number;
}

/**
 * The pixels of a clip ordered so, always even numbers; undefined if the order does not settle them
 * (neither a size nor a resolution we can read). A resolution names the short side, and without an aspect
 * ratio the clip is 16:9. Where `sizes` (the model's `supported_sizes`) has one for this resolution and
 * ratio, it is that one: some models keep the area of a resolution and not its short side.
 */
export function frameSize(order: {
  readonly size?: string | undefined;
  readonly resolution?: string | undefined;
  readonly aspect_ratio?: string | undefined;
  readonly sizes?: readonly string[] | undefined;
}): PixelSize | undefined {
  if (order.size !== undefined) {
    const size = parseSize(order.size);
    return size && { width: even(size.width), height: even(size.height) };
  }
  const short = order.resolution === undefined ? undefined : shortSide(order.resolution);
  if (short === undefined) return undefined;
  const ratio = parseRatio(order.aspect_ratio) ?? WIDE;
  return listedSize(order.sizes ?? [], short, ratio) ?? computedSize(short, ratio);
}

/**
 * The short side that a resolution names, in pixels; undefined for a word we cannot read. `2K` is 1440 and
 * `4K` 2160, as the catalogue's sizes have it; `1K` has no sizes of its own there and is taken for 1080.
 */
export function shortSide(resolution: string): number | undefined {
  const match = /^(\d+)([pk])$/i.exec(resolution.trim());
  if (!match) return undefined;
  const count = Number(match[1]);
  if (count === 0) return undefined;
  if (match[2] === 'p' || match[2] === 'P') return count;
  return KILO_SHORT_SIDES[count] ?? count * 540;
}

/** `WIDTHxHEIGHT` as numbers; undefined if it is not of that form. */
export function parseSize(size: string): PixelSize | undefined {
  const match = /^(\d+)[x×](\d+)$/i.exec(size.trim());
  const width = Number(match?.[1]);
  const height = Number(match?.[2]);
  return width > 0 && height > 0 ? { width, height } : undefined;
}

/** `W:H` as a number, width through height; undefined if it is not of that form. */
export function parseRatio(ratio: string | undefined): number | undefined {
  const match = /^(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)$/.exec(ratio?.trim() ?? '');
  const value = Number(match?.[1]) / Number(match?.[2]);
  return Number.isFinite(value) && value > 0 ? value : undefined;
}

/**
 * Which of these short sides a size belongs to: the one it has, else the one whose 16:9 frame comes nearest to
 * it in area. Undefined if there are none to choose from.
 */
export function nearestShortSide(size: PixelSize, shortSides: readonly number[]): number | undefined {
  const short = Math.min(size.width, size.height);
  if (shortSides.includes(short)) return short;
  const area = size.width * size.height;
  return leastBy(shortSides, (candidate) => distance(area, wideArea(candidate)));
}

const WIDE = 16 / 9;
const KILO_SHORT_SIDES: Readonly<Record<number, number>> = { 1: 1080, 2: 1440, 4: 2160 };

/** Catalogue sizes are rounded to even or to sixteenths, which moves a ratio by up to 2.5 %. */
const SAME_RATIO = Math.log(1.03);

function listedSize(sizes: readonly string[], short: number, ratio: number): PixelSize | undefined {
  const ofRatio = sizes.flatMap((size) => {
    const parsed = parseSize(size);
    return parsed && distance(parsed.width / parsed.height, ratio) < SAME_RATIO ? [parsed] : [];
  });
  const exact = ofRatio.find((size) => Math.min(size.width, size.height) === short);
  if (exact) return exact;
  const nearest = leastBy(ofRatio, (size) => distance(size.width * size.height, wideArea(short)));
  // A size of another resolution altogether says nothing about this one.
  const isNear = nearest && distance(nearest.width * nearest.height, wideArea(short)) < Math.log(1.2);
  return isNear ? nearest : undefined;
}

function computedSize(short: number, ratio: number): PixelSize {
  return ratio >= 1
    ? { width: even(short * ratio), height: even(short) }
    : { width: even(short), height: even(short / ratio) };
}

function wideArea(short: number): number {
  return short * short * WIDE;
}

function distance(a: number, b: number): number {
  return Math.abs(Math.log(a / b));
}

function even(pixels: number): number {
  return Math.max(2, Math.round(pixels / 2) * 2);
}

/** The candidate of the least measure, the first of several; undefined if none can be measured (NaN). */
export function leastBy<T>(candidates: readonly T[], measure: (candidate: T) => number): T | undefined {
  let best: T | undefined;
  let least = Infinity;
  for (const candidate of candidates) {
    const measured = measure(candidate);
    if (measured < least) {
      best = candidate;
      least = measured;
    }
  }
  return best;
}
