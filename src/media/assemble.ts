import { mkdir, mkdtemp, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { diskError, errnoOf } from '../disk-error.js';
import type { PixelSize } from '../domain/dimensions.js';
import { DailiesError, messageOf } from '../errors.js';
import { readFacts } from './facts.js';
import type { FrameTool } from './frame-tool.js';
import { joinByRemux } from './joining/join-by-remux.js';
import { differences, readJoinTerms, type JoinTerms } from './joining/join-terms.js';
import { recodeAlike } from './joining/recode-alike.js';

interface AssembleWish {
  /** In the order in which they are shown. */
  readonly clips: readonly string[];
  /** The MP4 to write; its folder is created, an existing file is replaced. */
  readonly target: string;
  readonly tool?: FrameTool | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Assembled {
  /** Joined as they were, or first converted by ffmpeg to match. */
  readonly method: 'remux' | 'ffmpeg';
  readonly duration_s: number;
  /** Which clips have bars, counted from 0: their shape is not the first one's. */
  readonly letterboxed: readonly number[];
}

/**
 * Joins clips into one MP4. Clips that match are joined as they are, without loss; others are first converted by
 * ffmpeg. The target appears whole or not at all. Throws DailiesError `tool-missing` if the clips differ and there
 * is no ffmpeg, `media` if one cannot be used, `disk`; the signal's reason when it aborts.
 */
export async function assembleClips({ clips, target, tool, signal }: AssembleWish): Promise<Assembled> {
  if (clips.length === 0) throw new DailiesError('media', 'there are no clips to join');
  const terms: JoinTerms[] = [];
  for (const clip of clips) terms.push(await readJoinTerms(clip));
  const found = differences(terms);
  const ffmpeg = tool?.ffmpeg;
  if (found.length > 0 && ffmpeg === undefined) throw ffmpegMissing(found);

  return inWorkshop({ target, signal }, async (workshop) => {
    const alike =
      found.length === 0 || ffmpeg === undefined
        ? clips
        : await recodeAlike(
            terms.map(({ facts }, index) => ({ file: clips[index] ?? '', facts })),
            workshop,
            ffmpeg,
            signal,
          );
    const file = join(workshop, 'joined.mp4');
    await joinByRemux(alike, file, signal);
    const { duration_s } = readFacts(file, 'mp4');
    await moveSafely(file, target);
    const method = found.length === 0 ? 'remux' : 'ffmpeg';
    return { method, duration_s, letterboxed: withBars(terms.map(({ facts }) => facts)) };
  });
}

/** The clips that do not fill the first one's frame. Less than two pixels come from rounding, and nobody sees them. */
function withBars(clips: readonly PixelSize[]): number[] {
  const [frame] = clips;
  if (!frame) return [];
  return clips.flatMap(({ width, height }, index) => {
    const scale = Math.min(frame.width / width, frame.height / height);
    const bar = Math.max(frame.width - width * scale, frame.height - height * scale);
    return bar >= 2 ? [index] : [];
  });
}

function ffmpegMissing(found: readonly string[]): DailiesError {
  const message = `these clips cannot be joined as they are, because of their ${found.join(', ')}`;
  const hint =
    'ffmpeg can make them alike: install it (https://ffmpeg.org/download.html), or name it in DAILIES_FFMPEG';
  return new DailiesError('tool-missing', message, { hint });
}

/** Works in a folder beside the target, on the same disk, that is gone afterwards. */
async function inWorkshop<T>(
  { target, signal }: Pick<AssembleWish, 'target' | 'signal'>,
  work: (workshop: string) => Promise<T>,
): Promise<T> {
  let workshop: string | undefined;
  try {
    await mkdir(dirname(target), { recursive: true });
    workshop = await mkdtemp(join(dirname(target), '.assemble-'));
    return await work(workshop);
  } catch (error) {
    signal?.throwIfAborted();
    throw asOurs(error, target);
  } finally {
    if (workshop !== undefined) await rm(workshop, { recursive: true, force: true });
  }
}

async function moveSafely(file: string, target: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(file, target);
}

/** Errors of the file system have a code and concern the disk; mediabunny's have none and concern the clips. */
function asOurs(error: unknown, target: string): unknown {
  if (!(error instanceof Error) || error instanceof DailiesError) return error;
  if (errnoOf(error) !== undefined) return diskError({ path: target, doing: 'written', cause: error });
  return new DailiesError('media', `cannot join the clips: ${messageOf(error)}`, { cause: error });
}
