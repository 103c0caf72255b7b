import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { decodeImage } from '../media/decode-image.js';
import { readRegular } from '../regular-file.js';
import { ownFolder } from './own-folder.js';
import { writeWhole } from './text-file.js';

/** Larger than a frame of 8K that does not compress. */
const MAX_BYTES = 200_000_000;

/**
 * The sha256 of a stored frame, lower-case hex; undefined if there is none that can be decoded to its end. A power cut or a
 * full disk may leave a torn frame, and a clip made from it would have to be paid.
 */
export async function findFrame(path: string): Promise<string | undefined> {
  try {
    const png = await readRegular(path, { maxBytes: MAX_BYTES });
    return png && (await decodeImage(png)) && sha256Of(png);
  } catch {
    return undefined;
  }
}

/** Stores the PNG of a frame, whole or not at all, and makes its folder. Gives its sha256. Throws `disk`. */
export async function keepFrame(path: string, png: Uint8Array): Promise<string> {
  ownFolder(dirname(dirname(path)), dirname(path));
  await writeWhole(path, png);
  return sha256Of(png);
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
