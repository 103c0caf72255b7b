import { access, constants, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import pLimit from 'p-limit';
import { DailiesError } from '../errors.js';
import { withFileWindow } from './containers/file-window.js';
import { clipWithFrame, framePurpose, noSuchFrame } from './frame-position.js';
import type { FrameTool, FrameWish, PictureWish } from './frame-tool.js';
import { parsePpm, PICTURE_SIDE, type Picture } from './picture.js';
import { runTool } from './run-tool.js';
import { SNIFF_BYTES, sniffMedia } from './sniff.js';

/** Finds an ffmpeg that runs: the one DAILIES_FFMPEG names, else the first on the PATH. */
export async function findFfmpeg(env: NodeJS.ProcessEnv): Promise<FrameTool | undefined> {
  const named = env['DAILIES_FFMPEG'];
  for (const command of named ? [named] : await onPath(env))
    if (await runs(command)) return ffmpegTool(command);
  return undefined;
}

async function onPath(env: NodeJS.ProcessEnv): Promise<string[]> {
  const program = process.platform === 'win32' ? 'ffmpeg.exe' : 'ffmpeg';
  const found: string[] = [];
  for (const folder of (env['PATH'] ?? env['Path'] ?? '').split(delimiter)) {
    const file = join(folder, program);
    if (folder !== '' && (await succeeds(access(file, constants.X_OK)))) found.push(file);
  }
  return found;
}

/** It must run, not just exist: a missing library would show only after money had been spent. */
function runs(command: string): Promise<boolean> {
  return succeeds(runTool({ command, args: ['-version'], purpose: 'ask ffmpeg for its version' }));
}

function succeeds(attempt: Promise<unknown>): Promise<boolean> {
  return attempt.then(
    () => true,
    () => false,
  );
}

function ffmpegTool(command: string): FrameTool {
  // Each ffmpeg decodes on all cores; more of them than cores would only get in one another's way.
  const limit = pLimit(availableParallelism());
  const quiet = ['-nostdin', '-hide_banner', '-nostats', '-loglevel', 'error'];
  const ffmpeg: NonNullable<FrameTool['ffmpeg']> = (run) =>
    limit(() => runTool({ ...run, command, args: [...quiet, ...run.args] }));

  return {
    name: 'ffmpeg',
    ffmpeg,

    async extractFrame(wish) {
      const { clip, at } = wish;
      clipWithFrame(clip, at);
      const image = await readFrame(wish, at === 'first' ? 0 : (await countFrames(wish)) - 1);
      if (image.length === 0) throw noSuchFrame(clip, at, 'no frame of it can be decoded');
      return image;
    },

    readPicture,
  };

  /**
   * How many frames the clip shows, in all or until some seconds after its first. They are decoded and counted, since
   * nothing less is exact: packets come in another order, edit lists hide some, uneven rates and sound that outlasts
   * the picture lead a seek from the end astray.
   */
  async function countFrames({ clip, at, signal }: FrameWish): Promise<number> {
    // A microsecond more, for timestamps that are no round decimals.
    const early = typeof at === 'number' ? [`select=lte(t-start_t\\,${(at + 1e-6).toFixed(6)})`] : [];
    const report = await ffmpeg({
      args: [
        ...reading(clip),
        ...['-vf', [...early, RENUMBER].join(','), ...RENUMBERED],
        ...['-progress', 'pipe:1', '-f', 'null', '-'],
      ],
      purpose: framePurpose(clip, at),
      signal,
    });
    const counts = [...report.toString('latin1').matchAll(/^frame=\s*(\d+)/gm)];
    return Number(counts.at(-1)?.[1] ?? 0);
  }

  /** The PNG of the frame that is shown as number `index`, in square pixels, upright. */
  function readFrame({ clip, at, signal }: FrameWish, index: number): Promise<Buffer> {
    const scale = 'scale=w=trunc(iw*sar+0.5):h=ih:flags=bicubic+accurate_rnd+full_chroma_int+bitexact';
    const filters = [`select=eq(n\\,${index})`, scale, 'setsar=1', 'format=rgb24', RENUMBER];
    return ffmpeg({
      args: [
        ...reading(clip),
        ...['-vf', filters.join(','), ...RENUMBERED, '-frames:v', '1'],
        ...['-f', 'image2pipe', '-c:v', 'png', '-bitexact', 'pipe:1'],
      ],
      purpose: framePurpose(clip, at),
      signal,
    });
  }

  async function readPicture({ file, signal }: PictureWish): Promise<Picture | undefined> {
    const head = withFileWindow(file, (opened) => opened.read(0, SNIFF_BYTES));
    // An image goes in by the standard input: in a file's name, ffmpeg would take a % for a number's place.
    const image = sniffMedia(head)?.media === 'image' ? await readFile(file) : undefined;
    const width = `max(1\\,trunc(${PICTURE_SIDE}*min(1\\,iw*sar/ih)+0.5))`;
    const height = `max(1\\,trunc(${PICTURE_SIDE}*min(1\\,ih/(iw*sar))+0.5))`;
    const filters = `scale=w=${width}:h=${height}:flags=area+accurate_rnd+full_chroma_int,format=rgb24`;
    try {
      const ppm = await ffmpeg({
        args: [
          ...(image ? ['-i', 'pipe:0'] : reading(file)),
          ...['-vf', filters, '-frames:v', '1', '-f', 'image2pipe', '-c:v', 'ppm', 'pipe:1'],
        ],
        input: image,
        purpose: `read ${file}`,
        signal,
      });
      return parsePpm(ppm);
    } catch (error) {
      if (error instanceof DailiesError && error.code === 'media') return undefined;
      throw error;
    }
  }
}

/** The path after `file:` is taken literally: no leading dash, colon or other protocol is read into it. */
function reading(clip: string): string[] {
  return ['-protocol_whitelist', 'file', '-i', `file:${resolve(clip)}`, '-map', '0:v:0'];
}

/** Frames get even timestamps at a rate of their own, so that none is dropped or doubled to even out the rate. */
const RENUMBER = 'settb=1/25,setpts=N';
const RENUMBERED = ['-r', '25'];
