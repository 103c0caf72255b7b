import type { FramePosition } from '../domain/take.js';
import { findFfmpeg } from './ffmpeg-tool.js';
import { findMediabunnyServer } from './mediabunny-tool.js';
import type { Picture } from './picture.js';
import type { ToolRun } from './run-tool.js';

/** What decodes video: ffmpeg, or mediabunny with its server extension. Neither comes with dailies. */
export interface FrameTool {
  /** For messages. */
  readonly name: string;
  /**
   * One frame of a clip as a PNG: the first shown, the last shown, or the one shown at a number of seconds from the
   * first. The same clip gives the same bytes. Throws DailiesError `media` where the clip has no such frame,
   * `tool-missing`.
   */
  extractFrame(wish: FrameWish): Promise<Buffer>;
  /** A small copy of an image, or of a clip's first frame; undefined if the tool cannot read the image. */
  readPicture(wish: PictureWish): Promise<Picture | undefined>;
  /** Runs ffmpeg where this is ffmpeg, for work that only it can do. */
  readonly ffmpeg?: (run: Omit<ToolRun, 'command'>) => Promise<Buffer>;
}

export interface FrameWish {
  readonly clip: string;
  readonly at: FramePosition;
  readonly signal?: AbortSignal | undefined;
}

export interface PictureWish {
  readonly file: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks for something that decodes video: ffmpeg (DAILIES_FFMPEG, else on the PATH), else the optional peer
 * `@mediabunny/server`. Undefined if there is neither: TOOL_HINT says how to get one.
 */
export async function findFrameTool(env: NodeJS.ProcessEnv): Promise<FrameTool | undefined> {
  return (await findFfmpeg(env)) ?? (await findMediabunnyServer());
}
