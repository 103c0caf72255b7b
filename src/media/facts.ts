import type { MediaFacts } from '../domain/attempt.js';
import { inspectClip, type WholeClip } from './container.js';
import type { Mp4Track } from './mp4-index.js';
import { NO_PICTURES, withTracks } from './tracks.js';

/**
 * What a clip says of itself. The index of a plain MP4 has it all; fragmented files and WebM are left to mediabunny.
 * Rejects with an Error whose message is a clause for a person where the clip has no pictures or cannot be read.
 */
export async function readFacts(path: string, container: 'mp4' | 'webm'): Promise<MediaFacts> {
  const clip = container === 'mp4' ? inspectClip(path) : ({ ok: true, container } as const);
  if (!clip.ok) throw new Error(clip.reason);
  return readClipFacts(path, clip);
}

/** As `readFacts`, for a clip that has just been inspected. */
export async function readClipFacts(path: string, clip: WholeClip): Promise<MediaFacts> {
  const facts =
    clip.container === 'mp4' && !clip.index.fragmented
      ? factsOfIndex(clip.index.tracks)
      : await factsByMediabunny(path, clip.container);
  const { duration_s, width, height } = facts;
  if (![duration_s, width, height].every((value) => Number.isFinite(value) && value > 0))
    throw new Error(NO_PICTURES);
  return facts;
}

function factsOfIndex(tracks: readonly Mp4Track[]): MediaFacts {
  const video = tracks.find((track) => track.handler === 'vide' && track.sampleCount > 0);
  const audio = tracks.find((track) => track.handler === 'soun' && track.sampleCount > 0);
  if (video === undefined) throw new Error(NO_PICTURES);
  return {
    container: 'mp4',
    duration_s: toThousandth(video.shownS),
    width: video.width,
    height: video.height,
    video_codec: codecName(video.codec),
    ...(video.mediaS > 0 ? { fps: toThousandth(video.sampleCount / video.mediaS) } : {}),
    ...(audio === undefined ? {} : { audio_codec: codecName(audio.codec) }),
  };
}

/** Packets looked at for the frame rate: some four seconds of video. */
const PACKETS_FOR_RATE = 100;

function factsByMediabunny(path: string, container: MediaFacts['container']): Promise<MediaFacts> {
  return withTracks(path, async ({ video, audio }) => {
    // A picture may begin late; before zero, nothing is shown.
    const start = Math.max(0, await video.getFirstTimestamp());
    const { averagePacketRate } = await video.computePacketStats(PACKETS_FOR_RATE);
    return {
      container,
      duration_s: toThousandth((await video.computeDuration()) - start),
      width: await video.getDisplayWidth(),
      height: await video.getDisplayHeight(),
      video_codec: codecName((await video.getCodec()) ?? 'unknown'),
      ...(averagePacketRate > 0 ? { fps: toThousandth(averagePacketRate) } : {}),
      ...(audio === null ? {} : { audio_codec: codecName((await audio.getCodec()) ?? 'unknown') }),
    };
  });
}

/** Codecs under the names that ffmpeg has made common; other codes as they are. */
const CODEC_NAMES: Readonly<Record<string, string>> = {
  avc: 'h264',
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
};

function codecName(code: string): string {
  return CODEC_NAMES[code] ?? code.trim();
}

function toThousandth(value: number): number {
  return Math.round(value * 1000) / 1000;
}
