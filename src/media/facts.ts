import type { MediaFacts } from '../domain/attempt.js';
import { inspectClip, type WholeClip } from './container.js';

/** The clause for a clip in which there is nothing to see. */
export const NO_PICTURES = 'without a video track';

/**
 * What a clip says of itself. Throws an Error whose message is a clause for a person ("it is …") where the
 * clip is not whole or has no pictures.
 */
export function readFacts(path: string, container: 'mp4' | 'webm'): MediaFacts {
  const clip = inspectClip(path);
  if (!clip.ok) throw new Error(clip.reason);
  if (clip.container !== container) throw new Error(`in a ${clip.container} container, not ${container}`);
  return factsOf(clip);
}

/** What an inspected clip says of itself. Throws an Error where it has no pictures. */
export function factsOf({ container, tracks }: WholeClip): MediaFacts {
  const video = tracks.find(
    (track) => track.kind === 'video' && track.frames > 0 && track.width * track.height > 0,
  );
  const audio = tracks.find((track) => track.kind === 'audio' && track.frames > 0);
  if (video === undefined || !(video.shownS > 0) || !Number.isFinite(video.mediaS))
    throw new Error(NO_PICTURES);
  return {
    container,
    duration_s: toThousandth(video.shownS),
    width: video.width,
    height: video.height,
    video_codec: codecName(video.codec),
    fps: toThousandth(video.frames / video.mediaS),
    ...(audio === undefined ? {} : { audio_codec: codecName(audio.codec) }),
  };
}

/** Codecs under the names that ffmpeg has made common; other codes as they are. */
const CODEC_NAMES: Readonly<Record<string, string>> = {
  avc1: 'h264',
  avc3: 'h264',
  hvc1: 'hevc',
  hev1: 'hevc',
  dvh1: 'hevc',
  vp08: 'vp8',
  vp09: 'vp9',
  av01: 'av1',
  mp4v: 'mpeg4',
  mp4a: 'aac',
  Opus: 'opus',
  fLaC: 'flac',
  'ac-3': 'ac3',
  'ec-3': 'eac3',
  '.mp3': 'mp3',
  'V_MPEG4/ISO/AVC': 'h264',
  'V_MPEGH/ISO/HEVC': 'hevc',
  V_VP8: 'vp8',
  V_VP9: 'vp9',
  V_AV1: 'av1',
  A_AAC: 'aac',
  A_OPUS: 'opus',
  A_VORBIS: 'vorbis',
  A_FLAC: 'flac',
};

function codecName(code: string): string {
  return CODEC_NAMES[code] ?? code.trim();
}

function toThousandth(value: number): number {
  return Math.round(value * 1000) / 1000;
}
