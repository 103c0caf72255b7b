import { messageOf } from '../errors.js';
import type { ClipTrack } from './clip-track.js';
import { withFileWindow, type FileWindow } from './file-window.js';
import { walkMp4 } from './mp4-walk.js';
import { SNIFF_BYTES, sniffMedia } from './sniff.js';
import { walkWebm } from './webm-walk.js';
import { whatItIs } from './what-it-is.js';

/** Why a file is not a whole clip: a clause to be put after "the file is" or "it is". */
export interface NotWhole {
  readonly ok: false;
  readonly reason: string;
}

/** A clip whose container is whole, and what it says of its tracks. */
export interface WholeClip {
  readonly ok: true;
  readonly container: 'mp4' | 'webm';
  readonly tracks: readonly ClipTrack[];
}

/**
 * Tells by its bytes whether a file is a clip, and whether all of it is there, with its tracks. Reads headers, not
 * pictures. Never throws: a file that cannot be read is not whole either.
 */
export function inspectClip(path: string): WholeClip | NotWhole {
  try {
    return withFileWindow(path, inspect);
  } catch (error) {
    // Buffer throws it for what lies beyond the end of a table: the file claims more than it holds.
    const what = error instanceof RangeError ? 'damaged' : 'not readable';
    return { ok: false, reason: `${what}: ${messageOf(error)}` };
  }
}

function inspect(file: FileWindow): WholeClip | NotWhole {
  const head = file.read(0, 1024);
  const sniffed = sniffMedia(head.subarray(0, SNIFF_BYTES));
  if (sniffed?.mime === 'video/webm' || sniffed?.mime === 'video/x-matroska') {
    const walked = walkWebm(file);
    return walked.ok ? { ...walked, container: 'webm' } : walked;
  }
  if (sniffed?.media !== 'image' && opensOnBox(head)) {
    const walked = walkMp4(file);
    return walked.ok ? { ...walked, container: 'mp4' } : walked;
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
