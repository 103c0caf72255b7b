import { messageOf } from '../errors.js';
import { notWhole, type ClipTrack, type NotWhole } from './containers/clip-track.js';
import { withFileWindow, type FileWindow } from './containers/file-window.js';
import { walkMp4 } from './containers/mp4-walk.js';
import { walkWebm } from './containers/webm-walk.js';
import { SNIFF_BYTES, sniffMedia, whatItIs } from './sniff.js';

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
    // Buffer throws it for a read beyond the end of a table: the file claims more than it contains.
    const what = error instanceof RangeError ? 'damaged' : 'not readable';
    return notWhole(`${what}: ${messageOf(error)}`);
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
  return notWhole(`${whatItIs(head)}, not a clip`);
}

/** The boxes an MP4 or QuickTime file may open on. */
const OPENING_BOXES = 'ftyp styp moov mdat moof sidx wide free skip uuid'.split(' ');

function opensOnBox(head: Buffer): boolean {
  return OPENING_BOXES.includes(head.toString('latin1', 4, 8));
}
