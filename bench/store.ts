import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { noPostgres, sharedPostgres, type TestDatabase } from '../test/helpers/postgres.js';
import { atLeast, atMost, merely, type Section } from './finding.js';
import { startGateway } from './gateway-process.js';
import { measure } from './measure.js';
import { median } from './side-by-side.js';
import { matrixManifest } from './scale.js';
import { databaseCpuMs, linkTo, measureWorkers, WORKERS, type Round } from './store-round.js';
import { CLI, withFolder } from './work.js';

const ENV = { BENCH_KEY: 'sk-bench' };
const FAR_MS = 30;
const ROUNDS = 3;
const SETTLED_MS = 5_000;
const IDLE_MS = 20_000;

/** Several machines at one database: the money path alone, with jobs of no length, near the database and far from it. */
export async function store(): Promise<Section> {
  if (noPostgres !== undefined)
    return { title: 'Several machines', findings: [], notes: `Skipped: ${noPostgres}.` };
  const server = await sharedPostgres();
  const gateway = await startGateway();
  const database = await server.database();
  try {
    return await withFolder(async (folder) => {
      const manifest = join(folder, 'film.yaml');
      writeFileSync(manifest, matrixManifest(gateway.baseUrl, 512));
      const shared = ['--store', database.url, '--clips', join(folder, 'clips')];
      const words = [CLI, 'enqueue', manifest, ...shared, '--yes', '--allow-large-matrix'];
      const beforeMs = await databaseCpuMs(database);
      const enqueued = await measure({ words, env: ENV });
      const enqueuingMs = (await databaseCpuMs(database)) - beforeMs;
      // The server does so within a minute of so many inserts, and not in the middle of a round.
      await database.query('vacuum analyze');
      const near: Round[] = [];
      const far: Round[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        near.push(await measureWorkers(database, gateway.baseUrl, 0));
        far.push(await measureWorkers(database, gateway.baseUrl, FAR_MS));
      }
      const idle = await measureIdle(database, gateway.baseUrl, { folder, shared });
      const of = (rounds: readonly Round[], quantity: keyof Round) =>
        median(rounds.map((round) => round[quantity]));
      const both = [...near, ...far];
      return {
        title: `Several machines: the money path of ${WORKERS} workers at one PostgreSQL, jobs of no length`,
        findings: [
          atLeast('takes a second', { value: of(near, 'takesPerSecond'), limit: 200, unit: 'takes' }),
          atLeast(`takes a second, ${FAR_MS} ms from the database`, {
            value: of(far, 'takesPerSecond'),
            limit: 200,
            unit: 'takes',
          }),
          atMost('round trips a take', { value: of(near, 'roundTrips'), limit: 7, unit: '' }),
          atMost('on the wire, beyond the request', {
            value: of(both, 'wireKb'),
            limit: 4,
            unit: 'kB a take',
          }),
          atMost('write-ahead log between checkpoints, beyond the request', {
            value: of(both, 'walKb'),
            limit: 6,
            unit: 'kB a take',
          }),
          atMost('CPU of the database', { value: of(both, 'databaseMs'), limit: 5, unit: 'ms a take' }),
          merely('CPU of the workers', of(both, 'workersMs'), 'ms a take'),
          merely(
            'takes a second that two cores have the time for',
            2_000 / (of(both, 'databaseMs') + of(both, 'workersMs')),
            'takes',
          ),
          atMost('connections of a worker', {
            value: Math.max(...both.map(({ connections }) => connections)),
            limit: 4,
            unit: '',
          }),
          atMost('questions of an idle worker', { value: idle, limit: 1, unit: 'a second' }),
          atMost('100,000 takes: enqueue', { value: enqueued.wall_ms / 1000, limit: 60, unit: 's' }),
          merely(
            '100,000 takes: enqueue, CPU of command and database',
            (enqueued.cpu_ms + enqueuingMs) / 1000,
            's',
          ),
          atMost('100,000 takes: enqueue, memory', {
            value: enqueued.peak_bytes / 1e9,
            limit: 1,
            unit: 'GB',
          }),
        ],
      };
    });
  } finally {
    gateway.close();
    await database.close();
  }
}

/** How often the command asks the database while there is nothing for it to do, a second. */
async function measureIdle(
  database: TestDatabase,
  gateway: string,
  { folder, shared }: { readonly folder: string; readonly shared: readonly string[] },
): Promise<number> {
  // Whatever is left is wanted no more.
  await database.query(
    `update dailies."order" set state = 'outdated', worker = null where state in ('ready', 'taken')`,
  );
  const { link, url } = await linkTo(database, 0);
  const words = ['worker', ...shared, '--store', url, '--gateway', gateway, '--work', join(folder, 'work')];
  const worker = spawn(process.execPath, [CLI, ...words], {
    env: { ...process.env, ...ENV },
    stdio: 'ignore',
  });
  try {
    await sleep(SETTLED_MS);
    const before = link.counts().roundTrips;
    await sleep(IDLE_MS);
    if (worker.exitCode !== null) throw new Error(`the idle worker has ended with ${worker.exitCode}`);
    return ((link.counts().roundTrips - before) / IDLE_MS) * 1000;
  } finally {
    worker.kill('SIGTERM');
    await once(worker, 'exit');
    link.close();
  }
}
