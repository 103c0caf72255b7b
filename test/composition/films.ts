import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import type { FramePosition } from '../../src/domain/take.js';
import { pickTakes } from '../../src/flow/commands/pick.js';
import { readPicksFile } from '../../src/flow/commands/picks-file.js';
import { findFfmpeg } from '../../src/media/ffmpeg-tool.js';
import { makeClip, type Rgb } from '../helpers/clips.js';
import type { GatewayServer, HeldJob } from '../helpers/gateway-server.js';
import type { SubmittedBody } from '../helpers/held-job.js';
import type { TestProject } from '../helpers/project.js';

/** What takes frames from clips here; undefined where there is none, and then chains cannot be tried. */
export const ffmpeg = await findFfmpeg(process.env);

if (!ffmpeg) console.warn('No ffmpeg on the PATH: the tests of chains, which take frames, are passed over.');

/**
 * A program that stands in for ffmpeg where a test is about who waits for whom: it takes the same grey frame from
 * every clip, at once. The frame's file is as large as its pixels.
 */
export async function standIn({ side = 8 } = {}): Promise<NodeJS.ProcessEnv> {
  const folder = await mkdtemp(join(tmpdir(), 'dailies-stand-in-'));
  const grey = new PNG({ width: side, height: side, fill: true });
  grey.data.fill(128);
  await writeFile(join(folder, 'grey.png'), PNG.sync.write(grey, { deflateLevel: 0 }));
  const program = join(folder, 'ffmpeg');
  const script = `#!/bin/sh
case "$*" in
  -version) ;;
  *-progress*) echo frame=24 ;;
  *) cat '${folder}/grey.png' ;;
esac
`;
  await writeFile(program, script, { mode: 0o755 });
  return { DAILIES_FFMPEG: program };
}

/** Colours that survive an encoder, each far from its neighbours. */
const COLOURS: readonly Rgb[] = [
  [200, 40, 40],
  [40, 160, 60],
  [40, 70, 200],
  [210, 190, 50],
  [150, 60, 180],
  [60, 180, 190],
  [230, 120, 30],
  [120, 120, 120],
];

/** Small clips, each of another colour and content: a gateway never makes one twice. */
async function clips(count: number): Promise<readonly Buffer[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => makeClip(wishOf(index))));
}

function wishOf(index: number) {
  const color = COLOURS[index % COLOURS.length] ?? [0, 0, 0];
  // Beyond the colours it is the length that tells them apart.
  return { color, seconds: 1 + Math.floor(index / COLOURS.length) / 24 };
}

/** Lets each job end at its first poll with a clip of its own. */
export async function completeAll(server: GatewayServer, { cost = 0.12, most = 16 } = {}): Promise<void> {
  const made = await clips(most);
  const given = new Map<string, Buffer>();
  server.autoComplete(
    (job) => {
      const clip = given.get(job.id) ?? made[given.size];
      if (!clip) throw new Error(`more than ${most} jobs`);
      given.set(job.id, clip);
      return clip;
    },
    { cost },
  );
}

/** The prompts of all submits so far, in order. */
export function prompts(server: GatewayServer): string[] {
  return server.submits.map(({ prompt }) => String(prompt));
}

/** The job of a prompt; waits until it is submitted. Other jobs are passed over. */
export async function jobOf(server: GatewayServer, prompt: string): Promise<HeldJob> {
  for (;;) {
    const job = server.jobs.findLast(({ body }) => body['prompt'] === prompt);
    if (job) return job;
    await new Promise(setImmediate);
  }
}

/** Takes in picks, as the contact sheet exports them. */
export async function pick(film: TestProject, picks: Readonly<Record<string, number | null>>): Promise<void> {
  const file = join(film.folder, 'picks.json');
  await writeFile(file, JSON.stringify({ version: 1, picks }));
  const project = await film.load();
  await pickTakes(project, { choices: await readPicksFile(project, file) });
}

/** The images of a submit, as they were sent: first frame, last frame, references. */
export function picturesOf(body: SubmittedBody): {
  readonly first: PNG | undefined;
  readonly last: PNG | undefined;
  readonly references: readonly PNG[];
} {
  const frames = (body['frame_images'] ?? []) as readonly FrameImage[];
  const references = (body['input_references'] ?? []) as readonly ImagePart[];
  const frame = (type: string) => {
    const found = frames.find(({ frame_type }) => frame_type === type);
    return found && decode(found);
  };
  return { first: frame('first_frame'), last: frame('last_frame'), references: references.map(decode) };
}

interface ImagePart {
  readonly image_url: { readonly url: string };
}

interface FrameImage extends ImagePart {
  readonly frame_type: string;
}

function decode({ image_url: { url } }: ImagePart): PNG {
  const [head, data = ''] = url.split(',');
  if (head !== 'data:image/png;base64') throw new Error(`no PNG: ${url.slice(0, 80)}`);
  return PNG.sync.read(Buffer.from(data, 'base64'));
}

/** The colour in the middle of a picture. */
export function middle({ width, height, data }: PNG): Rgb {
  const at = (Math.floor(height / 2) * width + Math.floor(width / 2)) * 4;
  return [data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0];
}

/** The largest difference of a colour's parts: an encoder leaves some 10, two of our colours are 80 apart and more. */
export function apart(one: Rgb, other: Rgb): number {
  return Math.max(...one.map((part, index) => Math.abs(part - (other[index] ?? 0))));
}

/** The colour of the n-th clip that a server gave under `completeAll`. */
export function colourOf(index: number): Rgb {
  return COLOURS[index % COLOURS.length] ?? [0, 0, 0];
}

/** All files in a folder, as paths below it. */
export async function filesIn(...path: readonly string[]): Promise<string[]> {
  const entries = await readdir(join(...path), { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

/** A frame of a clip, as the ffmpeg of this machine takes it. */
export async function frameOf(clip: string, at: FramePosition): Promise<PNG> {
  if (!ffmpeg) throw new Error('there is no ffmpeg');
  return PNG.sync.read(await ffmpeg.extractFrame({ clip, at }));
}
