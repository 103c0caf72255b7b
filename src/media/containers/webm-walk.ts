import { notWhole, type ClipTrack, type Walked } from './clip-track.js';
import type { FileWindow } from './file-window.js';
import {
  LONGEST_HEAD_BYTES,
  readElement,
  readTimestampScale,
  readWebmTracks,
  unsigned,
  vintLength,
  type WebmTrack,
} from './webm-tracks.js';

/** Element ids of RFC 9559 (Matroska), with their length markers, as they stand in the file. */
const ID = {
  ebml: 0x1a45dfa3,
  segment: 0x18538067,
  info: 0x1549a966,
  tracks: 0x1654ae6b,
  cluster: 0x1f43b675,
  clusterTime: 0xe7,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
} as const;

/** The walk enters these and visits their children. Live writers leave the size of the first two open. */
const ENTERED = new Set<number>([ID.segment, ID.cluster, ID.blockGroup]);
const MAY_BE_OPEN = new Set<number>([ID.segment, ID.cluster]);
/** The description of the tracks takes some hundred bytes; a larger one is damaged. */
const LARGEST_HEAD_BYTES = 16 * 1024 * 1024;

/** When the blocks of one track are shown, in units of the file. */
interface Shown {
  blocks: number;
  first: number;
  last: number;
}

/**
 * Walks a WebM (or Matroska file) from element to element, down to each block, to its last byte.
 * Sources: RFC 8794 (EBML), RFC 9559 (Matroska).
 */
export function walkWebm(file: FileWindow): Walked {
  let end = file.size;
  let scale = 1_000_000;
  let tracks: WebmTrack[] | undefined;
  let clusterTime = 0;
  const shown = new Map<number, Shown>();

  for (let at = 0; at < end;) {
    const element = readElement(file.read(at, LONGEST_HEAD_BYTES));
    if (element === undefined || (at === 0 && element.id !== ID.ebml)) return noElement(at, file.size);
    const { id, size } = element;
    const body = at + element.headBytes;
    if (size === undefined && !MAY_BE_OPEN.has(id)) return noElement(at, file.size);
    const after = body + (size ?? 0);
    if (after > end) return notWhole(`cut short: it goes on to byte ${after}, the file ends at ${file.size}`);

    if (id === ID.info || id === ID.tracks) {
      if (after - body > LARGEST_HEAD_BYTES)
        return notWhole(`damaged: its description claims ${after - body} bytes`);
      const bytes = file.read(body, after - body);
      if (id === ID.info) scale = readTimestampScale(bytes);
      else tracks ??= readWebmTracks(bytes);
    }
    if (id === ID.clusterTime) clusterTime = unsigned(file.read(body, Math.min(8, after - body)));
    if (id === ID.simpleBlock || id === ID.block) addBlock(file.read(body, 12), clusterTime, shown);
    // What follows a segment of known size does not belong to the clip.
    if (id === ID.segment && size !== undefined) end = after;
    at = ENTERED.has(id) ? body : after;
  }

  if (tracks === undefined) return notWhole('cut short or damaged: it describes no tracks');
  if (shown.size === 0) return notWhole('cut short: it describes tracks but holds no pictures');
  return {
    ok: true,
    tracks: tracks.map((track) => clipTrack(track, shown.get(track.number), scale)),
  };
}

/** A block opens on its track's number, its time from the cluster's, and flags. */
function addBlock(head: Buffer, clusterTime: number, shown: Map<number, Shown>): void {
  const length = vintLength(head[0] ?? 0);
  if (length > 8 || head.length < length + 3) return;
  const INVISIBLE = 0x08;
  if (((head[length + 2] ?? 0) & INVISIBLE) !== 0) return;
  const number = (head[0] ?? 0) & (0xff >> length);
  const time = clusterTime + head.readInt16BE(length);
  const so = shown.get(number) ?? { blocks: 0, first: time, last: time };
  so.blocks += 1;
  so.first = Math.min(so.first, time);
  so.last = Math.max(so.last, time);
  shown.set(number, so);
}

function clipTrack(
  { kind, codec, width, height, frameNs }: WebmTrack,
  shown: Shown | undefined,
  scale: number,
): ClipTrack {
  const { blocks, first, last } = shown ?? { blocks: 0, first: 0, last: 0 };
  const span = ((last - first) * scale) / 1e9;
  // The last frame is shown for as long as the file says, otherwise for as long as the others.
  const frameS = frameNs > 0 ? frameNs / 1e9 : blocks > 1 ? span / (blocks - 1) : 0;
  const mediaS = blocks === 0 ? 0 : span + frameS;
  return { kind, codec, width, height, frames: blocks, mediaS, shownS: mediaS };
}

function noElement(at: number, size: number): Walked {
  return notWhole(`damaged or cut short: at byte ${at} of ${size} there is no WebM element`);
}
