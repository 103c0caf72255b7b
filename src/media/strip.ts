import type { Pixels } from './decode-image.js';

/** The quality of JPEGs for a look: small, and good enough to compare. */
const QUALITY = 72;
const GAP = 6;

/** Puts pictures side by side, each `height` pixels high, and encodes them as one JPEG. None is enlarged. */
export async function stripOf(pictures: readonly Pixels[], height: number): Promise<Buffer> {
  const small = pictures.map((picture) => shrunk(picture, height));
  const width = small.reduce((sum, picture) => sum + picture.width, GAP * (small.length - 1));
  const high = Math.max(...small.map((picture) => picture.height));
  const data = Buffer.alloc(width * high * 4, 0x20);
  let left = 0;
  for (const picture of small) {
    for (let y = 0; y < picture.height; y++) {
      const row = picture.rgba.subarray(y * picture.width * 4, (y + 1) * picture.width * 4);
      data.set(row, (y * width + left) * 4);
    }
    left += picture.width + GAP;
  }
  const { default: jpeg } = await import('jpeg-js');
  return jpeg.encode({ width, height: high, data }, QUALITY).data;
}

/** Each pixel of the small picture is the mean of those it covers. */
function shrunk(picture: Pixels, height: number): Pixels {
  const scale = Math.min(1, height / picture.height);
  if (scale === 1) return picture;
  const wide = Math.max(1, Math.round(picture.width * scale));
  const high = Math.max(1, Math.round(picture.height * scale));
  const rgba = new Uint8Array(wide * high * 4);
  for (let y = 0; y < high; y++) {
    const [top, bottom] = spanOf(y, high, picture.height);
    for (let x = 0; x < wide; x++) {
      const [left, right] = spanOf(x, wide, picture.width);
      const sum = [0, 0, 0];
      for (let row = top; row < bottom; row++)
        for (let column = left; column < right; column++)
          for (let part = 0; part < 3; part++)
            sum[part] = (sum[part] ?? 0) + (picture.rgba[(row * picture.width + column) * 4 + part] ?? 0);
      const count = (bottom - top) * (right - left);
      const at = (y * wide + x) * 4;
      for (let part = 0; part < 3; part++) rgba[at + part] = Math.round((sum[part] ?? 0) / count);
      rgba[at + 3] = 255;
    }
  }
  return { width: wide, height: high, rgba };
}

/** The pixels of a long side that one of a short side covers; at least one. */
function spanOf(index: number, short: number, long: number): [start: number, end: number] {
  const start = Math.floor((index * long) / short);
  return [start, Math.max(start + 1, Math.floor(((index + 1) * long) / short))];
}
