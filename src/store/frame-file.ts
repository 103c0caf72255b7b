import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { decodeImage } from '../media/decode-image.js';
import { readRegular } from '../regular-file.js';
import { ownFolder } from './own-folder.js';
import { writeWhole } from './text-file.js';

/** A frame of 8K that does not compress is smaller. */
const MAX_BYTES = 200_000_000;

/**
 * The sha256 of a frame that was kept, lower-case hex; undefined if there is none that can be decoded to its end. A
 * torn one would be paid for: a power cut may leave it, and so did a full disk once.
 */
export async function findFrame(path: string): Promise<string | undefined> {
  try {
    const png = await readRegular(path, { maxBytes: MAX_BYTES });
    return png && (await decodeImage(png)) && sha256Of(png);
  } catch {
    return undefined;
  }
}

/** Keeps the PNG of a frame, whole or not at all, in a folder that is made. Gives its sha256. Throws `disk`. */
export async function keepFrame(path: string, png: Uint8Array): Promise<string> {
  ownFolder(dirname(dirname(path)), dirname(path));
  await writeWhole(path, png);
  return sha256Of(png);
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
