import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/clock.js';
import { volume } from '../../helpers/long-pass.js';
import { noPostgres, sharedPostgres, type TestDatabase } from '../../helpers/postgres.js';
import { inProcesses } from '../compiled.js';
import { startChaosGateway, type ChaosGateway } from './chaos-gateway.js';
import { chaosWorker } from './chaos-worker.js';
import { openHere, parseOrder, termsOf } from './fixtures.js';

const SIZE = volume({
  short: {
    takes: 60,
    workers: 3,
    killEveryMs: 2_500,
    crashEveryMs: 3_500,
    stopMs: 3_000,
    leaseMs: 1_500,
    most: 2,
  },
  long: {
    takes: 2_000,
    workers: 4,
    killEveryMs: 4_000,
    crashEveryMs: 20_000,
    stopMs: 60_000,
    leaseMs: 3_000,
    most: Infinity,
  },
});
const PLACES = 24;
const CAPS: Readonly<Record<string, number>> = { '*': PLACES, a: 8, b: 10, c: 12 };
const JOB_MS = 600;
/** The machine is busy with the tests themselves. */
const SLACK_MS = 1_500;
const GIVE_UP_MS = volume({ short: 45_000, long: 1_200_000 });
const { start } = inProcesses();

it.skipIf(noPostgres)(
  'pays once, loses no job and crosses no cap and no budget while workers die, sleep, and the database restarts',
  async () => {
    const random = luck(volume({ short: 11, long: Date.now() % 100_000 }));
    const server = await sharedPostgres();
    const database = await server.database();
    const gateway = await startChaosGateway({ jobMs: JOB_MS, loses: 0.01, refuses: 0.02, random });
    onTestFinished(() => gateway.close());
    onTestFinished(() => database.close());
    const budgetUsd = SIZE.takes * 0.5 * 0.9;
    await enqueue(database, gateway, budgetUsd);
    const beganMs = performance.now();

    const workers = new Map<number, { readonly pid: number; readonly name: string }>();
    const deaths: { readonly name: string; readonly at: number }[] = [];
    const crashes: number[] = [];
    let born = 0;
    const bear = (place: number) => {
      const name = `w${place}-${++born}`;
      const lease = { leaseMs: SIZE.leaseMs, beatMs: 700 };
      const terms = { url: database.url, gateway: gateway.url, name, places: 16, lease };
      workers.set(place, { pid: start(chaosWorker(terms)).pid, name });
    };
    for (let place = 0; place < SIZE.workers; place++) bear(place);
    await expect.poll(() => gateway.jobs.size, { timeout: 20_000 }).toBeGreaterThan(2);

    // The first one is the one that sleeps; of the others some die.
    const sleeper = workers.get(0);
    if (sleeper) process.kill(sleeper.pid, 'SIGSTOP');
    deaths.push({ name: sleeper?.name ?? '', at: Date.now() });
    let [killMs, crashMs, isAwake] = [0, SIZE.crashEveryMs / 2, false];
    for (let isOver = false; !isOver;) {
      await sleep(100);
      const ms = performance.now() - beganMs;
      if (!isAwake && ms > SIZE.stopMs && sleeper) {
        process.kill(sleeper.pid, 'SIGCONT');
        isAwake = true;
      }
      // On a busy machine a storm without an end would let nobody finish.
      if (ms - killMs > SIZE.killEveryMs && deaths.length <= SIZE.most) {
        killMs = ms;
        const place = 1 + Math.floor(random() * (SIZE.workers - 1));
        const victim = workers.get(place);
        if (victim) end(victim.pid);
        deaths.push({ name: victim?.name ?? '', at: Date.now() });
        bear(place);
      }
      if (ms - crashMs > SIZE.crashEveryMs && crashes.length < SIZE.most) {
        crashMs = ms;
        crashes.push(Date.now());
        await server.crash();
      }
      isOver = (isAwake && (await isDone(database).catch(() => false))) || ms > GIVE_UP_MS;
    }
    const seconds = (performance.now() - beganMs) / 1000;
    for (const { pid } of workers.values()) end(pid);

    const rows = await database.query(
      `select fixed->'request'->>'prompt' as slot, state, job_id, counted_nano::float8 as nano
         from dailies.attempt a join dailies.attempt_fixed f on f.attempt = a.id`,
    );
    const bySlot = new Map<string, number>();
    for (const slot of gateway.jobs.values()) bySlot.set(slot, (bySlot.get(slot) ?? 0) + 1);
    const known = new Set(rows.map(({ job_id }) => job_id));
    const uncertain = new Set(rows.flatMap(({ slot, state }) => (state === 'uncertain' ? [slot] : [])));
    const lost = [...gateway.jobs].filter(([id, slot]) => !known.has(id) && !uncertain.has(slot));
    const [account] = await database.query('select committed_nano::float8 as nano from dailies.account');
    // Whoever is back from an outage buries nobody in its first round.
    const quiet = deaths.filter(
      ({ at }) => !crashes.some((ms) => ms > at - 1_000 && ms < at + SIZE.leaseMs + 3_000),
    );
    const takeovers = await takeoversOf(database, quiet);
    console.log(
      JSON.stringify({
        ...{ takes: SIZE.takes, seconds, jobs: gateway.jobs.size, deaths: deaths.length, ...gateway.counts },
        ...{ uncertain: uncertain.size, peaks: Object.fromEntries(gateway.peaks), takeovers },
      }),
    );
    expect([...bySlot].filter(([, times]) => times > 1)).toEqual([]);
    expect(lost).toEqual([]);
    for (const [model, cap] of Object.entries(CAPS))
      expect(gateway.peaks.get(model) ?? 0).toBeLessThanOrEqual(cap);
    expect(account?.['nano']).toBeLessThanOrEqual(budgetUsd * 1e9);
    expect(account?.['nano']).toBe(rows.reduce((sum, { nano }) => sum + Number(nano), 0));
    expect(await isDone(database)).toBe(true);
    for (const ms of takeovers) expect(ms).toBeLessThanOrEqual(SIZE.leaseMs + 1_000 + SLACK_MS);
  },
  GIVE_UP_MS + 60_000,
);

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself, as it may where it was born while the database was away.
  }
}

