import { MOST_STRETCHES, type CheckName, type Stretch } from '../domain/finding.js';

/**
 * The stretches that a filter of ffmpeg has marked, from what `metadata=print` writes: lines such as
 * `lavfi.black_start=1.5`. What has begun and not ended lasts until the end of the clip.
 */
export function readDetections(check: CheckName, output: string, durationSeconds: number): Stretch[] {
  const { start, end } = MARKS[check];
  const stretches: Stretch[] = [];
  let from_s: number | undefined;
  const close = (to: number): void => {
    const to_s = rounded(Math.min(to, durationSeconds));
    if (from_s !== undefined && to_s > from_s) stretches.push({ from_s, to_s });
    from_s = undefined;
  };
  for (const [, name, value] of output.matchAll(
    /^([a-z_.]+)(?:\.\d+)?=(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*$/gim,
  )) {
    if (stretches.length >= MOST_STRETCHES) return stretches;
    const seconds = Number(value);
    if (name === start) from_s ??= rounded(Math.max(0, seconds));
    else if (name === end) close(seconds);
  }
  close(durationSeconds);
  return stretches;
}

const MARKS: Readonly<Record<CheckName, { readonly start: string; readonly end: string }>> = {
  black: { start: 'lavfi.black_start', end: 'lavfi.black_end' },
  freeze: { start: 'lavfi.freezedetect.freeze_start', end: 'lavfi.freezedetect.freeze_end' },
  silence: { start: 'lavfi.silence_start', end: 'lavfi.silence_end' },
};

/** To the millisecond: no frame is shorter. */
function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
