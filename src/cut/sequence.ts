import { rateOf } from '../domain/frame-rate.js';
import type { Sequence } from './cut.js';

/** The format of a timeline, from `1920x1080@24` or `1280x720@29.97`; undefined where the text is none. */
export function parseSequence(text: string): Sequence | undefined {
  const [, width, height, fps] = /^([1-9]\d{0,4})x([1-9]\d{0,4})@(\d{1,3}(?:\.\d{1,3})?)$/.exec(text) ?? [];
  const rate = Number(fps);
  if (!(rate >= 1)) return undefined;
  return { width: Number(width), height: Number(height), rate: rateOf(rate) };
}
