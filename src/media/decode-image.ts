import { sniffMedia } from './sniff.js';

/** Decoded pixels, four bytes each: red, green, blue, alpha. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
}

/** Encodes pixels as a PNG; what is transparent in them is lost. */
export async function encodePng({ width, height, rgba }: Pixels): Promise<Buffer> {
  const { PNG } = await import('pngjs');
  const image = new PNG({ width, height });
  image.data = Buffer.from(rgba.buffer, rgba.byteOffset, rgba.length);
  return PNG.sync.write(image, { colorType: 2 });
}

/** Decodes a PNG or JPEG; undefined for anything else. Throws where the file is damaged. */
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
