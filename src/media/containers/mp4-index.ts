import type { ClipTrack } from './clip-track.js';
import { childBoxes, findBox, needBox } from './mp4-boxes.js';
import { readSampleTable } from './mp4-samples.js';

/** A track as the index of an MP4 (its moov box) has it. */
export interface Mp4Track extends ClipTrack {
  readonly id: number;
  /** Units a second; zero where the file is damaged. */
  readonly timescale: number;
  /** The byte after the last one that any sample of the track occupies. */
  readonly samplesEnd: number;
}

export interface Mp4Index {
  readonly tracks: readonly Mp4Track[];
  /** Set where the file goes on in fragments: how long a sample is where a fragment does not say, by track. */
  readonly fragmentDefaults: ReadonlyMap<number, number> | undefined;
}

/** Reads the body of a moov box; a track that cannot be read is left out. Source: ISO/IEC 14496-12. */
export function readMp4Index(moov: Buffer): Mp4Index {
  const movieHeader = findBox(moov, 'mvhd') ?? Buffer.alloc(0);
  const movieTimescale = movieHeader.length < 24 ? 0 : movieHeader.readUInt32BE(timescaleAt(movieHeader));
  const tracks: Mp4Track[] = [];
  for (const { type, body } of childBoxes(moov)) {
    if (type !== 'trak') continue;
    const track = readTrack(body, movieTimescale);
    if (track !== undefined) tracks.push(track);
  }
  return { tracks, fragmentDefaults: readFragmentDefaults(findBox(moov, 'mvex')) };
}

/** Buffer checks the bounds of every read, and no loop runs past its table: damage ends in a RangeError, soon. */
function readTrack(trak: Buffer, movieTimescale: number): Mp4Track | undefined {
  try {
    return readWholeTrack(trak, movieTimescale);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const KINDS: Readonly<Record<string, ClipTrack['kind']>> = { vide: 'video', soun: 'audio' };

function readWholeTrack(trak: Buffer, movieTimescale: number): Mp4Track {
  const header = needBox(trak, 'tkhd');
  const mediaHeader = needBox(trak, 'mdia', 'mdhd');
  const table = needBox(trak, 'mdia', 'minf', 'stbl');
  const kind = KINDS[needBox(trak, 'mdia', 'hdlr').toString('latin1', 8, 12)] ?? 'other';
  const entry = needBox(table, 'stsd').subarray(8);
  const timescale = mediaHeader.readUInt32BE(timescaleAt(mediaHeader));
  const { frames, units, samplesEnd } = readSampleTable(table);
  const mediaS = timescale === 0 ? 0 : units / timescale;
  return {
    id: header.readUInt32BE(header.readUInt8(0) === 1 ? 20 : 12),
    kind,
    codec: entry.toString('latin1', 4, 8),
    ...(kind === 'video' ? displaySize(header, entry) : { width: 0, height: 0 }),
    timescale,
    frames,
    mediaS,
    shownS: shownSeconds(findBox(trak, 'edts', 'elst'), mediaS, movieTimescale),
    samplesEnd,
  };
}

/** In mvhd and mdhd alike: after two times, which version 1 gives in 64 bits. */
function timescaleAt(header: Buffer): number {
  return header.readUInt8(0) === 1 ? 20 : 12;
}

/** The boxes of a picture's description follow its fields of fixed place. */
const VISUAL_ENTRY_BYTES = 86;

function displaySize(header: Buffer, entry: Buffer): { width: number; height: number } {
  const matrixAt = header.readUInt8(0) === 1 ? 52 : 40;
  // The track header has the size as shown, in 16.16 fixed point. Not all writers set it correctly: if the shape of the
  // pixels is given, that is what counts.
  const shown = [matrixAt + 36, matrixAt + 40].map((at) => Math.round(header.readUInt32BE(at) / 65_536));
  const coded = [entry.readUInt16BE(32), entry.readUInt16BE(34)];
  const shape = pixelShape(entry);
  const isShown = isPicture(shown) && (shape === undefined || !isPicture(coded));
  let [width = 0, height = 0] = isShown ? shown : coded;
  if (!isShown && shape !== undefined) width = Math.max(1, Math.round(width * shape));
  // A quarter turn has its numbers off the matrix's diagonal.
  const turned = header.readInt32BE(matrixAt) === 0 && header.readInt32BE(matrixAt + 4) !== 0;
  if (turned) [width, height] = [height, width];
  return { width, height };
}

function isPicture(size: readonly number[]): boolean {
  return size.every((pixels) => pixels > 0);
}

/** How much wider than high a pixel is; undefined if the file does not say, as with 0:0. */
function pixelShape(entry: Buffer): number | undefined {
  const shape = findBox(entry.subarray(VISUAL_ENTRY_BYTES, entry.readUInt32BE(0)), 'pasp');
  const [across, down] = shape ? [shape.readUInt32BE(0), shape.readUInt32BE(4)] : [0, 0];
  return across > 0 && down > 0 ? across / down : undefined;
}

/**
 * What the edit list shows. Empty edits show nothing; a length of 0 means all the rest. A list that cannot be read, or
 * that shows nothing at all, hides nothing: players show such clips too.
 */
function shownSeconds(edits: Buffer | undefined, mediaS: number, movieTimescale: number): number {
  if (edits === undefined || edits.length < 8 || movieTimescale === 0) return mediaS;
  const wide = edits.readUInt8(0) === 1;
  const entryBytes = wide ? 20 : 12;
  const entries = Math.min(edits.readUInt32BE(4), Math.floor((edits.length - 8) / entryBytes));
  let units = 0;
  for (let entry = 0; entry < entries; entry += 1) {
    const at = 8 + entry * entryBytes;
    const length = wide ? Number(edits.readBigUInt64BE(at)) : edits.readUInt32BE(at);
    const mediaTime = wide ? Number(edits.readBigInt64BE(at + 8)) : edits.readInt32BE(at + 4);
    if (mediaTime < 0) continue;
    if (length === 0) return mediaS;
    units += length;
  }
  return units === 0 ? mediaS : Math.min(mediaS, units / movieTimescale);
}

function readFragmentDefaults(mvex: Buffer | undefined): ReadonlyMap<number, number> | undefined {
  if (mvex === undefined) return undefined;
  const defaults = new Map<number, number>();
  for (const { type, body } of childBoxes(mvex)) {
    if (type === 'trex' && body.length >= 16) defaults.set(body.readUInt32BE(4), body.readUInt32BE(12));
  }
  return defaults;
}
