import { join } from 'node:path';
import {
  identityOf,
  outputsOf,
  type Attempt,
  type RecordedInput,
  type RecordedRequest,
} from '../../domain/attempt.js';
import { defined } from '../../domain/defined.js';
import { DailiesError } from '../../errors.js';
import { opensOn } from '../../media/first-frame.js';
import { findFrameTool, type FrameTool } from '../../media/frame-tool.js';
import { readDataUrl } from '../../media/local-input.js';
import { TOOL_HINT } from '../../media/run-tool.js';
import { recordRequest, wireRequest, type FrameFile, type KnownInput, type Order } from '../../shot/order.js';
import type { ClipStore } from '../../store/clip-store.js';
import { findFrame, keepFrame } from '../../store/frame-file.js';
import { isInside, openPath, storedPath, type ProjectPaths } from '../project/paths.js';

type FrameInput = Extract<KnownInput, { kind: 'frame' }>;

/** An order made ready to be sent: local files and frames of other clips inlined. */
export interface ReadyOrder {
  readonly request: RecordedRequest;
  /** JSON, made early: an order that cannot be written as JSON fails before there is an intent to buy it. */
  readonly body: Buffer;
}

/** Gives the inputs of orders. */
export interface InputReader {
  /**
   * Takes the frames an order needs from their clips and reads its files. Throws `disk`, `input-changed`, `file-unusable`
   * or `tool-missing`. `callbackUrl` goes with the request if it has none of its own.
   */
  ready(order: Order, signal: AbortSignal, callbackUrl?: string): Promise<ReadyOrder>;
  /** Gateways drop inputs in silence: warns if a clip does not open on its first frame. `part` is its file. */
  openingWarnings(attempt: Attempt, part: string, signal: AbortSignal): Promise<string[]>;
}

/** Lends a local input as a file, wherever it is kept. Throws `file-unusable`. */
export type LendFile = <T>(
  input: { readonly path: string; readonly sha256: string },
  use: (file: string) => Promise<T>,
) => Promise<T>;

/** The inputs in a folder; their paths are relative to it. */
export function filesIn(folder: string): LendFile {
  return async ({ path }, use) => {
    const file = openPath(folder, path);
    if (isInside(folder, file)) return use(file);
    throw new DailiesError('file-unusable', `${path} leads out of the manifest's folder`);
  };
}

/** Reads the inputs of orders, and takes frames from clips; each frame once. */
export function createInputReader({
  paths,
  files: lend,
  clips,
  attempts,
  env,
}: {
  /** Frames are kept in the cache, and are named by their paths below the folder. */
  readonly paths: Pick<ProjectPaths, 'folder' | 'cache'>;
  readonly files: LendFile;
  readonly clips: ClipStore;
  readonly attempts: () => readonly Attempt[];
  readonly env: NodeJS.ProcessEnv;
}): InputReader {
  const { folder, cache } = paths;
  const frames = new Map<string, Promise<FrameFile>>();
  let tool: Promise<FrameTool | undefined> | undefined;
  const frameTool = () => (tool ??= findFrameTool(env));

  /** The PNG of a frame of another shot's clip, made when it is first needed and kept under the clip's hash. */
  const frameOf = (input: FrameInput, signal: AbortSignal): Promise<FrameFile> => {
    const key = `${input.clip_sha256.slice(0, 24)}-${String(input.at)}`;
    const known = frames.get(key);
    if (known) return known;
    const made = makeFrame(input, join(cache, 'frames', `${key}.png`), signal);
    frames.set(key, made);
    return made;
  };
  const makeFrame = async (input: FrameInput, png: string, signal: AbortSignal): Promise<FrameFile> => {
    const sha256 = (await findFrame(png)) ?? (await keepFrame(png, await takeFrame(input, signal)));
    return { path: storedPath(folder, png), sha256 };
  };
  const takeFrame = async (input: FrameInput, signal: AbortSignal): Promise<Buffer> => {
    const decoder = await frameTool();
    if (!decoder) {
      const message = `taking a frame of ${input.shot} needs ffmpeg, which was not found`;
      throw new DailiesError('tool-missing', message, { hint: TOOL_HINT });
    }
    const sha256 = await clipFor(input);
    return clips.asFile(sha256, (clip) => decoder.extractFrame({ clip, at: input.at, signal }));
  };
  /** The clip as it was delivered: the plan did not count on a frame of a file that has changed since. */
  const clipFor = async (input: FrameInput): Promise<string> => {
    for (const attempt of attempts()) {
      const [output] = outputsOf(attempt);
      if (!output || identityOf(output) !== input.clip_sha256) continue;
      if ((await clips.stat(output.sha256))?.bytes === output.bytes) return output.sha256;
    }
    // A worker knows no attempts but its own.
    if (await clips.stat(input.clip_sha256)) return input.clip_sha256;
    throw new DailiesError(
      'file-unusable',
      `the clip of ${input.shot} has changed since it was delivered, so no frame is taken from it`,
      { hint: `put the clip back, or render it again with --rerender ${input.shot}` },
    );
  };

  /** The picture that an attempt was sent with. */
  const lendRecorded = <T>(
    input: Exclude<RecordedInput, { url: string }>,
    use: (file: string) => Promise<T>,
  ): Promise<T> | undefined => {
    if (!('from' in input)) return lend(input, use);
    const image = openPath(folder, input.path ?? '');
    return isInside(folder, image) ? use(image) : undefined;
  };

  return {
    async ready(order, signal, callbackUrl) {
      const files = new Map<KnownInput, FrameFile>();
      const urls = new Map<KnownInput, string>();
      for (const { input } of [...order.frames, ...order.references]) {
        switch (input.kind) {
          case 'url':
            urls.set(input, input.url);
            break;
          case 'file':
            urls.set(input, await lend(input, (file) => readDataUrl({ ...input, file })));
            break;
          case 'frame': {
            const frame = await frameOf(input, signal);
            files.set(input, frame);
            const file = openPath(folder, frame.path);
            urls.set(input, await readDataUrl({ ...frame, mime: 'image/png', file }));
          }
        }
      }
      const sent = wireRequest(order, (input) => urls.get(input) ?? '');
      return {
        request: recordRequest(order, (input) => files.get(input)),
        body: Buffer.from(JSON.stringify({ ...defined({ callback_url: callbackUrl }), ...sent })),
      };
    },

    async openingWarnings({ request }, part, signal) {
      const input = request.frame_images?.find(({ frame_type }) => frame_type === 'first_frame')?.input;
      if (!input || 'url' in input) return [];
      const decoder = await frameTool();
      if (!decoder) return [];
      try {
        const look = (image: string) => opensOn({ clip: part, image, tool: decoder, signal });
        const found = await lendRecorded(input, look);
        return !found || found.similar ? [] : [`does not open on its first frame, ${input.path}`];
      } catch {
        // A check that fails says nothing about the clip.
        return [];
      }
    },
  };
}
