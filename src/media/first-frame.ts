import { clipWithFrame } from './frame-position.js';
import type { FrameTool } from './frame-tool.js';
import { likeness } from './likeness.js';

/** At or above this, the clip starts on the image: test/media/likeness.test.ts has examples of both sides. */
const SIMILAR = 0.6;

/**
 * Does a clip start on the given image? Models crop, letterbox or stretch an image to the clip's shape, and compress
 * and tint it a little; all that is allowed for. A picture of something else is not. Undefined if the image is of
 * a kind that the tool cannot read. `score` is from `likeness`. Throws what the tool throws.
 */
export async function opensOn(wish: {
  readonly clip: string;
  readonly image: string;
  readonly tool: FrameTool;
  readonly signal?: AbortSignal | undefined;
}): Promise<{ readonly similar: boolean; readonly score: number } | undefined> {
  const { clip, image, tool, signal } = wish;
  clipWithFrame(clip, 'first');
  const [frame, wanted] = await Promise.all([
    tool.readPicture({ file: clip, signal }),
    tool.readPicture({ file: image, signal }),
  ]);
  if (frame === undefined || wanted === undefined) return undefined;
  const score = likeness(frame, wanted);
  return { similar: score >= SIMILAR, score: Math.round(score * 1000) / 1000 };
}
