import { childBoxes, needBox } from './mp4-boxes.js';

/** What the fragments of a track hold in all; `units` are those of the track. */
export interface FragmentTotals {
  frames: number;
  units: number;
}

/**
 * Adds the body of a moof box to the totals by track. Throws a RangeError where it is shorter than it claims.
 * Source: ISO/IEC 14496-12, the boxes tfhd and trun.
 */
export function addFragment(
  moof: Buffer,
  {
    defaults,
    totals,
  }: { readonly defaults: ReadonlyMap<number, number>; readonly totals: Map<number, FragmentTotals> },
): void {
  for (const { type, body } of childBoxes(moof)) {
    if (type !== 'traf') continue;
    const header = needBox(body, 'tfhd');
    const id = header.readUInt32BE(4);
    const sum = totals.get(id) ?? { frames: 0, units: 0 };
    totals.set(id, sum);
    const defaultUnits = ownDefault(header) ?? defaults.get(id) ?? 0;
    for (const child of childBoxes(body))
      if (child.type === 'trun') addRun(child.body, { sum, defaultUnits });
  }
}

/** The fragment's own word on how long its samples are. */
function ownDefault(header: Buffer): number | undefined {
  const flags = header.readUIntBE(1, 3);
  if ((flags & 0x08) === 0) return undefined;
  // A data offset of eight bytes and a description's number of four may stand before it.
  return header.readUInt32BE(8 + ((flags & 0x01) === 0 ? 0 : 8) + ((flags & 0x02) === 0 ? 0 : 4));
}

function addRun(
  run: Buffer,
  { sum, defaultUnits }: { readonly sum: FragmentTotals; readonly defaultUnits: number },
): void {
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
