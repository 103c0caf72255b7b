import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../test/helpers/events.js';
import type { Program } from './measure.js';
import { WEBHOOK_SECRET } from './webhook-secret.js';

/** A job of a comparison. */
export interface BenchJob {
  readonly id: string;
  /** Given as the seed, which is what the gateway takes a job's length from. */
  readonly lengthMs: number;
  /** Of the clip, seconds; 4 where absent. */
  readonly duration?: number;
}

/** The same work for each client, in a folder that is new for each of them. */
export interface Work {
  readonly jobs: readonly BenchJob[];
  readonly cap: number;
  readonly baseUrl: string;
  /** How often the bare clients ask for a job, milliseconds. */
  readonly barePollMs: number;
  /** Clips that may be on their way at once, where it is not for dailies to say. */
  readonly downloads?: number;
}

/** A client of the gateway, ready to be measured. */
export interface Client {
  readonly name: string;
  prepare(work: Work, folder: string): Promise<Program>;
}

/** The command as it is built and published. */
export const CLI = resolve('dist/cli/main.js');

export const OURS: Client = {
  name: 'dailies',
  async prepare(work, folder) {
    const manifest = join(folder, 'film.yaml');
    await writeFile(manifest, manifestOf(work));
    return { words: [CLI, 'run', manifest, '--yes'], env: { BENCH_KEY: 'sk-bench' } };
  },
};

/** The same, told of the ends of jobs. */
export const HOOKED: Client = {
  name: 'dailies with webhooks',
  async prepare(work, folder) {
    const { words, env } = await OURS.prepare(work, folder);
    const listen = `127.0.0.1:${await freePort()}`;
    return {
      words: [...words, '--callback', `http://${listen}/hook`, '--listen', listen],
      env: { ...env, OPENROUTER_WEBHOOK_SECRET: WEBHOOK_SECRET },
    };
  },
};

export const BARE: Client = {
  name: 'bare loop',
  prepare: (work, folder) => prepareLoop('bare-loop.js', work, folder),
};

export const SDK: Client = {
  name: '@openrouter/sdk',
  prepare: (work, folder) => prepareLoop('sdk-loop.js', work, folder),
};

const folders: string[] = [];

/**
 * Gives the work a folder. It stays until everything is measured: ext4 looks at each inode that was freed in the
 * last seconds before it makes a new one, so that the cleaning up after one client would be paid for by the next.
 */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'dailies-bench-'));
  folders.push(folder);
  return use(folder);
}

/** Removes all folders that were given. */
export async function removeFolders(): Promise<void> {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
}

/** A manifest with a shot for each job. */
export function manifestOf({ jobs, cap, baseUrl, downloads }: Work): string {
  const head = [
    'version: 1',
    'project: film',
    `gateway: { base_url: "${baseUrl}", api_key_env: BENCH_KEY }`,
    downloads === undefined
      ? `concurrency: ${cap}`
      : `concurrency: { jobs: ${cap}, downloads: ${downloads} }`,
    'defaults: { model: bench/a, resolution: 720p, aspect_ratio: "16:9", generate_audio: false }',
    'shots:',
  ];
  const shots = jobs.map(
    ({ id, lengthMs, duration = 4 }) =>
      `  - { id: ${id}, duration: ${duration}, seed: ${lengthMs}, prompt: "${promptOf(id)}" }`,
  );
  return [...head, ...shots, ''].join('\n');
}

function promptOf(id: string): string {
  return `A glass greenhouse at sunrise, a red fox asleep on the bench, slow dolly-in, take ${id}`;
}

/** What goes over the wire for a job, for clients that have no manifest. */
export function bodyOf({ id, lengthMs, duration = 4 }: BenchJob) {
  return {
    model: 'bench/a',
    prompt: promptOf(id),
    duration,
    resolution: '720p',
    aspect_ratio: '16:9',
    generate_audio: false,
    seed: lengthMs,
  } as const;
}

/** What a bare client reads. */
export interface LoopOrder {
  readonly base_url: string;
  readonly cap: number;
  readonly poll_ms: number;
  readonly out: string;
  readonly jobs: readonly { readonly id: string; readonly body: ReturnType<typeof bodyOf> }[];
}

async function prepareLoop(script: string, work: Work, folder: string): Promise<Program> {
  const order: LoopOrder = {
    base_url: work.baseUrl,
    cap: work.cap,
    poll_ms: work.barePollMs,
    out: join(folder, 'clips'),
    jobs: work.jobs.map((job) => ({ id: job.id, body: bodyOf(job) })),
  };
  await mkdir(order.out);
  const file = join(folder, 'order.json');
  await writeFile(file, JSON.stringify(order));
  return { words: [fileURLToPath(new URL(`./${script}`, import.meta.url)), file] };
}
