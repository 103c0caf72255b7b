import { sniffMedia } from '../media/sniff.js';
import type { Picture } from './picture.js';

/**
 * The picture in a PNG or JPEG file; undefined where it is an image of another kind, which a real model may
 * well take. Throws where it is broken, or no image at all.
 */
export async function decodePicture(bytes: Buffer): Promise<Picture | undefined> {
  const sniffed = sniffMedia(bytes);
  if (sniffed?.mime === 'image/png') {
    const { PNG } = await import('pngjs');
    const { width, height, data } = PNG.sync.read(bytes);
    return { width, height, rgba: data };
  }
  if (sniffed?.mime === 'image/jpeg') {
    const { default: jpeg } = await import('jpeg-js');
    const { width, height, data } = jpeg.decode(bytes, { useTArray: true, formatAsRGBA: true });
    return { width, height, rgba: data };
  }
  if (sniffed?.media !== 'image') throw new TypeError('it is not an image');
  return undefined;
}

/** The picture as a file. */
export async function encodePicture(picture: Picture, type: 'image/png' | 'image/jpeg'): Promise<Buffer> {
  const { width, height, rgba } = picture;
  if (type === 'image/jpeg') {
    const { default: jpeg } = await import('jpeg-js');
    return jpeg.encode({ width, height, data: rgba }, 85).data;
  }
  const { PNG } = await import('pngjs');
  const png = new PNG({ width, height });
  png.data = Buffer.from(rgba.buffer, rgba.byteOffset, rgba.length);
  return PNG.sync.write(png, { colorType: 2 });
}
