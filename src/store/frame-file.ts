import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { decodeImage } from '../media/decode-image.js';
import { writeWhole } from './text-file.js';

/**
 * The sha256 of a frame that was kept, lower-case hex; undefined where there is none that can be decoded to its end. A
 * torn one would be paid for: a power cut may leave it, and so did a full disk once.
 */
export async function findFrame(path: string): Promise<string | undefined> {
  try {
    const png = await readFile(path);
    return (await decodeImage(png)) && sha256Of(png);
  } catch {
    return undefined;
  }
}

/** Keeps the PNG of a frame, whole or not at all, in a folder that is made. Gives its sha256. Throws `disk`. */
export async function keepFrame(path: string, png: Uint8Array): Promise<string> {
  await writeWhole(path, png);
  return sha256Of(png);
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
