import type { Picture } from './picture.js';

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
