import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { decodeImage, type Pixels } from '../media/decode-image.js';
import { sniffMedia } from '../media/sniff.js';
import type { ClipSettings } from './job.js';
import { makeClip } from './pictures/clip.js';
import { encodePicture } from './pictures/picture.js';
import { drawStill } from './pictures/still.js';

/** Work for the darkroom. */
export type DarkroomTask =
  /** Whether this is an image. */
  | { readonly kind: 'check'; readonly image: Uint8Array }
  /** Draws a still as an image file. */
  | { readonly kind: 'still'; readonly name: string; readonly type: 'image/png' | 'image/jpeg' }
  | {
      readonly kind: 'clip';
      readonly job: string;
      readonly index: number;
      readonly settings: ClipSettings;
      /** The file of each image, by its sha256. */
      readonly imagePaths: Readonly<Record<string, string>>;
    };

/** What a worker says when a task is done. */
export type DarkroomAnswer = { readonly file: Uint8Array } | { readonly error: string };

/** Does a task, and gives the file that came of it (a check brings none). Throws where an image is broken. */
export async function performTask(task: DarkroomTask): Promise<Uint8Array<ArrayBuffer>> {
  switch (task.kind) {
    case 'check':
      await checkImage(Buffer.from(task.image));
      return new Uint8Array();
    case 'still':
      return new Uint8Array(await encodePicture(drawStill(task.name, STILL_SIZE), task.type));
    case 'clip':
      return makeJobClip(task);
  }
}

/** Throws where it is broken, or no image at all. One of a kind that is not decoded here, a real model may well take. */
async function checkImage(bytes: Buffer): Promise<void> {
  if (sniffMedia(bytes)?.media !== 'image') throw new TypeError('it is not an image');
  await decodeImage(bytes);
}

const STILL_SIZE = { width: 960, height: 540 };

async function makeJobClip(task: DarkroomTask & { readonly kind: 'clip' }): Promise<Uint8Array<ArrayBuffer>> {
  const { settings } = task;
  const pictureOf = async (sha256: string | null): Promise<Pixels | undefined> => {
    const path = sha256 === null ? undefined : task.imagePaths[sha256];
    return path === undefined ? undefined : decodeImage(await readFile(path));
  };
  const first = await pictureOf(settings.first_frame);
  const last = await pictureOf(settings.last_frame);
  const images = [];
  if (settings.first_frame !== null) images.push({ label: labelOf('FIRST FRAME', first), picture: first });
  if (settings.last_frame !== null) images.push({ label: labelOf('LAST FRAME', last), picture: last });
  for (const sha256 of settings.references) {
    const picture = await pictureOf(sha256);
    images.push({ label: labelOf('REFERENCE', picture), picture });
  }
  const { width, height, seconds, audio } = settings;
  const fields = [
    { label: 'SIZE', value: `${width} × ${height}` },
    { label: 'LENGTH', value: `${seconds} s` },
    { label: 'SOUND', value: audio ? 'silent track' : 'off' },
    ...(settings.seed === null ? [] : [{ label: 'SEED', value: String(settings.seed) }]),
    ...(task.index === 0 ? [] : [{ label: 'OUTPUT', value: String(task.index + 1) }]),
  ];
  const { model, prompt } = settings;
  const slate = { model, prompt, job: task.job, hue: hueOf(task), fields, images };
  return makeClip({ width, height, seconds, audio, slate, first, last });
}

function labelOf(what: string, picture: Pixels | undefined): string {
  return picture ? what : `${what} (not decoded)`;
}

/** A colour of the shot's own; takes with seeds that count up stand far apart on the wheel. */
function hueOf({ job, index, settings }: DarkroomTask & { readonly kind: 'clip' }): number {
  const shot = settings.seed === null ? job : `${settings.model}\n${settings.prompt}`;
  const base = createHash('sha256').update(shot).digest().readUInt16LE(0);
  return (base + ((settings.seed ?? 0) + index) * GOLDEN_ANGLE) % 360;
}

/** Degrees; no small number of such steps comes near to where it began. */
const GOLDEN_ANGLE = 137.508;
