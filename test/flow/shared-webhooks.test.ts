import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { openHook } from '../../src/flow/batch/hook.js';
import { openPort } from '../../src/monitor/open-port.js';
import { orderedClip } from '../helpers/clips.js';
import { addressOf, freePort, SECRET, sendEvent } from '../helpers/events.js';
import { useGateway } from '../helpers/gateway.js';
import { machineOf, workerOf } from '../helpers/machines.js';
import { noPostgres, sharedPostgres, type TestDatabase } from '../helpers/postgres.js';

const gateway = useGateway();
const clip = await orderedClip();
const SEA = '  - { id: sea, prompt: waves }';

let database: TestDatabase;
let shared: string;
beforeEach(async () => {
  database = await (await sharedPostgres()).database();
  shared = await mkdtemp(join(tmpdir(), 'dailies-shared-'));
});
afterEach(async () => {
  await database.close();
  await rm(shared, { recursive: true, force: true });
});

const here = () => ({ url: database.url, shared, baseUrl: gateway.baseUrl });

/** A manifest whose jobs are polled once a minute: what is noticed sooner was announced. */
async function machine(shots = SEA) {
  const one = await machineOf(here(), shots);
  const head = [
    'version: 1',
    'project: film',
    `gateway: { base_url: "${gateway.baseUrl}", api_key_env: TEST_KEY }`,
    'poll: { interval: 60, timeout: 900 }',
    'defaults: { model: google/veo-3.1-lite, duration: 4, resolution: 720p, generate_audio: false }',
  ];
  await one.write([...head, 'shots:', shots].join('\n'));
  return one;
}

/** A hook, and the address below which it hears. */
async function hook() {
  const outcomes: string[] = [];
  const opened = await openHook({
    ...{ store: database.url, listen: '127.0.0.1:0', secret: SECRET, clock: systemClock },
    onOutcome: (outcome) => outcomes.push(outcome),
  });
  onTestFinished(() => opened.close());
  return { url: `${opened.address}/hook`, outcomes };
}

const rows = () => database.query('select state, callback, hint from dailies.attempt order by id');
const states = async () => (await rows()).map(({ state }) => state);
const untilDelivered = (count: number) =>
  expect.poll(states, { timeout: 15_000 }).toEqual(Array.from({ length: count }, () => 'delivered'));

describe.skipIf(noPostgres)('webhooks for several workers', () => {
  it('reach the worker that has the job by way of the database', async () => {
    const { url, outcomes } = await hook();
    const { enqueue } = await machine();
    await enqueue();
    await workerOf(here(), undefined, url);
    const job = await gateway.nextJob();
    await expect.poll(states).toEqual(['pending']);
    // Past the first, early polls of a job of which nothing is known.
    await expect.poll(() => job.polls).toBeGreaterThan(1);
    job.complete(clip, { cost: 0.1 });
    expect(await sendEvent(addressOf(job), job.id)).toBe(204);
    await untilDelivered(1);
    expect(await rows()).toEqual([
      { state: 'delivered', callback: expect.any(String) as string, hint: null },
    ]);
    expect(outcomes).toEqual(['heard']);
  });

  it('settle the lost answers of all: 20 of 20, and none is bought twice', async () => {
    gateway.failNext('drop-after-accept', { times: 20 });
    const { url } = await hook();
    const shots = Array.from({ length: 20 }, (_, n) => `  - { id: s${n}, prompt: shot ${n} }`);
    const { enqueue, status } = await machine(shots.join('\n'));
    await enqueue();
    await workerOf(here(), undefined, url);
    await workerOf(here(), undefined, url);
    for (let n = 0; n < 20; n++) {
      const job = await gateway.nextJob();
      job.complete(clip, { cost: 0.1 });
      expect(await sendEvent(addressOf(job), job.id)).toBe(204);
    }
    await untilDelivered(20);
    expect(gateway.counters.posts).toBe(20);
    expect((await status()).spent_usd).toBe(2);
    await expect.poll(async () => (await rows()).every(({ hint }) => hint === null)).toBe(true);
  });

  it('settle a lost answer although no worker was there when they came', async () => {
    gateway.failNext('drop-after-accept');
    const { url } = await hook();
    const { enqueue } = await machine();
    await enqueue();
    const first = await workerOf(here(), undefined, url);
    const job = await gateway.nextJob();
    await expect.poll(states).toEqual(['uncertain']);
    await first.stop();
    job.complete(clip);
    expect(await sendEvent(addressOf(job), job.id)).toBe(204);
    // It asks for no events itself.
    await workerOf(here());
    await untilDelivered(1);
    expect(gateway.counters.posts).toBe(1);
  });

  it('may come to a worker that does not have the job', async () => {
    const port = await freePort();
    const { enqueue } = await machine();
    await enqueue();
    await workerOf(here(), undefined, `http://127.0.0.1:${port}/hook`);
    const job = await gateway.nextJob();
    const other = await workerOf(here());
    const outcomes: string[] = [];
    const answer = other.webhooks({ secret: SECRET, onOutcome: (outcome) => outcomes.push(outcome) });
    const listening = await openPort(`127.0.0.1:${port}`, answer);
    onTestFinished(() => listening.close());
    await expect.poll(() => job.polls).toBeGreaterThan(1);
    job.complete(clip);
    expect(await sendEvent(addressOf(job), job.id)).toBe(204);
    await untilDelivered(1);
    expect(outcomes).toEqual(['heard']);
  });

  it('are heard by a run of the store itself, which settles a lost answer', async () => {
    gateway.failNext('drop-after-accept');
    const port = await freePort();
    const { run } = await machine();
    const running = run({ callback: `http://127.0.0.1:${port}/x`, listen: `127.0.0.1:${port}` });
    const job = await gateway.nextJob();
    job.complete(clip);
    expect(await sendEvent(addressOf(job), job.id)).toBe(204);
    expect(await running).toMatchObject({ exit_code: 0, shots: [{ outcome: 'delivered' }] });
    expect(gateway.counters.posts).toBe(1);
  });

  it('settle the lost answer of a run that waits, also where another process takes the job in', async () => {
    gateway.failNext('drop-after-accept');
    const { url } = await hook();
    const { run } = await machine();
    const running = run({ callback: url });
    const job = await gateway.nextJob();
    await expect.poll(states).toEqual(['uncertain']);
    await workerOf(here());
    job.complete(clip);
    expect(await sendEvent(addressOf(job), job.id)).toBe(204);
    expect(await running).toMatchObject({ exit_code: 0, shots: [{ outcome: 'delivered' }] });
    expect(gateway.counters.posts).toBe(1);
  });

  it('leave nothing behind where they are forged, or name what is not there', async () => {
    const { url, outcomes } = await hook();
    const { enqueue } = await machine();
    await enqueue();
    await workerOf(here(), undefined, url);
    const job = await gateway.nextJob();
    await expect.poll(states).toEqual(['pending']);
    expect(await sendEvent(addressOf(job), job.id, { secret: 'guessed' })).toBe(401);
    expect(await sendEvent(`${url}/a-token-that-nobody-sent`, job.id)).toBe(404);
    // The job of somebody else, rightly signed.
    expect(await sendEvent(addressOf(job), 'job-77')).toBe(204);
    expect((await rows()).map(({ hint }) => hint)).toEqual([null]);
    expect(outcomes).toEqual(['signature', 'token', 'heard']);
    job.complete(clip);
    await sendEvent(addressOf(job), job.id);
    await untilDelivered(1);
  });
});
