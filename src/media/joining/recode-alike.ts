import { join, resolve } from 'node:path';
import type { MediaFacts } from '../../domain/attempt.js';
import { rateOf } from '../../domain/frame-rate.js';
import type { FrameTool } from '../frame-tool.js';

/**
 * Encodes clips again with ffmpeg, so that they agree in all that a join needs: size and frame rate of the first,
 * H.264, and AAC (silent where a clip has no sound) if any has sound. Gives the new files, in order, in `folder`.
 * One clip at a time: memory and the length of the command do not grow with the number of clips.
 */
export async function recodeAlike(
  clips: readonly { readonly file: string; readonly facts: MediaFacts }[],
  folder: string,
  ffmpeg: NonNullable<FrameTool['ffmpeg']>,
  signal?: AbortSignal,
): Promise<string[]> {
  const first = clips[0];
  if (first === undefined) return [];
  const picture = pictureFilters(first.facts);
  const withSound = clips.some(({ facts }) => facts.audio_codec !== undefined);
  const recoded: string[] = [];
  for (const [index, { file, facts }] of clips.entries()) {
    const target = join(folder, `${index}.mp4`);
    const args = [
      ...['-protocol_whitelist', 'file', '-i', `file:${resolve(file)}`],
      ...(withSound ? soundOf(facts) : ['-map', '0:v:0']),
      ...['-vf', picture, '-c:v', 'libx264', '-preset', 'medium', '-crf', '17'],
      ...['-t', facts.duration_s.toFixed(3), '-bitexact', '-f', 'mp4', `file:${resolve(target)}`],
    ];
    await ffmpeg({ args, purpose: `make ${file} like the other clips`, signal });
    recoded.push(target);
  }
  return recoded;
}

/** Fitted whole into the first clip's frame, with bars where the shapes differ. H.264 wants even numbers. */
function pictureFilters({ width, height, fps }: MediaFacts): string {
  const size = `${width - (width % 2)}:${height - (height % 2)}`;
  const { num, den } = rateOf(fps ?? 24);
  return [
    `scale=${size}:force_original_aspect_ratio=decrease:flags=lanczos`,
    `pad=${size}:-1:-1`,
    'setsar=1',
    `fps=${num}/${den}:start_time=0`,
    'format=yuv420p',
  ].join(',');
}

/** The clip's own sound, or silence, as stereo at 48 kHz that lasts as long as the picture. */
function soundOf(facts: MediaFacts): string[] {
  const hasSound = facts.audio_codec !== undefined;
  const silence = ['-f', 'lavfi', '-i', 'anullsrc=r=48000:cl=stereo'];
  return [
    ...(hasSound ? [] : silence),
    ...['-map', '0:v:0', '-map', hasSound ? '0:a:0' : '1:a:0'],
    ...['-af', 'aresample=48000:async=1:first_pts=0,apad', '-ac', '2', '-c:a', 'aac', '-b:a', '192k'],
  ];
}
