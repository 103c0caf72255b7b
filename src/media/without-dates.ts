import { open } from 'node:fs/promises';
import { childBoxes, needBox } from './mp4-boxes.js';

/** A `moov` box as it was written, and where: from there, bytes of the file. */
export interface WrittenMoov {
  readonly data: Uint8Array;
  readonly position: number;
}

/** Takes the moments of writing out of an MP4, so that the same clips always make the same film. */
export async function removeDates(file: string, { data, position }: WrittenMoov): Promise<void> {
  const moov = Buffer.from(data);
  const body = needBox(moov, 'moov');
  clearDates(needBox(body, 'mvhd'));
  for (const { type, body: track } of childBoxes(body)) {
    if (type !== 'trak') continue;
    clearDates(needBox(track, 'tkhd'));
    clearDates(needBox(track, 'mdia', 'mdhd'));
  }
  const handle = await open(file, 'r+');
  try {
    await handle.write(moov, 0, moov.length, position);
  } finally {
    await handle.close();
  }
}

/** Each of these boxes begins with version and flags, creation time and modification time; 0 is not said. */
function clearDates(header: Buffer): void {
  header.fill(0, 4, header[0] === 1 ? 20 : 12);
}
