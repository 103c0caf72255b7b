import type { MediaFacts } from '../domain/attempt.js';
import { parseRatio, shortSide, type PixelSize } from '../domain/dimensions.js';
import { messageOf } from '../errors.js';
import { inspectClip } from './container.js';
import { factsOf } from './facts.js';

/** What was asked of a clip, as far as it is known; the rest is not looked at. */
export interface WantedClip {
  readonly durationS?: number;
  /** Pixels. */
  readonly size?: PixelSize;
  /** `720p`, `2K`, …: instead of `size`. */
  readonly resolution?: string;
  /** `16:9`, …: instead of `size`. */
  readonly aspectRatio?: string;
  readonly audio?: boolean;
}

/** A clip that is whole, or why it is not one: a clause to be put after "it is" or "the file is". */
export type VerifiedClip =
  | {
      readonly ok: true;
      readonly media: MediaFacts;
      /** Where the clip differs from what was asked, with both values. */
      readonly warnings: readonly string[];
      readonly extension: '.mp4' | '.webm';
    }
  | { readonly ok: false; readonly reason: string };

/**
 * Checks that a file is a clip, all of it, with a picture, and holds it against what was asked.
 * A clip unlike the order is a warning, never a failure: it is paid for. Never throws.
 */
export function verifyClip(wish: { readonly path: string; readonly wanted: WantedClip }): VerifiedClip {
  const { path, wanted } = wish;
  const clip = inspectClip(path);
  if (!clip.ok) return clip;
  try {
    const media = factsOf(clip);
    return { ok: true, media, warnings: departures(media, wanted), extension: `.${clip.container}` };
  } catch (error) {
    return { ok: false, reason: `${FILE_NAMES[clip.container]} ${messageOf(error)}` };
  }
}

const FILE_NAMES = { mp4: 'an MP4 file', webm: 'a WebM file' } as const;

/** Models round to whole frames and groups of frames: 5.04 s are five seconds, 5.6 s are not. */
const DURATION_TOLERANCE_S = 0.5;
/** Codecs work in blocks: 1088 lines are 1080, 704 are 720. */
const ALIGNMENT_PX = 16;
/** 1248x704 and 832x480 pass for 16:9; 4:3 and 5:4, or 3:2 and 16:9, are told apart. */
const RATIO_TOLERANCE = 0.04;

/** Each thing in which the clip is not what was asked. */
function departures(media: MediaFacts, wanted: WantedClip): string[] {
  const { durationS, size, resolution, aspectRatio } = wanted;
  const got = `${media.width}x${media.height}`;
  const warnings: string[] = [];
  if (durationS !== undefined && Math.abs(media.duration_s - durationS) > DURATION_TOLERANCE_S)
    warnings.push(`asked for ${seconds(durationS)} s, got ${seconds(media.duration_s)} s`);
  if (size && !sameSize(media, size)) warnings.push(`asked for ${size.width}x${size.height}, got ${got}`);
  if (resolution !== undefined && !inClass(media, resolution))
    warnings.push(`asked for ${resolution}, got ${got}`);
  if (aspectRatio !== undefined && !hasRatio(media, aspectRatio))
    warnings.push(`asked for ${aspectRatio}, got ${got}`);
  if (wanted.audio === true && media.audio_codec === undefined) warnings.push('asked for audio, got none');
  return warnings;
}

function seconds(value: number): number {
  return Math.round(value * 100) / 100;
}

function sameSize(got: PixelSize, wanted: PixelSize): boolean {
  return (
    Math.abs(got.width - wanted.width) <= ALIGNMENT_PX && Math.abs(got.height - wanted.height) <= ALIGNMENT_PX
  );
}

/**
 * Gateways mean two things by `720p`: 720 pixels on the short side, or about as many pixels as 1280x720.
 * Either will do. A class that we cannot read says nothing.
 */
function inClass({ width, height }: PixelSize, resolution: string): boolean {
  const lines = shortSide(resolution);
  if (lines === undefined) return true;
  const pixels = (width * height) / (lines * lines * (16 / 9));
  return Math.abs(Math.min(width, height) - lines) <= ALIGNMENT_PX || (pixels > 0.65 && pixels < 1.5);
}

function hasRatio({ width, height }: PixelSize, aspectRatio: string): boolean {
  const wanted = parseRatio(aspectRatio);
  return wanted === undefined || Math.abs(width / height / wanted - 1) <= RATIO_TOLERANCE;
}
