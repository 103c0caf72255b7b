import { join } from 'node:path';
import { identityOf, outputsOf } from '../domain/attempt.js';
import { DailiesError } from '../errors.js';
import { TOOL_HINT } from '../media/run-tool.js';
import { inspectOutput } from '../store/clips.js';
import { findFrame, keepFrame } from '../store/frame-file.js';
import type { FrameFile, KnownInput } from '../shot/order.js';
import { openPath, storedPath } from './paths.js';
import type { RunContext } from './run-context.js';

type FrameInput = Extract<KnownInput, { kind: 'frame' }>;

/**
 * The PNG of a frame of another shot's clip, made when it is first needed and kept in `.frames/` of the output
 * folder under the clip's hash. Throws `tool-missing` where no frame can be decoded, `disk` where the clip is not
 * as it was delivered or the frame cannot be written.
 */
export async function chainFrame(context: RunContext, input: FrameInput): Promise<FrameFile> {
  const key = `${input.clip_sha256.slice(0, 24)}-${String(input.at)}`;
  const known = context.frames.get(key);
  if (known) return known;
  const made = makeFrame(context, input, key);
  context.frames.set(key, made);
  return made;
}

async function makeFrame(context: RunContext, input: FrameInput, key: string): Promise<FrameFile> {
  const { project } = context;
  const png = join(project.paths.output, '.frames', `${key}.png`);
  const sha256 = (await findFrame(png)) ?? (await keepFrame(png, await takeFrame(context, input)));
  return { path: storedPath(project.paths.folder, png), sha256 };
}

async function takeFrame(context: RunContext, input: FrameInput): Promise<Buffer> {
  const tool = await context.frameTool();
  if (!tool) {
    const message = `taking a frame of ${input.shot} needs ffmpeg, which was not found`;
    throw new DailiesError('tool-missing', message, { hint: TOOL_HINT });
  }
  const clip = await verifiedClip(context, input);
  return tool.extractFrame({ clip, at: input.at, signal: context.control.working });
}

/** The clip as it was delivered: a frame of a file that was changed since is not what the plan counted on. */
async function verifiedClip({ store, project }: RunContext, input: FrameInput): Promise<string> {
  for (const attempt of store.attempts()) {
    const [output] = outputsOf(attempt);
    if (!output || identityOf(output) !== input.clip_sha256) continue;
    const file = openPath(project.paths.folder, output.path);
    if ((await inspectOutput({ file, output, hash: false })) === 'intact') return file;
  }
  throw new DailiesError('file-unusable',
    `the clip of ${input.shot} is not as it was delivered, so no frame is taken from it`,
    {
      hint: `put the clip back, or make it anew with --rerender ${input.shot}`,
    },
  );
}
