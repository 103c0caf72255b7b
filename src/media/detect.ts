import { resolve } from 'node:path';
import type { CheckName, Stretch, Threshold } from '../domain/finding.js';
import type { FrameTool } from './frame-tool.js';
import { readDetections } from './read-detections.js';

/**
 * Runs one of ffmpeg's detectors over a clip. Throws DailiesError `media` if the clip cannot be decoded, `tool-missing`;
 * the signal's reason when it aborts.
 */
export async function detect(
  { check, threshold }: { readonly check: CheckName; readonly threshold: Threshold },
  about: {
    readonly clip: string;
    readonly durationSeconds: number;
    readonly ffmpeg: NonNullable<FrameTool['ffmpeg']>;
    readonly signal: AbortSignal;
  },
): Promise<Stretch[]> {
  const { clip, durationSeconds, ffmpeg, signal } = about;
  const [stream, option, metadata] =
    check === 'silence' ? (['0:a:0', '-af', 'ametadata'] as const) : (['0:v:0', '-vf', 'metadata'] as const);
  const output = await ffmpeg({
    args: [
      // Checks run beside downloads: one core each is enough for them.
      ...['-threads', '1', '-protocol_whitelist', 'file', '-i', `file:${resolve(clip)}`],
      ...['-map', stream, option, `${filterOf(check, threshold)},${metadata}=mode=print:file=-`],
      ...['-f', 'null', '-'],
    ],
    purpose: `look for ${check} in ${clip}`,
    signal,
  });
  return readDetections(check, output.toString('latin1'), durationSeconds);
}

function filterOf(check: CheckName, { seconds, level }: Threshold): string {
  switch (check) {
    case 'black':
      return `blackdetect=d=${seconds}:pix_th=${level}`;
    case 'freeze':
      return `freezedetect=n=${level}:d=${seconds}`;
    case 'silence':
      return `silencedetect=n=${level}dB:d=${seconds}`;
  }
}
