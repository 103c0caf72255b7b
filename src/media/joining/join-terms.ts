import { createHash } from 'node:crypto';
import type { MediaFacts } from '../../domain/attempt.js';
import { DailiesError, messageOf } from '../../errors.js';
import { inspectClip, type WholeClip } from '../container.js';
import { factsOf } from '../facts.js';
import { withTracks, type ClipTracks } from './tracks.js';

/** What must agree for clips to be joined as they are. */
export interface JoinTerms {
  readonly facts: MediaFacts;
  /** By the name that a person uses; a value that starts with # means nothing to a person. */
  readonly terms: Readonly<Record<string, string>>;
  /** An edit list hides frames: they would come to light in a longer file. */
  readonly hidesFrames: boolean;
}

/** Reads a clip's terms. Throws DailiesError `media` where it is not a whole clip. */
export async function readJoinTerms(clip: string): Promise<JoinTerms> {
  const inspected = inspectClip(clip);
  if (!inspected.ok) throw unusable(clip, inspected.reason);
  try {
    const facts = factsOf(inspected);
    return await withTracks(clip, async (tracks) => ({
      facts,
      terms: await termsOf(facts, tracks),
      hidesFrames: hidesTail(inspected) || (await tracks.video.getFirstTimestamp()) < -0.001,
    }));
  } catch (error) {
    throw unusable(clip, messageOf(error));
  }
}

function unusable(clip: string, reason: string): DailiesError {
  return new DailiesError('media', `cannot join ${clip}: it is ${reason}`);
}

async function termsOf(facts: MediaFacts, { video, audio }: ClipTracks): Promise<Record<string, string>> {
  const sound = await audio?.getDecoderConfig();
  return {
    size: `${facts.width}x${facts.height}`,
    codec: facts.video_codec,
    // 23.976 and 24 can be joined; 24 and 30 cannot.
    'frame rate': facts.fps === undefined ? 'unknown' : `${Math.round(facts.fps)}`,
    sound: sound ? `${facts.audio_codec ?? ''} ${sound.sampleRate} Hz, ${sound.numberOfChannels} ch` : 'none',
    'encoder settings': settings(await video.getDecoderConfig(), await video.getRotation()),
    'sound settings': settings(sound ?? null),
  };
}

/** One track of an MP4 has one set of decoder settings: they must be the same to the byte. */
function settings(config: VideoDecoderConfig | AudioDecoderConfig | null, rotation = 0): string {
  if (config === null) return '#none';
  const hash = createHash('sha256').update(`${config.codec} ${rotation} `);
  const description: unknown = config.description;
  if (description instanceof Uint8Array || description instanceof DataView) hash.update(description);
  else if (description instanceof ArrayBuffer) hash.update(new Uint8Array(description));
  return `#${hash.digest('hex')}`;
}

function hidesTail(clip: WholeClip): boolean {
  const video = clip.tracks.find((track) => track.kind === 'video');
  return video !== undefined && video.mediaS - video.shownS > (0.5 * video.mediaS) / video.frames;
}

/** How the clips differ, for a person: "size (1280x720, 640x360)". Empty if they can be joined as they are. */
export function differences(clips: readonly JoinTerms[]): string[] {
  const names = new Set(clips.flatMap(({ terms }) => Object.keys(terms)));
  const found = [...names].flatMap((name) => {
    const values = [...new Set(clips.map(({ terms }) => terms[name] ?? ''))];
    if (values.length < 2) return [];
    return values.some((value) => value.startsWith('#')) ? [name] : [`${name} (${values.join('; ')})`];
  });
  return clips.some((clip) => clip.hidesFrames) ? [...found, 'frames hidden by an edit list'] : found;
}
