import type { MediaFacts } from '../domain/attempt.js';
import { defined } from '../domain/defined.js';
import { inspectClip, type WholeClip } from './container.js';

/** The clause for a clip without pictures. */
export const NO_PICTURES = 'without a video track';

/**
 * What a clip says about itself. Throws an Error whose message is a clause for a person ("it is …") where the
 * clip is not whole or has no pictures.
 */
export function readFacts(path: string, container: 'mp4' | 'webm'): MediaFacts {
  const clip = inspectClip(path);
  if (!clip.ok) throw new Error(clip.reason);
  if (clip.container !== container) throw new Error(`in a ${clip.container} container, not ${container}`);
  return factsOf(clip);
}

/** What an inspected clip says about itself. Throws an Error where it has no pictures. */
export function factsOf({ container, tracks }: WholeClip): MediaFacts {
  const video = tracks.find(
    (track) => track.kind === 'video' && track.frames > 0 && track.width * track.height > 0,
  );
  const audio = tracks.find((track) => track.kind === 'audio' && track.frames > 0);
  if (video === undefined || !(video.shownS > 0) || !Number.isFinite(video.mediaS))
    throw new Error(NO_PICTURES);
  return defined({
    container,
    duration_s: toThousandth(video.shownS),
    width: video.width,
    height: video.height,
    video_codec: codecName(video.codec),
    fps: toThousandth(video.frames / video.mediaS),
    audio_codec: audio && codecName(audio.codec),
  });
}

/** The containers' codes of codecs, under the names that ffmpeg has made common; other codes stay as they are. */
const CODEC_NAMES = new Map(
  Object.entries({
    h264: 'avc1 avc3 V_MPEG4/ISO/AVC',
    hevc: 'hvc1 hev1 dvh1 V_MPEGH/ISO/HEVC',
    vp8: 'vp08 V_VP8',
    vp9: 'vp09 V_VP9',
    av1: 'av01 V_AV1',
    mpeg4: 'mp4v',
    aac: 'mp4a A_AAC',
    opus: 'Opus A_OPUS',
    flac: 'fLaC A_FLAC',
    vorbis: 'A_VORBIS',
    ac3: 'ac-3',
    eac3: 'ec-3',
    mp3: '.mp3',
  }).flatMap(([name, codes]) => codes.split(' ').map((code) => [code, name])),
);

function codecName(code: string): string {
  return CODEC_NAMES.get(code) ?? code.trim();
}

function toThousandth(value: number): number {
  return Math.round(value * 1000) / 1000;
}
