import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { TestDatabase } from '../test/helpers/postgres.js';
import { parentOf, treeCpuMs } from './process-cpu.js';
import { startSlowLink, type SlowLink } from './slow-link.js';
import type { WorkerCounts } from './store-worker.js';

const WORKER = fileURLToPath(new URL('./store-worker.js', import.meta.url));
export const WORKERS = 4;
const PLACES = 32;
const WARM_UP_MS = 2_000;
const MEASURED_MS = 6_000;

/** What some workers came to. */
export interface Round {
  readonly takesPerSecond: number;
  readonly roundTrips: number;
  readonly wireKb: number;
  readonly walKb: number;
  readonly databaseMs: number;
  readonly workersMs: number;
  readonly connections: number;
}

/** Has workers buy for a while, over a link of its own. */
export async function measureWorkers(database: TestDatabase, gateway: string, rttMs: number): Promise<Round> {
  const { link, url } = await linkTo(database, rttMs);
  const workers = Array.from({ length: WORKERS }, () => fork(WORKER, [url, gateway, String(PLACES)]));
  try {
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    await sleep(WARM_UP_MS);
    const before = await stateOf(database, { link, workers });
    await sleep(MEASURED_MS);
    const after = await stateOf(database, { link, workers });
    const by = (quantity: keyof typeof before) => after[quantity] - before[quantity];
    const takes = by('takes');
    const requests = by('requestBytes');
    return {
      takesPerSecond: (takes / by('ms')) * 1000,
      roundTrips: by('roundTrips') / takes,
      wireKb: (by('wireBytes') - requests) / takes / 1000,
      walKb: (by('walBytes') - requests) / takes / 1000,
      databaseMs: by('databaseMs') / takes,
      workersMs: by('workersMs') / takes,
      connections: after.connections / WORKERS,
    };
  } finally {
    for (const worker of workers) worker.disconnect();
    await Promise.all(workers.map((worker) => once(worker, 'exit')));
    link.close();
  }
}

async function stateOf(
  database: TestDatabase,
  { link, workers }: { readonly link: SlowLink; readonly workers: readonly ChildProcess[] },
) {
  const counts = await Promise.all(workers.map(countsOf));
  const [row] = await database.query(
    `select pg_current_wal_lsn() - '0/0' as wal,
       (select count(*) from pg_stat_activity where application_name like 'dailies %') as connections`,
  );
  const sum = (quantity: keyof WorkerCounts) => counts.reduce((all, one) => all + one[quantity], 0);
  const { bytes, roundTrips } = link.counts();
  return {
    ms: performance.now(),
    ...{ takes: sum('takes'), requestBytes: sum('requestBytes'), workersMs: sum('cpuMs') },
    ...{
      wireBytes: bytes,
      roundTrips,
      walBytes: Number(row?.['wal']),
      connections: Number(row?.['connections']),
    },
    databaseMs: await databaseCpuMs(database),
  };
}

/** What the server of a database has used of the CPU, with all of its processes. */
export async function databaseCpuMs(database: TestDatabase): Promise<number> {
  const [row] = await database.query('select pg_backend_pid() as pid');
  return treeCpuMs(parentOf(Number(row?.['pid'])));
}

async function countsOf(worker: ChildProcess): Promise<WorkerCounts> {
  worker.send('count');
  const [counts] = (await once(worker, 'message')) as [WorkerCounts];
  return counts;
}

/** The database at the other end of a link. */
export async function linkTo(database: TestDatabase, rttMs: number) {
  const url = new URL(database.url);
  const link = await startSlowLink(Number(url.port), rttMs);
  url.port = String(link.port);
  return { link, url: url.href };
}