async function enqueue(database: TestDatabase, gateway: ChaosGateway, budgetUsd: number): Promise<void> {
  const spending = { jobs: PLACES, perModel: { a: CAPS['a'] ?? 0 }, budgetUsd };
  const planner = await openHere(database, {
    ...{ clock: systemClock, parseOrder },
    batch: termsOf({ gateway: gateway.url, spending }),
  });
  await database.query('update dailies.account set jobs = $1, uncertain_s = 3', [PLACES]);
  for (const model of ['b', 'c'])
    await database.query('insert into dailies.account_model select id, $1, $2 from dailies.account', [
      model,
      CAPS[model],
    ]);
  for (let n = 0; n < SIZE.takes; n++) {
    const [key, model] = [`shot-${n}`, ['a', 'b', 'c'][n % 3] ?? ''];
    const estimate = { min_usd: 0.5, expected_usd: 0.5, max_usd: 0.5, sku: null, inferred: false };
    const purchase = {
      ...{ owner: { shot: key, take: 1 }, request: { model, prompt: key }, gateway: gateway.url, estimate },
      ...{ fingerprint: createHash('sha256').update(key).digest('hex'), giveUp: [] },
    };
    planner.offer(Object.assign({ key, model, rank: SIZE.takes - n }, { purchase }));
  }
  await planner.enqueued();
  await planner.close();
}

/** Whether nobody has anything to do any more. */
async function isDone(database: TestDatabase): Promise<boolean> {
  const [row] = await database.query(
    // What a ceiling holds back stays wanted.
    `select count(*)::int as n from dailies."order" o join dailies.batch b on b.id = o.batch
      where o.state = 'taken' or (o.state = 'ready' and b.stopped is null)`,
  );
  return row?.['n'] === 0;
}

/** How long it took until each dead worker was buried, milliseconds. */
async function takeoversOf(
  database: TestDatabase,
  deaths: readonly { readonly name: string; readonly at: number }[],
): Promise<number[]> {
  const rows = await database.query(
    `select name, extract(epoch from gone_at)::float8 * 1000 as gone from dailies.worker where gone_at is not null`,
  );
  return deaths.flatMap(({ name, at }) => {
    // A sleeper may have been buried before, under an earlier id.
    const row = rows.find((worker) => worker['name'] === name && Number(worker['gone']) >= at);
    return row ? [Number(row['gone']) - at] : [];
  });
}

/** Numbers in [0, 1) that look like chance, the same for the same seed. */
function luck(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32) / 2 ** 32;
}
