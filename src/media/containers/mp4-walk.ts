import { notWhole, type ClipTrack, type Walked } from './clip-track.js';
import type { FileWindow } from './file-window.js';
import { childBoxes, needBox } from './mp4-boxes.js';
import { readMp4Index, type Mp4Index } from './mp4-index.js';

/** The index of an hour of video takes some 5 MB; a larger one is damaged, and not worth the memory. */
const LARGEST_INDEX_BYTES = 64 * 1024 * 1024;

/** The boxes that a cut file can end in; their end is checked. */
const OWN_BOXES = new Set('ftyp moov mdat moof mfra free skip wide uuid meta udta sidx'.split(' '));

/**
 * Walks an MP4 (or QuickTime file) from box to box to its last byte and checks the samples in its index against
 * the file's end: a file that was cut short anywhere fails one or the other. Throws a RangeError where a fragment is
 * damaged. Source: ISO/IEC 14496-12.
 */
export function walkMp4(file: FileWindow): Walked {
  let index: Mp4Index | undefined;
  let mediaBoxes = 0;
  // A fragment is a moof and the mdat after it: one without the other means that the file was cut.
  let openFragment = false;
  const totals = new Map<number, FragmentTotals>();

  for (let at = 0; at < file.size;) {
    const box = readBox(file, at);
    if (box === undefined) {
      // Bytes after a complete file do it no harm; in a fragmented one they may be the head of the next fragment.
      if (index !== undefined && index.fragmentDefaults === undefined) break;
      return notWhole(`damaged or cut short: at byte ${at} of ${file.size} there is no MP4 box`);
    }
    if (box.end > file.size) {
      // Text behind a complete file can look like the head of a huge box.
      if (index !== undefined && index.fragmentDefaults === undefined && !OWN_BOXES.has(box.type)) break;
      return notWhole(
        `cut short: its ${box.type} box reaches to byte ${box.end}, the file ends at ${file.size}`,
      );
    }
    const bytes = box.end - box.body;
    if ((box.type === 'moov' || box.type === 'moof') && bytes > LARGEST_INDEX_BYTES) {
      return notWhole(`damaged: its index (${box.type} box) claims ${bytes} bytes`);
    }
    if (box.type === 'moov') index ??= readMp4Index(file.read(box.body, bytes));
    if (box.type === 'mdat') {
      mediaBoxes += 1;
      openFragment = false;
    }
    if (box.type === 'moof') {
      openFragment = true;
      if (index?.fragmentDefaults) {
        addFragment(file.read(box.body, bytes), index.fragmentDefaults, totals);
      }
    }
    at = box.end;
  }

  if (index === undefined) return notWhole('cut short or damaged: it has no index (moov box)');
  if (mediaBoxes === 0) return notWhole('cut short: it has an index but no pictures (mdat box)');
  if (openFragment) return notWhole('cut short: its last fragment lacks its pictures (mdat box)');
  const end = Math.max(0, ...index.tracks.map((track) => track.samplesEnd));
  if (end > file.size) {
    return notWhole(`cut short: its index lists pictures up to byte ${end}, the file ends at ${file.size}`);
  }
  return { ok: true, tracks: withFragments(index, totals) };
}

/** What the fragments of a track contain in total; `units` are those of the track. */
interface FragmentTotals {
  frames: number;
  units: number;
}

interface Box {
  readonly type: string;
  /** Where its body begins, and the byte after its last. */
  readonly body: number;
  readonly end: number;
}

/** The box at that place, undefined if the bytes cannot be the head of one. */
function readBox(file: FileWindow, at: number): Box | undefined {
  const head = file.read(at, 16);
  if (head.length < 8) return undefined;
  const type = head.toString('latin1', 4, 8);
  if (!/^[\x20-\x7e\xa9][\x20-\x7e]{3}$/.test(type)) return undefined;
  const size = head.readUInt32BE(0);
  // 0: to the end of the file; 1: the size follows in 64 bits.
  if (size === 0) return { type, body: at + 8, end: file.size };
  if (size !== 1) return size < 8 ? undefined : { type, body: at + 8, end: at + size };
  if (head.length < 16) return undefined;
  const wideSize = Number(head.readBigUInt64BE(8));
  return wideSize < 16 ? undefined : { type, body: at + 16, end: at + wideSize };
}

/** An edit list of a fragmented file covers only what was known at its start: everything that follows is shown. */
function withFragments(index: Mp4Index, totals: ReadonlyMap<number, FragmentTotals>): readonly ClipTrack[] {
  if (index.fragmentDefaults === undefined) return index.tracks;
  return index.tracks.map((track) => {
    const { frames, units } = totals.get(track.id) ?? { frames: 0, units: 0 };
    const mediaS = track.mediaS + (track.timescale === 0 ? 0 : units / track.timescale);
    return { ...track, frames: track.frames + frames, mediaS, shownS: mediaS };
  });
}

/**
 * Adds the body of a moof box to the totals by track. Throws a RangeError where it is shorter than it claims.
 * Source: ISO/IEC 14496-12, the boxes tfhd and trun.
 */
function addFragment(
  moof: Buffer,
  defaults: ReadonlyMap<number, number>,
  totals: Map<number, FragmentTotals>,
): void {
  for (const { type, body } of childBoxes(moof)) {
    if (type !== 'traf') continue;
    const header = needBox(body, 'tfhd');
    const id = header.readUInt32BE(4);
    const sum = totals.get(id) ?? { frames: 0, units: 0 };
    totals.set(id, sum);
    const defaultUnits = ownDefault(header) ?? defaults.get(id) ?? 0;
    for (const child of childBoxes(body)) if (child.type === 'trun') addRun(child.body, sum, defaultUnits);
  }
}

/** The fragment's own word on how long its samples are. */
function ownDefault(header: Buffer): number | undefined {
  const flags = header.readUIntBE(1, 3);
  if ((flags & 0x08) === 0) return undefined;
  // A data offset of eight bytes and a description's number of four may stand before it.
  return header.readUInt32BE(8 + ((flags & 0x01) === 0 ? 0 : 8) + ((flags & 0x02) === 0 ? 0 : 4));
}

function addRun(run: Buffer, sum: FragmentTotals, defaultUnits: number): void {
  const flags = run.readUIntBE(1, 3);
  const frames = run.readUInt32BE(4);
  sum.frames += frames;
  if ((flags & 0x100) === 0) {
    sum.units += frames * defaultUnits;
    return;
  }
  const first = 8 + ((flags & 0x01) === 0 ? 0 : 4) + ((flags & 0x04) === 0 ? 0 : 4);
  // Each sample has four bytes for each of: duration, size, flags, composition offset.
  const stride = [0x100, 0x200, 0x400, 0x800].filter((flag) => (flags & flag) !== 0).length * 4;
  for (let frame = 0; frame < frames; frame += 1) sum.units += run.readUInt32BE(first + frame * stride);
}
