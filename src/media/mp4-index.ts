/** One track of an MP4 as its index (the moov box) describes it. */
export interface Mp4Track {
  /** `vide`, `soun`, … */
  readonly handler: string;
  /** Four characters: `avc1`, `mp4a`, … */
  readonly codec: string;
  /** Pixels as shown, rotation applied; zero for what is no picture. */
  readonly width: number;
  readonly height: number;
  /** Frames or packets listed in the index; those of a fragmented file stand in its fragments instead. */
  readonly sampleCount: number;
  /** All samples end to end, and the part of them that the edit list shows. Seconds. */
  readonly mediaS: number;
  readonly shownS: number;
  /** The byte after the last one that any sample of the track occupies. */
  readonly samplesEnd: number;
}

export interface Mp4Index {
  /** The file goes on in fragments (moof boxes). */
  readonly fragmented: boolean;
  readonly tracks: readonly Mp4Track[];
}

/**
 * Reads the body of a moov box; a track that cannot be read is left out. Source: ISO/IEC 14496-12.
 */
export function readMp4Index(moov: Buffer): Mp4Index {
  const movieHeader = find(moov, 'mvhd') ?? Buffer.alloc(0);
  const movieTimescale = movieHeader.length < 24 ? 0 : movieHeader.readUInt32BE(timescaleAt(movieHeader));
  const tracks: Mp4Track[] = [];
  for (const { type, body } of boxes(moov)) {
    if (type !== 'trak') continue;
    const track = readTrack(body, movieTimescale);
    if (track !== undefined) tracks.push(track);
  }
  return { fragmented: find(moov, 'mvex') !== undefined, tracks };
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

function readWholeTrack(trak: Buffer, movieTimescale: number): Mp4Track {
  const mediaHeader = need(trak, 'mdia', 'mdhd');
  const timescale = mediaHeader.readUInt32BE(timescaleAt(mediaHeader));
  const handler = need(trak, 'mdia', 'hdlr').toString('latin1', 8, 12);
  const table = need(trak, 'mdia', 'minf', 'stbl');
  const descriptions = need(table, 'stsd');
  const entry = descriptions.subarray(8);
  const durationUnits = sumOfDurations(need(table, 'stts'));
  const edits = find(trak, 'edts', 'elst');
  const toSeconds = (units: number, scale: number): number => (scale === 0 ? 0 : units / scale);
  const shownUnits =
    edits === undefined || movieTimescale === 0
      ? durationUnits
      : shownByEdits(edits, { durationUnits, unitsPerMovieUnit: timescale / movieTimescale });
  return {
    handler,
    codec: entry.toString('latin1', 4, 8),
    ...(handler === 'vide' ? displaySize(need(trak, 'tkhd'), entry) : { width: 0, height: 0 }),
    ...readSamples(table),
    mediaS: toSeconds(durationUnits, timescale),
    shownS: toSeconds(shownUnits, timescale),
  };
}

/** In mvhd and mdhd alike: after two times, which version 1 gives in 64 bits. */
function timescaleAt(header: Buffer): number {
  return header.readUInt8(0) === 1 ? 20 : 12;
}

function sumOfDurations(timeToSample: Buffer): number {
  let units = 0;
  const entries = timeToSample.readUInt32BE(4);
  for (let entry = 0; entry < entries; entry += 1) {
    units += timeToSample.readUInt32BE(8 + entry * 8) * timeToSample.readUInt32BE(12 + entry * 8);
  }
  return units;
}

/** What the edit list shows, in units of the track. Empty edits show nothing; a length of 0 means all the rest. */
function shownByEdits(
  edits: Buffer,
  { durationUnits, unitsPerMovieUnit }: { durationUnits: number; unitsPerMovieUnit: number },
): number {
  const wide = edits.readUInt8(0) === 1;
  const entries = edits.readUInt32BE(4);
  let shown = 0;
  for (let entry = 0; entry < entries; entry += 1) {
    const at = 8 + entry * (wide ? 20 : 12);
    const length = wide ? Number(edits.readBigUInt64BE(at)) : edits.readUInt32BE(at);
    const mediaTime = wide ? Number(edits.readBigInt64BE(at + 8)) : edits.readInt32BE(at + 4);
    if (mediaTime < 0) continue;
    if (length === 0) return durationUnits;
    shown += length * unitsPerMovieUnit;
  }
  return entries === 0 ? durationUnits : Math.min(shown, durationUnits);
}

function displaySize(trackHeader: Buffer, entry: Buffer): { width: number; height: number } {
  const matrixAt = trackHeader.readUInt8(0) === 1 ? 52 : 40;
  // The track header has the size as shown, pixel shape applied, in 16.16 fixed point; some writers leave it out.
  const shown = [matrixAt + 36, matrixAt + 40].map((at) => Math.round(trackHeader.readUInt32BE(at) / 65_536));
  const coded = [entry.readUInt16BE(32), entry.readUInt16BE(34)];
  const [width = 0, height = 0] = shown.every((pixels) => pixels > 0) ? shown : coded;
  // A quarter turn has its numbers off the matrix's diagonal.
  const turned = trackHeader.readInt32BE(matrixAt) === 0 && trackHeader.readInt32BE(matrixAt + 4) !== 0;
  return turned ? { width: height, height: width } : { width, height };
}

/** Follows the chunks of a sample table to the farthest byte that they occupy. */
function readSamples(table: Buffer): { sampleCount: number; samplesEnd: number } {
  const sizes = find(table, 'stsz');
  const compact = sizes === undefined ? need(table, 'stz2') : undefined;
  const narrow = find(table, 'stco');
  const offsets = narrow ?? need(table, 'co64');
  const runs = need(table, 'stsc');

  const sampleCount = (sizes ?? compact ?? table).readUInt32BE(8);
  const commonSize = sizes?.readUInt32BE(4) ?? 0;
  const sizeOf =
    sizes === undefined
      ? compactSizes(compact ?? table)
      : (index: number) => sizes.readUInt32BE(12 + index * 4);
  const chunkCount = offsets.readUInt32BE(4);
  const runCount = runs.readUInt32BE(4);

  let sample = 0;
  let run = 0;
  let samplesEnd = 0;
  for (let chunk = 0; chunk < chunkCount && sample < sampleCount; chunk += 1) {
    const offset =
      narrow === undefined
        ? Number(offsets.readBigUInt64BE(8 + chunk * 8))
        : narrow.readUInt32BE(8 + chunk * 4);
    // A run says from which chunk on (counted from 1) how many samples stand in each.
    while (run + 1 < runCount && runs.readUInt32BE(8 + (run + 1) * 12) <= chunk + 1) run += 1;
    const inChunk = Math.min(runs.readUInt32BE(12 + run * 12), sampleCount - sample);
    let bytes = commonSize * inChunk;
    if (commonSize === 0)
      for (let index = sample; index < sample + inChunk; index += 1) bytes += sizeOf(index);
    sample += inChunk;
    samplesEnd = Math.max(samplesEnd, offset + bytes);
  }
  return { sampleCount, samplesEnd };
}

/** stz2: sizes of 4, 8 or 16 bits. */
function compactSizes(table: Buffer): (index: number) => number {
  const bits = table.readUInt8(7);
  return (index) => {
    if (bits === 16) return table.readUInt16BE(12 + index * 2);
    if (bits === 8) return table.readUInt8(12 + index);
    const pair = table.readUInt8(12 + (index >> 1));
    return index % 2 === 0 ? pair >> 4 : pair & 15;
  };
}

/** The body of the first box of that path, undefined where there is none. */
function find(parent: Buffer, ...path: readonly string[]): Buffer | undefined {
  let found: Buffer | undefined = parent;
  for (const wanted of path) {
    let next: Buffer | undefined;
    for (const { type, body } of boxes(found)) {
      if (type !== wanted) continue;
      next = body;
      break;
    }
    if (next === undefined) return undefined;
    found = next;
  }
  return found;
}

function need(parent: Buffer, ...path: readonly string[]): Buffer {
  const found = find(parent, ...path);
  if (found === undefined) throw new RangeError(`no ${path.join('/')} box`);
  return found;
}

/** The boxes within a body; ends at whatever is not one (a few zero bytes close some boxes of QuickTime). */
function* boxes(parent: Buffer): Generator<{ type: string; body: Buffer }> {
  let at = 0;
  while (at + 8 <= parent.length) {
    const size = parent.readUInt32BE(at);
    if (size < 8 || at + size > parent.length) return;
    yield { type: parent.toString('latin1', at + 4, at + 8), body: parent.subarray(at + 8, at + size) };
    at += size;
  }
}
