import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Clock } from '../../src/clock.js';
import type { PlanDocument } from '../../src/domain/plan.js';
import type { RunEvent, RunSummary } from '../../src/events.js';
import { planProject, type PlanOptions } from '../../src/flow/plan/plan.js';
import { loadProject, type Project, type ProjectOptions } from '../../src/flow/project/project.js';
import { runProject, type RunOptions } from '../../src/flow/commands/run.js';

/** A folder with a manifest in it, and what tests do with one. */
export interface TestProject {
  readonly folder: string;
  readonly manifest: string;
  /** Replaces the manifest's shots, or all of it where the text says `version`. */
  write(text: string): Promise<void>;
  load(options?: Pick<ProjectOptions, 'output'>): Promise<Project>;
  plan(options?: PlanOptions): Promise<PlanDocument>;
  run(options?: RunOptions): Promise<RunSummary & { readonly events: readonly RunEvent[] }>;
  /** The text of a file in the folder. */
  read(path: string): Promise<string>;
  lockfile(): Promise<unknown>;
  /** Takes clips away for good: names below `renders/film` (all unless told), and what the store has under them. */
  lose(name?: string): Promise<void>;
  /** The clips in the store, by their file names, in order. */
  stored(): Promise<string[]>;
}

/** Settings that come before the shots of every test's manifest. */
export interface ProjectSettings {
  readonly baseUrl: string;
  /** Further lines of YAML at the top level. */
  readonly top?: string;
  readonly clock?: Clock;
  readonly output?: string;
  /** Beside the key: where ffmpeg is found, say. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Makes a folder with the manifest `film.yaml`, whose gateway is a server of the test. */
export async function makeProject(settings: ProjectSettings, shots: string): Promise<TestProject> {
  const folder = await mkdtemp(join(tmpdir(), 'dailies-flow-'));
  const manifest = join(folder, 'film.yaml');
  const env = { TEST_KEY: 'sk-test-0123456789', ...settings.env };
  const text = (body: string) =>
    [
      'version: 1',
      'project: film',
      `gateway: { base_url: "${settings.baseUrl}", api_key_env: TEST_KEY }`,
      'poll: { interval: 0.02, timeout: 20 }',
      'defaults: { model: google/veo-3.1-lite, duration: 4, resolution: 720p, generate_audio: false }',
      settings.top ?? '',
      'shots:',
      body,
    ].join('\n');
  const project: TestProject = {
    folder,
    manifest,
    write: (body) => writeFile(manifest, body.includes('version:') ? body : text(body)),
    load: (options) =>
      loadProject({
        manifest,
        env,
        ...(settings.clock ? { clock: settings.clock } : {}),
        ...(settings.output === undefined ? {} : { output: settings.output }),
        ...options,
      }),
    plan: async (options) => planProject(await project.load(), options),
    async run(options) {
      const events: RunEvent[] = [];
      const onEvent = (event: RunEvent) => {
        events.push(event);
        options?.onEvent?.(event);
      };
      const summary = await runProject(await project.load(), { ...options, onEvent });
      return { ...summary, events };
    },
    read: (path) => readFile(join(folder, path), 'utf8'),
    lockfile: async () => JSON.parse(await project.read('film.lock.json')) as unknown,
    async lose(name) {
      const store = join(folder, '.dailies/clips');
      if (name === undefined) await rm(store, { recursive: true, force: true });
      const path = join(folder, settings.output ?? 'renders/film', name ?? '');
      if (name !== undefined) {
        const sha256 = createHash('sha256')
          .update(await readFile(path))
          .digest('hex');
        for (const clip of await project.stored())
          if (clip.startsWith(sha256)) await rm(join(store, clip.slice(0, 2), clip));
      }
      await rm(path, { recursive: true, force: true });
    },
    async stored() {
      const names = await readdir(join(folder, '.dailies/clips'), { recursive: true }).catch(() => []);
      return names
        .map((name) => basename(name))
        .filter((name) => /^[0-9a-f]{64}\./.test(name))
        .sort();
    },
  };
  await project.write(shots);
  return project;
}
