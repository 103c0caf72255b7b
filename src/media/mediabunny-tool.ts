import { readFile } from 'node:fs/promises';
import type { VideoSample } from 'mediabunny';
import { isRecord } from '../domain/is-record.js';
import type { FramePosition } from '../domain/take.js';
import { messageOf } from '../errors.js';
import type { WholeClip } from './container.js';
import { decodeImage, encodePng, type Pixels } from './decode-image.js';
import { clipWithFrame, noSuchFrame } from './frame-position.js';
import type { FrameTool } from './frame-tool.js';
import { shrink } from './picture.js';
import { sniffMedia } from './sniff.js';
import { withTracks } from './joining/tracks.js';

/** Held in a variable, so that the compiler does not look for a package that need not be there. */
const EXTENSION: string = '@mediabunny/server';

/** Finds mediabunny's decoders for Node, an optional peer. Source: https://mediabunny.dev/guide/extensions/server */
export async function findMediabunnyServer(): Promise<FrameTool | undefined> {
  try {
    const extension: unknown = await import(EXTENSION);
    if (!isExtension(extension)) return undefined;
    extension.registerMediabunnyServer();
    return TOOL;
  } catch {
    return undefined;
  }
}

function isExtension(value: unknown): value is { registerMediabunnyServer: () => void } {
  return isRecord(value) && typeof value['registerMediabunnyServer'] === 'function';
}

const TOOL: FrameTool = {
  name: EXTENSION,

  async extractFrame({ clip, at, signal }) {
    const frame = await readFrame(clip, at);
    signal?.throwIfAborted();
    return encodePng(frame);
  },

  async readPicture({ file, signal }) {
    const bytes = await readFile(file);
    signal?.throwIfAborted();
    const image = sniffMedia(bytes)?.media === 'image';
    try {
      const pixels = image ? await decodeImage(bytes) : await readFrame(file, 'first');
      return pixels && shrink({ ...pixels, pixels: pixels.rgba, channels: 4 });
    } catch {
      return undefined;
    }
  },
};

async function readFrame(clip: string, at: FramePosition): Promise<Pixels> {
  const end = shownEnd(clipWithFrame(clip, at));
  const { VideoSampleSink } = await import('mediabunny');
  try {
    return await withTracks(clip, async ({ video }) => {
      // Frames before zero are there to be decoded, not to be shown.
      const start = Math.max(0, await video.getFirstTimestamp());
      const time = start + (at === 'first' ? 0 : at === 'last' ? end : Math.min(at, end));
      const sink = new VideoSampleSink(video, { hardwareAcceleration: 'prefer-software' });
      const sample = await sink.getSample(time);
      if (sample === null) throw new Error('no frame of it can be decoded');
      return pixelsOf(sample);
    });
  } catch (error) {
    throw noSuchFrame(clip, at, messageOf(error));
  }
}

/** Where an edit list hides the tail of a clip: just before its end, in seconds from the first frame shown. */
function shownEnd(clip: WholeClip): number {
  const video = clip.tracks.find((track) => track.kind === 'video');
  return video !== undefined && video.shownS < video.mediaS ? video.shownS - 0.001 : Infinity;
}

/** `layout` is there for the compiler's sake: the types of WebCodecs that come with mediabunny know no `format`. */
const AS_RGBA = { format: 'RGBA', layout: undefined } as const;

/** The sample upright and in square pixels. Closes it. */
async function pixelsOf(sample: VideoSample): Promise<Pixels> {
  const { displayWidth: width, displayHeight: height } = sample;
  const asShown =
    sample.rotation === 0 && sample.visibleRect.width === width && sample.visibleRect.height === height;
  const upright = asShown ? sample : await sample.transform({ width, height, fit: 'fill' });
  try {
    const rgba = new Uint8Array(upright.allocationSize(AS_RGBA));
    await upright.copyTo(rgba, AS_RGBA);
    return { width, height, rgba };
  } finally {
    upright.close();
    sample.close();
  }
}
