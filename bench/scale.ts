import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeClip } from '../test/helpers/clips.js';
import { loadProject } from '../src/flow/project/project.js';
import { planProject } from '../src/flow/plan/plan.js';
import { outputStem } from '../src/manifest/output-name.js';
import { systemClock } from '../src/clock.js';
import { fingerprint } from '../src/shot/order.js';
import type { Attempt } from '../src/domain/attempt.js';
import { metadataPath } from '../src/flow/clips/names.js';
import { storedPath } from '../src/flow/project/paths.js';
import { stateHome } from '../src/flow/project/state-home.js';
import { openAttempts } from '../src/store/local-attempts.js';
import { writeLockfile } from '../src/store/lockfile.js';
import { atMost, merely, type Section } from './finding.js';
import { startGateway } from './gateway-process.js';
import { measure } from './measure.js';
import type { Usage } from './probe.js';
import { CLI, manifestOf, withFolder, type BenchJob } from './work.js';

const ENV = { BENCH_KEY: 'sk-bench' };
const FLOOR = fileURLToPath(new URL('./floor.js', import.meta.url));

/** Manifests of ten thousand and a hundred thousand shots: read, planned, taken up again. */
export async function scale(): Promise<Section> {
  const gateway = await startGateway();
  try {
    const tenThousand = await withFolder((folder) => planMany(folder, gateway.baseUrl));
    const hundredThousand = await withFolder((folder) => resumeMany(folder, gateway.baseUrl));
    return { title: 'Size', findings: [...tenThousand, ...hundredThousand] };
  } finally {
    gateway.close();
  }
}

async function planMany(folder: string, baseUrl: string): Promise<Section['findings']> {
  const manifest = join(folder, 'film.yaml');
  const jobs = Array.from({ length: 10_000 }, (_, index) => ({ id: `shot-${index}`, lengthMs: index }));
  writeFileSync(manifest, manifestOf({ jobs, cap: 4, baseUrl, barePollMs: 0 }));
  const plan = await measure({ words: [CLI, 'plan', manifest], env: ENV });
  const validate = await measure({ words: [CLI, 'validate', manifest, '--offline'], env: ENV });
  return [
    atMost('10,000 shots: validate --offline', { value: seconds(validate), limit: 1.5, unit: 's' }),
    atMost('10,000 shots: validate --offline, memory', {
      value: megabytes(validate),
      limit: 300,
      unit: 'MB',
    }),
    atMost('10,000 shots: plan', { value: seconds(plan), limit: 3, unit: 's' }),
    atMost('10,000 rows of a table: plan', {
      value: seconds(await planTable(folder, jobs, baseUrl)),
      limit: 3,
      unit: 's',
    }),
  ];
}

/** The same shots, as the rows of a table. */
async function planTable(folder: string, jobs: readonly BenchJob[], baseUrl: string): Promise<Usage> {
  const manifest = join(folder, 'rows.yaml');
  const rows = jobs.map(({ id, lengthMs }) => `${id},${lengthMs},"at sunrise, take ${id}",de`);
  writeFileSync(join(folder, 'rows.csv'), ['id,seed,look,lang', ...rows, ''].join('\n'));
  const head = manifestOf({ jobs: [], cap: 4, baseUrl, barePollMs: 0 }).trimEnd();
  const prompt =
    'A glass greenhouse {{look}}, a red fox asleep on the bench, a sign in {{lang}}, slow dolly-in';
  writeFileSync(manifest, `${head} { from: rows.csv, duration: 4, prompt: "${prompt}" }\n`);
  return measure({ words: [CLI, 'plan', manifest], env: ENV });
}

async function resumeMany(folder: string, baseUrl: string): Promise<Section['findings']> {
  const manifest = join(folder, 'film.yaml');
  writeFileSync(manifest, matrixManifest(baseUrl));
  const plan = await measure({ words: [CLI, 'plan', manifest, '--allow-large-matrix'], env: ENV });
  await deliverAll(manifest);
  const run = { words: [CLI, 'run', manifest, '--yes', '--allow-large-matrix'], env: ENV };
  // It writes the report and the contact sheet, which the next one finds as they are to be.
  const first = await measure(run);
  const resume = await measure(run);
  const floor = await measure({ words: [FLOOR, join(folder, 'film.lock.json')], env: ENV });
  const most = Math.max(...[plan, first, resume].map(megabytes)) / 1000;
  return [
    atMost('100,000 shots: load and plan', { value: seconds(plan), limit: 15, unit: 's' }),
    atMost(
      '100,000 shots: a run with all delivered before, through reading its lockfile and a look at each clip',
      {
        value: seconds(resume) / seconds(floor),
        limit: 3,
        unit: '×',
      },
    ),
    merely('100,000 shots: a run with all delivered before', seconds(resume), 's'),
    merely('100,000 shots: the same, with report and contact sheet to write', seconds(first), 's'),
    merely('100,000 shots: reading the lockfile, and a look at each clip', seconds(floor), 's'),
    atMost('100,000 shots: memory', { value: most, limit: 0.8, unit: 'GB' }),
  ];
}

