import { frameSize } from '../domain/dimensions.js';

/**
 * The most megabits a second that H.264 allows a frame of so many pixels: MaxBR of level 4.2, 5.2 and 6.2, times 1.25 for
 * the High profile (ITU-T H.264, tables ). Newer codecs need less.
 */
const MOST_MBITS = [
  { pixels: 8704 * 256, mbits: 62.5 },
  { pixels: 36_864 * 256, mbits: 300 },
] as const;
const MOST_MBITS_OF_ALL = 1000;

/** What is assumed if the order does not say, as for an upscaled or extended clip. */
const LONGEST_SECONDS = 60;
const USUAL_SIZE = { width: 3840, height: 2160 };
/** Clips may be longer than ordered, and have sound; and a small clip is never suspicious. */
const GENEROSITY = 2;
const LEAST_BYTES = 256 * 1024 * 1024;

/** More bytes than any clip of this order can have: a larger file is something else, or endless. */
export function largestClipBytes(order: {
  readonly duration?: number | undefined;
  readonly size?: string | undefined;
  readonly resolution?: string | undefined;
  readonly aspect_ratio?: string | undefined;
}): number {
  const { width, height } = frameSize(order) ?? USUAL_SIZE;
  const level = MOST_MBITS.find(({ pixels }) => width * height <= pixels);
  const bytesPerSecond = ((level?.mbits ?? MOST_MBITS_OF_ALL) * 1e6) / 8;
  const seconds = order.duration ?? LONGEST_SECONDS;
  return Math.max(LEAST_BYTES, Math.ceil(GENEROSITY * seconds * bytesPerSecond));
}
