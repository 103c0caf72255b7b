import type { FramePosition } from '../domain/take.js';
import { DailiesError } from '../errors.js';
import { inspectClip, type WholeClip } from './container.js';
import { factsOf } from './facts.js';

/** Clips come a little shorter than asked: `at: 8` of a clip of 7.96 s means its end. */
const OVERSHOOT_S = 0.5;

/** What is being done, for messages: "take the last frame of renders/a.mp4". */
export function framePurpose(clip: string, at: FramePosition): string {
  return `take the ${typeof at === 'number' ? `frame at ${at} s` : `${at} frame`} of ${clip}`;
}

/** The clip, inspected. Throws DailiesError `media` where it is none, or where its end comes before that frame. */
export function clipWithFrame(clip: string, at: FramePosition): WholeClip {
  const inspected = inspectClip(clip);
  if (!inspected.ok) throw noSuchFrame(clip, at, `it is ${inspected.reason}`);
  if (typeof at !== 'number') return inspected;
  const { duration_s } = factsOf(inspected);
  if (at >= 0 && at <= duration_s + OVERSHOOT_S) return inspected;
  const hint = 'at: last takes the last frame, however long the clip is';
  throw noSuchFrame(clip, at, `the clip is ${duration_s} s long`, hint);
}

export function noSuchFrame(clip: string, at: FramePosition, why: string, hint?: string): DailiesError {
  const message = `cannot ${framePurpose(clip, at)}: ${why}`;
  return new DailiesError('media', message, { hint });
}
