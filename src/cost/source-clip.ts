import type { PixelSize } from '../domain/dimensions.js';

/** What is known of the clips that are edited or enlarged: all of them as one, with the largest of their pictures. */
export interface SourceClip extends PixelSize {
  readonly duration_s: number;
}

/** Several clips as one; undefined if there are none, or nobody knows one of them. */
export function asOneClip(clips: readonly (SourceClip | undefined)[]): SourceClip | undefined {
  const [first, ...others] = clips;
  return others.reduce((one, clip) => {
    if (!one || !clip) return undefined;
    const { width, height } = one.width * one.height < clip.width * clip.height ? clip : one;
    return { duration_s: one.duration_s + clip.duration_s, width, height };
  }, first);
}
