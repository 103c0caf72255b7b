import { findBox, needBox } from './mp4-boxes.js';

/**
 * Adds up a sample table (stbl): `units` are all durations together, in units of the track; `samplesEnd` is the byte
 * after the last one that any sample occupies. Throws a RangeError where a table is shorter than it claims. Source:
 * ISO/IEC 14496-12.
 */
export function readSampleTable(table: Buffer) {
  return { units: sumOfDurations(needBox(table, 'stts')), ...readPlaces(table) };
}

function sumOfDurations(timeToSample: Buffer): number {
  let units = 0;
  const entries = timeToSample.readUInt32BE(4);
  for (let entry = 0; entry < entries; entry += 1) {
    units += timeToSample.readUInt32BE(8 + entry * 8) * timeToSample.readUInt32BE(12 + entry * 8);
  }
  return units;
}

/** Follows the chunks to the farthest byte that they occupy. */
function readPlaces(table: Buffer): { frames: number; samplesEnd: number } {
  const { frames, commonSize, sizeOf } = readSizes(table);
  const narrow = findBox(table, 'stco');
  const offsets = narrow ?? needBox(table, 'co64');
  const runs = needBox(table, 'stsc');
  const chunkCount = offsets.readUInt32BE(4);
  const runCount = runs.readUInt32BE(4);

  let sample = 0;
  let run = 0;
  let samplesEnd = 0;
  for (let chunk = 0; chunk < chunkCount && sample < frames; chunk += 1) {
    const offset = narrow
      ? narrow.readUInt32BE(8 + chunk * 4)
      : Number(offsets.readBigUInt64BE(8 + chunk * 8));
    // A run says from which chunk on (counted from 1) how many samples stand in each.
    while (run + 1 < runCount && runs.readUInt32BE(8 + (run + 1) * 12) <= chunk + 1) run += 1;
    const inChunk = Math.min(runs.readUInt32BE(12 + run * 12), frames - sample);
    let bytes = commonSize * inChunk;
    if (commonSize === 0)
      for (let index = sample; index < sample + inChunk; index += 1) bytes += sizeOf(index);
    sample += inChunk;
    samplesEnd = Math.max(samplesEnd, offset + bytes);
  }
  // What the chunks contain, not what the sizes claim.
  return { frames: sample, samplesEnd };
}

/** `commonSize`: of all samples, where they are of one size; else zero. */
function readSizes(table: Buffer) {
  const sizes = findBox(table, 'stsz');
  if (sizes !== undefined) {
    const sizeOf = (index: number): number => sizes.readUInt32BE(12 + index * 4);
    return { frames: sizes.readUInt32BE(8), commonSize: sizes.readUInt32BE(4), sizeOf };
  }
  // The compact form has sizes of 16, 8 or 4 bits.
  const compact = needBox(table, 'stz2');
  const bits = compact.readUInt8(7);
  const sizeOf = (index: number): number => {
    if (bits === 16) return compact.readUInt16BE(12 + index * 2);
    if (bits === 8) return compact.readUInt8(12 + index);
    const pair = compact.readUInt8(12 + (index >> 1));
    return index % 2 === 0 ? pair >> 4 : pair & 15;
  };
  return { frames: compact.readUInt32BE(8), commonSize: 0, sizeOf };
}
