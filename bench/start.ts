import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { atMost, type Section } from './finding.js';
import { startGateway } from './gateway-process.js';
import { measure } from './measure.js';
import { median } from './side-by-side.js';
import { CLI, OURS, withFolder } from './work.js';

const ROUNDS = 15;
const SHOTS = 12;
const LIMIT_MS = 150;

/** How long a person waits before anything is seen, beyond Node's own start. */
export async function start(): Promise<Section> {
  const gateway = await startGateway();
  try {
    return await withFolder(async (folder) => {
      const jobs = Array.from({ length: SHOTS }, (_, index) => ({ id: `shot-${index}`, lengthMs: 0 }));
      const work = { jobs, cap: 8, baseUrl: gateway.baseUrl, barePollMs: 0 };
      await measure(await OURS.prepare(work, folder));
      const done = join(folder, 'film.yaml');
      const fresh = await sandboxFilm(folder);
      const found = timesBeyondNode({
        'dailies --help': ['--help'],
        'dailies validate': ['validate', fresh],
        'dailies validate --offline': ['validate', fresh, '--offline'],
        'dailies plan': ['plan', fresh],
        'dailies status': ['status', done],
        'dailies run, with nothing to do': ['run', done, '--yes'],
      });
      return {
        title: `Start, beyond that of \`node -e 0\`, with ${SHOTS} shots`,
        findings: found.map(({ what, value }) => atMost(what, { value, limit: LIMIT_MS, unit: 'ms' })),
      };
    });
  } finally {
    gateway.close();
  }
}

/** Nothing of it was rendered: its catalogue is read, each of its shots is priced. */
async function sandboxFilm(folder: string): Promise<string> {
  const manifest = join(folder, 'fresh', 'film.yaml');
  await mkdir(join(folder, 'fresh'));
  const shots = Array.from(
    { length: SHOTS },
    (_, index) => `  - { id: shot-${index}, prompt: "A boat, the ${index}th" }`,
  );
  const defaults = 'defaults: { model: google/veo-3.1-lite, duration: 4, resolution: 720p }';
  await writeFile(manifest, ['version: 1', 'gateway: sandbox', defaults, 'shots:', ...shots, ''].join('\n'));
  return manifest;
}

/** The commands in turn, round by round, so that a busy moment falls on all of them. */
function timesBeyondNode(
  commands: Readonly<Record<string, readonly string[]>>,
): readonly { readonly what: string; readonly value: number }[] {
  const bare: number[] = [];
  const rows = Object.entries(commands).map(([what, words]) => ({ what, words, times: [] as number[] }));
  for (let round = 0; round < ROUNDS; round += 1) {
    bare.push(milliseconds(['-e', '0']));
    for (const { words, times } of rows) times.push(milliseconds([CLI, ...words]));
  }
  return rows.map(({ what, times }) => ({ what, value: median(times) - median(bare) }));
}

function milliseconds(words: readonly string[]): number {
  const start = performance.now();
  const { status } = spawnSync(process.execPath, words, {
    stdio: 'ignore',
    env: { ...process.env, BENCH_KEY: 'sk' },
  });
  if (status !== 0) throw new Error(`${words.join(' ')} exited with ${status}`);
  return performance.now() - start;
}
