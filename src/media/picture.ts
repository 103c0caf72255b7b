/** A small picture for comparing: rows of sRGB pixels, three bytes each. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/** The longer side of a picture for comparing, in pixels. */
export const PICTURE_SIDE = 96;

/** Reads a PPM of 8 bits (P6) as ffmpeg writes it; undefined if it is none. Source: netpbm's ppm(5). */
export function parsePpm(bytes: Uint8Array): Picture | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, 32));
  const [all, width, height] = /^P6\s(\d+) (\d+)\s255\s/.exec(head) ?? [];
  if (all === undefined) return undefined;
  const picture = { width: Number(width), height: Number(height), rgb: bytes.subarray(all.length) };
  return picture.rgb.length >= picture.width * picture.height * 3 ? picture : undefined;
}

/** A rectangle in parts of a picture: the whole is 0, 0, 1, 1. */
export interface Part {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export const WHOLE: Part = { left: 0, top: 0, width: 1, height: 1 };

/** Pixels to be resampled: three bytes each, or four, the last of which is not looked at. */
interface PixelSource {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
  readonly channels: 3 | 4;
}

/** A part of a picture at another size: each new pixel is the mean of those it covers. */
export function resample(
  { width: sourceWidth, height: sourceHeight, pixels, channels }: PixelSource,
  { part, width, height }: { readonly part: Part; readonly width: number; readonly height: number },
): Uint8Array {
  const columns = spans({ cells: width, from: part.left, share: part.width, size: sourceWidth });
  const rows = spans({ cells: height, from: part.top, share: part.height, size: sourceHeight });
  const result = new Uint8Array(width * height * 3);
  let at = 0;
  for (const [top, bottom] of rows) {
    for (const [left, right] of columns) {
      for (let channel = 0; channel < 3; channel += 1) {
        let sum = 0;
        for (let row = top; row < bottom; row += 1) {
          for (let column = left; column < right; column += 1) {
            sum += pixels[(row * sourceWidth + column) * channels + channel] ?? 0;
          }
        }
        result[at] = Math.round(sum / ((right - left) * (bottom - top)));
        at += 1;
      }
    }
  }
  return result;
}

/** For each new cell along one axis, the old pixels it covers: the first, and the one after the last. */
function spans(axis: Readonly<Record<'cells' | 'from' | 'share' | 'size', number>>): [number, number][] {
  const { cells, from, share, size } = axis;
  return Array.from({ length: cells }, (_, cell) => {
    const start = Math.round((from + (share * cell) / cells) * size);
    const end = Math.round((from + (share * (cell + 1)) / cells) * size);
    const first = Math.min(size - 1, Math.max(0, start));
    return [first, Math.min(size, Math.max(first + 1, end))];
  });
}

/** A whole picture made small enough to compare. */
export function shrink(source: PixelSource): Picture {
  const scale = Math.min(1, PICTURE_SIDE / Math.max(source.width, source.height));
  const width = Math.max(1, Math.round(source.width * scale));
  const height = Math.max(1, Math.round(source.height * scale));
  return { width, height, rgb: resample(source, { part: WHOLE, width, height }) };
}
