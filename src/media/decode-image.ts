import { sniffMedia } from './sniff.js';

/** Decoded pixels, four bytes each: red, green, blue, alpha. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
}

/** Decodes a PNG or JPEG; undefined for whatever else there is. Throws where the file is damaged. */
export async function decodeImage(bytes: Buffer): Promise<Pixels | undefined> {
  switch (sniffMedia(bytes)?.mime) {
    case 'image/png': {
      const { PNG } = await import('pngjs');
      const { width, height, data } = PNG.sync.read(bytes);
      return { width, height, rgba: data };
    }
    case 'image/jpeg': {
      const { default: jpeg } = await import('jpeg-js');
      const { width, height, data } = jpeg.decode(bytes, { useTArray: true, formatAsRGBA: true });
      return { width, height, rgba: data };
    }
    default:
      return undefined;
  }
}