/** A thousand combinations with a hundred takes each. */
export function matrixManifest(baseUrl: string, jobs?: number): string {
  const ten = (name: string) => `[${Array.from({ length: 10 }, (_, index) => `${name}${index}`).join(', ')}]`;
  return `version: 1
project: film
gateway: { base_url: "${baseUrl}", api_key_env: BENCH_KEY }
${jobs === undefined ? '' : `concurrency: ${jobs}\n`}defaults: { model: bench/a, duration: 4, resolution: 720p, aspect_ratio: "16:9", generate_audio: false }
shots:
  - id: sea
    prompt: "{{light}} over {{place}}, {{weather}}, slow dolly-in"
    seed: 1
    takes: 100
    matrix: { light: ${ten('light')}, place: ${ten('place')}, weather: ${ten('weather')} }
`;
}

/** Puts every take of a project on record as delivered, with its clip in the store and under its name. */
async function deliverAll(manifest: string): Promise<void> {
  const project = await loadProject({ manifest, env: ENV, allowLargeMatrix: true });
  const { paths, target } = project;
  const clip = await makeClip({ seconds: 1, fps: 4 });
  const deliveredMs = Date.now() + 60_000;
  const since = new Date(deliveredMs).toISOString();
  const media = {
    container: 'mp4',
    duration_s: 1,
    width: 64,
    height: 36,
    video_codec: 'h264',
    fps: 4,
  } as const;
  const attempts: Attempt[] = [];
  let original = '';
  for (const [index, take] of project.manifest.takes.entries()) {
    const sha256 = createHash('sha256').update(String(index)).digest('hex');
    const stored = join(paths.store, 'clips', sha256.slice(0, 2), `${sha256}.mp4`);
    const name = join(paths.output, `${outputStem({ template: undefined, take, project: 'film' })}.mp4`);
    for (const path of [stored, name]) mkdirSync(dirname(path), { recursive: true });
    // A file system gives one file 65,000 names at most.
    if (index % 30_000 === 0) writeFileSync((original = stored), clip);
    else linkSync(original, stored);
    linkSync(stored, name);
    writeFileSync(metadataPath(name), '{"dailies":1}');
    attempts.push({
      id: index.toString(36).padStart(15, '0'),
      owner: { shot: take.shot, take: take.take },
      fingerprint: fingerprint({ take, frames: [], references: [] }),
      request: take.settings,
      gateway: target.baseUrl ?? target.name,
      estimate: null,
      steps: 6,
      names: [storedPath(paths.folder, name)],
      state: {
        kind: 'delivered',
        since,
        job: { id: `job-${index}` },
        cost_usd: 0.05,
        outputs: [{ bytes: clip.length, sha256, media, warnings: [] }],
      },
      times: { created: 0, submitted: 1, accepted: 2, completed: 3, delivered: deliveredMs },
    });
  }
  const home = stateHome(project);
  const identity = { project: 'film', project_id: '0'.repeat(16), manifest: 'film.yaml', sandbox: false };
  await writeLockfile(paths.lockfile, { identity, attempts, picks: {}, catalogue: undefined }, home.shots);
  // The first opening writes the receipts; a run has done that long before.
  await (await openAttempts({ home, clock: systemClock })).close();
  const plan = await planProject(project, { offline: true });
  const wrong = plan.shots.find(({ action }) => action !== 'reuse');
  if (wrong)
    throw new Error(`${wrong.id} was to be delivered, and is ${wrong.action}: ${wrong.reasons.join()}`);
}

function seconds({ wall_ms }: Usage): number {
  return wall_ms / 1000;
}

function megabytes({ peak_bytes }: Usage): number {
  return peak_bytes / 1e6;
}
