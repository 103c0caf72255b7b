import type { PixelSize } from '../domain/dimensions.js';

/** What is known about the clips that are edited or enlarged: all as one clip, with the largest picture. */
export interface SourceClip extends PixelSize {
  readonly duration_s: number;
}

/** Several clips as one; undefined if there are none, or one of them is unknown. */
export function asOneClip(clips: readonly (SourceClip | undefined)[]): SourceClip | undefined {
  const [first, ...others] = clips;
  return others.reduce((one, clip) => {
    if (!one || !clip) return undefined;
    const { width, height } = one.width * one.height < clip.width * clip.height ? clip : one;
    return { duration_s: one.duration_s + clip.duration_s, width, height };
  }, first);
}
