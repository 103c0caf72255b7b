import { encodePng, type Pixels } from '../../media/decode-image.js';
import type { Rgb } from './colour.js';

/** A rectangle in pixels; what lies outside the picture is not drawn. */
interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A new picture whose rows each have one colour. */
export function paintRows(width: number, height: number, colourOf: (row: number) => Rgb): Pixels {
  const picture = { width, height, rgba: new Uint8Array(width * height * 4) };
  for (let row = 0; row < height; row++) fillPixels(picture, row * width, width, colourOf(row));
  return picture;
}

/** Fills a box with one colour. */
export function fillBox(picture: Pixels, box: Box, colour: Rgb): void {
  const { left, right, top, bottom } = visible(picture, box);
  for (let y = top; y < bottom; y++) fillPixels(picture, y * picture.width + left, right - left, colour);
}

/** Mixes a colour into each pixel of a box, to the part (0 to 1, or beyond) that `coverage` gives for its middle. */
export function shadeBox(
  picture: Pixels,
  box: Box,
  colour: Rgb,
  coverage: (x: number, y: number) => number,
): void {
  const { left, right, top, bottom } = visible(picture, box);
  const [red, green, blue] = colour;
  const { rgba } = picture;
  for (let y = top; y < bottom; y++) {
    let at = (y * picture.width + left) * 4;
    for (let x = left; x < right; x++, at += 4) {
      const part = Math.min(1, coverage(x + 0.5, y + 0.5));
      if (part <= 0) continue;
      rgba[at] = mixByte(rgba[at], red, part);
      rgba[at + 1] = mixByte(rgba[at + 1], green, part);
      rgba[at + 2] = mixByte(rgba[at + 2], blue, part);
    }
  }
}

/** Lays a smaller picture on another, its upper left corner at this place. */
export function paste(
  picture: Pixels,
  patch: Pixels,
  place: { readonly left: number; readonly top: number },
): void {
  const { left, right, top, bottom } = visible(picture, {
    ...place,
    width: patch.width,
    height: patch.height,
  });
  for (let y = top; y < bottom; y++) {
    const from = ((y - Math.round(place.top)) * patch.width + (left - Math.round(place.left))) * 4;
    picture.rgba.set(patch.rgba.subarray(from, from + (right - left) * 4), (y * picture.width + left) * 4);
  }
}

/** The same pixels, to be drawn on without touching the original. */
export function copyOf(picture: Pixels): Pixels {
  return { ...picture, rgba: picture.rgba.slice() };
}

/** The picture scaled to fill a frame of this size: its middle is kept, and what overlaps is cut off. */
export function coverWith(picture: Pixels, width: number, height: number): Pixels {
  if (picture.width === width && picture.height === height) return picture;
  // Halving first keeps fine detail from turning into noise: a bilinear sample looks at four pixels only.
  const scale = Math.max(width / picture.width, height / picture.height);
  if (scale <= 0.5 && Math.min(picture.width, picture.height) > 1)
    return coverWith(halve(picture), width, height);

  const columns = samples({ from: picture.width, to: width, scale });
  const rows = samples({ from: picture.height, to: height, scale });
  // Across first, while there are few rows, and then down.
  const wide = new Float32Array(width * picture.height * 4);
  for (let y = 0, at = 0; y < picture.height; y++) {
    for (const { low, high, part } of columns) {
      const a = (y * picture.width + low) * 4;
      const b = (y * picture.width + high) * 4;
      for (let channel = 0; channel < 4; channel++, at++) {
        const from = picture.rgba[a + channel] ?? 0;
        wide[at] = from + ((picture.rgba[b + channel] ?? 0) - from) * part;
      }
    }
  }
  const rgba = new Uint8Array(width * height * 4);
  let at = 0;
  for (const { low, high, part } of rows) {
    const a = low * width * 4;
    const b = high * width * 4;
    for (let x = 0; x < width * 4; x++, at++) {
      const from = wide[a + x] ?? 0;
      rgba[at] = from + ((wide[b + x] ?? 0) - from) * part + 0.5;
    }
  }
  return { width, height, rgba };
}

/** Where each pixel of the scaled picture lies in the original: between two pixels, a part of the way to the second. */
function samples(axis: { readonly from: number; readonly to: number; readonly scale: number }) {
  const cut = (axis.from - axis.to / axis.scale) / 2;
  return Array.from({ length: axis.to }, (_, index) => {
    const place = Math.min(axis.from - 1, Math.max(0, cut + (index + 0.5) / axis.scale - 0.5));
    const low = Math.floor(place);
    return { low, high: Math.min(axis.from - 1, low + 1), part: place - low };
  });
}

/** Half the width and height: each pixel is the mean of four. An odd last row or column is left out. */
function halve(picture: Pixels): Pixels {
  const width = picture.width >> 1;
  const height = picture.height >> 1;
  const stride = picture.width * 4;
  const source = picture.rgba;
  const rgba = new Uint8Array(width * height * 4);
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width * 4; x++, at++) {
      const from = 2 * y * stride + (x >> 2) * 8 + (x & 3);
      const sum =
        (source[from] ?? 0) +
        (source[from + 4] ?? 0) +
        (source[from + stride] ?? 0) +
        (source[from + stride + 4] ?? 0);
      rgba[at] = (sum + 2) >> 2;
    }
  }
  return { width, height, rgba };
}

/** The picture as a file. */
export async function encodePicture(picture: Pixels, type: 'image/png' | 'image/jpeg'): Promise<Buffer> {
  if (type === 'image/png') return encodePng(picture);
  const { width, height, rgba } = picture;
  const { default: jpeg } = await import('jpeg-js');
  return jpeg.encode({ width, height, data: rgba }, 85).data;
}

function fillPixels(picture: Pixels, first: number, count: number, colour: Rgb): void {
  if (count <= 0) return;
  const start = first * 4;
  picture.rgba.set([...colour, 255], start);
  // Copying what is there already, twice as much each time, is far faster than writing pixel by pixel.
  for (let done = 4; done < count * 4; done *= 2) {
    picture.rgba.copyWithin(start + done, start, start + Math.min(done, count * 4 - done));
  }
}

/** The whole pixels of a box that lie within the picture. */
function visible(picture: Pixels, box: Box): { left: number; right: number; top: number; bottom: number } {
  const left = Math.round(box.left);
  const top = Math.round(box.top);
  return {
    left: Math.max(0, left),
    right: Math.min(picture.width, left + Math.round(box.width)),
    top: Math.max(0, top),
    bottom: Math.min(picture.height, top + Math.round(box.height)),
  };
}

function mixByte(byte: number | undefined, towards: number, part: number): number {
  const from = byte ?? 0;
  return from + (towards - from) * part + 0.5;
}
