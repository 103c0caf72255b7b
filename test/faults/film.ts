import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeClip } from '../helpers/clips.js';
import {
  startGatewayServer,
  type GatewayServer,
  type GatewayServerOptions,
  type HeldJob,
  type SeenRequest,
} from '../helpers/gateway-server.js';
import { KEY } from './command.js';

/** A project on disk, and the gateway it buys from, which counts. */
export interface Film {
  readonly folder: string;
  readonly manifest: string;
  readonly lockfile: string;
  readonly journal: string;
  /** The folder of the names. */
  readonly output: string;
  /** The folder of the clips. */
  readonly store: string;
  readonly server: GatewayServer;
  /** What the server does besides answering; a test sets what it needs. */
  readonly stage: Stage;
  /** The clip the server serves for a job: no two jobs have the same. */
  readonly clipOf: (job: HeldJob) => Buffer;
  /** Puts these shots into the manifest. */
  write(shots: readonly Shot[]): Promise<void>;
  remove(): Promise<void>;
}

/** A shot by its id, with a prompt that tells it from all others unless it is given. */
export type Shot =
  string | (Readonly<Record<string, unknown>> & { readonly id: string; readonly prompt: string });

export interface Stage {
  /** Called, and awaited, before a request is handled; where it throws, the request is dropped. */
  onRequest: (request: SeenRequest) => void | Promise<void>;
  /** Called when a submit has been taken, before its answer leaves. */
  onAccepted: (job: HeldJob) => void;
}

export interface FilmSettings {
  /** Lines of YAML at the top level of the manifest. */
  readonly top?: string;
  /** Where to make the project's folder; among the temporary files where absent. */
  readonly parent?: string;
  /** Where to buy instead of the film's own server. */
  readonly baseUrl?: string;
  /** Further settings of the server. */
  readonly gateway?: GatewayServerOptions;
}

/** A film with these shots, whose jobs complete at their second poll and cost ten cents. */
export async function makeFilm(shots: readonly Shot[], settings: FilmSettings = {}): Promise<Film> {
  const stage: Stage = { onRequest: () => undefined, onAccepted: () => undefined };
  const server = await startGatewayServer({
    apiKey: KEY,
    ...settings.gateway,
    submitAnswer(job) {
      stage.onAccepted(job);
      return settings.gateway?.submitAnswer?.(job) ?? {};
    },
  });
  server.onRequest((request) => stage.onRequest(request));
  const clip = await makeClip();
  const clipOf = (job: HeldJob) => marked(clip, job.id, isLarge(job) ? LARGE_CLIP_BYTES : 0);
  server.autoComplete(clipOf, { cost: 0.1, afterPolls: 2 });
  const folder = await mkdtemp(join(settings.parent ?? tmpdir(), 'dailies-fault-'));
  const manifest = join(folder, 'film.yaml');
  const write = (now: readonly Shot[]) =>
    writeFile(
      manifest,
      manifestText({ baseUrl: settings.baseUrl ?? server.baseUrl, top: settings.top ?? '', shots: now }),
    );
  await write(shots);
  return {
    folder,
    manifest,
    lockfile: join(folder, 'film.lock.json'),
    journal: join(folder, 'film.lock.journal'),
    output: join(folder, 'renders', 'film'),
    store: join(folder, '.dailies', 'clips'),
    server,
    stage,
    clipOf,
    write,
    async remove() {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Half of it is on the disk, with a note beside it, while the other half is still to come. */
const LARGE_CLIP_BYTES = 10_000_000;

/** Shots whose ids begin with `large` have such clips. */
function isLarge({ body }: HeldJob): boolean {
  return String(body['prompt']).startsWith(promptOf('large'));
}

/** What the shot with this id asks for, unless the test says otherwise. */
export function promptOf(shot: string): string {
  return `prompt of ${shot}`;
}

function manifestText(film: {
  readonly baseUrl: string;
  readonly top: string;
  readonly shots: readonly Shot[];
}): string {
  return [
    'version: 1',
    'project: film',
    `gateway: { base_url: "${film.baseUrl}", api_key_env: TEST_KEY }`,
    'poll: { interval: 0.05, timeout: 300 }',
    'defaults: { model: google/veo-3.1-lite, duration: 4, resolution: 720p, generate_audio: false }',
    film.top,
    'shots:',
    ...film.shots
      .map((shot) => (typeof shot === 'string' ? { id: shot, prompt: promptOf(shot) } : shot))
      .map((fields) => `  - ${JSON.stringify(fields)}`),
    '',
  ].join('\n');
}

/** An MP4 with a mark of its own: a `free` box at its end, which players pass over. */
export function marked(clip: Buffer, mark: string, leastBytes = 0): Buffer {
  const content = Buffer.alloc(Math.max(mark.length, leastBytes - clip.length - 8));
  content.write(mark);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(content.length + 8);
  head.write('free', 4);
  return Buffer.concat([clip, head, content]);
}
