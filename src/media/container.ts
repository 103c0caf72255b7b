import { messageOf } from '../errors.js';
import { withFileWindow, type FileWindow } from './file-window.js';
import type { Mp4Index } from './mp4-index.js';
import { walkMp4 } from './mp4-walk.js';
import { SNIFF_BYTES, sniffMedia } from './sniff.js';
import { walkWebm } from './webm-walk.js';
import { whatItIs } from './what-it-is.js';

/** Why a file is not a whole clip: a clause to be put after "the file is" or "it is". */
export interface NotWhole {
  readonly ok: false;
  readonly reason: string;
}

/** A clip whose container is whole, and the index that was read on the way. */
export type WholeClip =
  | { readonly ok: true; readonly container: 'mp4'; readonly index: Mp4Index }
  | { readonly ok: true; readonly container: 'webm' };

/**
 * Tells by its bytes whether a file is a clip, and whether all of it is there. Reads headers, not pictures.
 * Never rejects: a file that cannot be read is not whole either.
 */
export async function checkWhole(
  path: string,
): Promise<{ readonly ok: true; readonly container: 'mp4' | 'webm' } | NotWhole> {
  const checked = await Promise.resolve(inspectClip(path));
  return checked.ok ? { ok: true, container: checked.container } : checked;
}

/** As `checkWhole`, handing on what was read. */
export function inspectClip(path: string): WholeClip | NotWhole {
  try {
    return withFileWindow(path, walk);
  } catch (error) {
    return { ok: false, reason: `not readable: ${messageOf(error)}` };
  }
}

function walk(file: FileWindow): WholeClip | NotWhole {
  const head = file.read(0, 1024);
  const sniffed = sniffMedia(head.subarray(0, SNIFF_BYTES));
  if (sniffed?.mime === 'video/webm' || sniffed?.mime === 'video/x-matroska') {
    const walked = walkWebm(file);
    return walked.ok ? { ok: true, container: 'webm' } : walked;
  }
  if (sniffed?.media !== 'image' && opensOnBox(head)) {
    const walked = walkMp4(file);
    return walked.ok ? { ok: true, container: 'mp4', index: walked.index } : walked;
  }
  return { ok: false, reason: `${whatItIs(head)}, not a clip` };
}

/** The boxes an MP4 or QuickTime file may open on. */
const OPENING_BOXES = new Set([
  'ftyp',
  'styp',
  'moov',
  'mdat',
  'moof',
  'sidx',
  'wide',
  'free',
  'skip',
  'uuid',
]);

function opensOnBox(head: Buffer): boolean {
  return OPENING_BOXES.has(head.toString('latin1', 4, 8));
}
