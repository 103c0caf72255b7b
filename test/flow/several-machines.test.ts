import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PlanChangedError } from '../../src/errors.js';
import { applyPicks } from '../../src/flow/commands/apply-picks.js';
import { resolveShots } from '../../src/flow/commands/resolve.js';
import { makeClip } from '../helpers/clips.js';
import { useGateway } from '../helpers/gateway.js';
import { machineOf, workerOf } from '../helpers/machines.js';
import { noPostgres, sharedPostgres, type TestDatabase } from '../helpers/postgres.js';

const gateway = useGateway();
const clips = await Promise.all([40, 90, 140, 190].map((red) => makeClip({ color: [red, 90, 30] })));
const ONE = '  - { id: sea, prompt: waves }';
const CHAIN = `${ONE}\n  - { id: sky, prompt: clouds, first_frame: { from: sea, at: last } }`;

let database: TestDatabase;
let shared: string;
beforeEach(async () => {
  database = await (await sharedPostgres()).database();
  shared = await mkdtemp(join(tmpdir(), 'dailies-shared-'));
});

/** From now on each job ends at its first poll. */
function completeAll(): void {
  gateway.autoComplete((job) => clips[gateway.jobs.indexOf(job) % clips.length] ?? Buffer.alloc(0));
}

afterEach(async () => {
  await database.close();
  await rm(shared, { recursive: true, force: true });
});

const here = () => ({ url: database.url, shared, baseUrl: gateway.baseUrl });
const machine = (shots = ONE, top = '') => machineOf(here(), shots, top);
const worker = ({ key }: { readonly key?: string } = {}) => workerOf(here(), key);

const states = async () =>
  (await database.query('select state from dailies.attempt order by id')).map(({ state }) => state);
const untilDelivered = (count: number) =>
  expect.poll(states, { timeout: 15_000 }).toEqual(Array.from({ length: count }, () => 'delivered'));

describe.skipIf(noPostgres)('several machines with one store', () => {
  it('run a film as one machine does, and buy nothing the second time, on any machine', async () => {
    completeAll();
    const { run, enqueue, plan } = await machine();
    expect(await plan()).toEqual(['render']);
    const ifPlan = '0123456789abcdef';
    await expect(enqueue({ ifPlan })).rejects.toMatchObject({ code: 'plan-changed' });
    const changed = await run({ ifPlan }).catch((error: unknown) => error);
    expect(changed).toBeInstanceOf(PlanChangedError);
    expect(gateway.jobs).toHaveLength(0);
    const first = await run({ ifPlan: (changed as PlanChangedError).plan.plan_hash });
    expect(first).toMatchObject({ exit_code: 0, counts: { delivered: 1, submitted: 1 } });
    const other = await machine();
    expect(await other.plan()).toEqual(['reuse']);
    expect(await other.run()).toMatchObject({
      exit_code: 0,
      counts: { delivered: 1, reused: 1 },
      cost_usd: 0,
    });
    expect(gateway.jobs).toHaveLength(1);
    expect((await other.status()).spent_usd).toBe(first.spent_usd);
    const clipsThere = (await readdir(join(shared, 'clips'), { recursive: true })).filter((name) =>
      name.endsWith('.mp4'),
    );
    expect(clipsThere).toHaveLength(1);
    expect(await readdir(join(shared, 'receipts'))).toHaveLength(1);
  });

  it('render what was enqueued while the machine that did so is gone', async () => {
    completeAll();
    const { enqueue, folder, status } = await machine('  - { id: sea, prompt: waves, takes: 3 }');
    expect(await enqueue()).toMatchObject({ buying: 3, fetching: 0, waiting: 0 });
    expect(gateway.jobs).toHaveLength(0);
    await rm(join(folder, 'film.lock.json'), { force: true });
    const { events } = await worker();
    await untilDelivered(3);
    expect(gateway.jobs).toHaveLength(3);
    expect((await status()).takes.map(({ state }) => state)).toEqual(['delivered', 'delivered', 'delivered']);
    await expect.poll(() => events.filter(({ type }) => type === 'shot.delivered').length).toBe(3);
  });

  it('go on with a chain when its source is there, with a frame that the worker takes', async () => {
    completeAll();
    const { enqueue, run } = await machine(CHAIN);
    expect(await enqueue()).toMatchObject({ buying: 1, waiting: 1 });
    const { events } = await worker();
    await untilDelivered(2);
    const [, sky] = gateway.jobs;
    expect(JSON.stringify(sky?.body)).toContain('data:image/png;base64,');
    expect(events.filter(({ type }) => type === 'worker.planned')).not.toEqual([]);
    expect(await run()).toMatchObject({ exit_code: 0, counts: { delivered: 2, reused: 2 } });
    expect(gateway.jobs).toHaveLength(2);
  });

  it('send local inputs that only the machine with the manifest had', async () => {
    completeAll();
    const { enqueue, folder, write } = await machine();
    await writeFile(join(folder, 'still.png'), STILL);
    await write('  - { id: sea, prompt: waves, first_frame: still.png }');
    await enqueue();
    await rm(join(folder, 'still.png'));
    await worker();
    await untilDelivered(1);
    expect(JSON.stringify(gateway.jobs[0]?.body)).toContain(STILL.toString('base64'));
  });

  it('go on with the rows of a table that only the machine with the manifest had', async () => {
    completeAll();
    const { enqueue, folder, write } = await machine();
    await writeFile(join(folder, 'rows.csv'), 'lang,word\nde,Wellen\nfr,vagues\n');
    await write(
      `  - { id: "sea-{{lang}}", prompt: "{{word}}", matrix: { from: rows.csv } }
  - { id: sky, prompt: clouds, first_frame: { from: sea-fr, at: last } }`,
    );
    expect(await enqueue()).toMatchObject({ buying: 2, waiting: 1 });
    await rm(join(folder, 'rows.csv'));
    await worker();
    await untilDelivered(3);
    expect(gateway.jobs.map(({ body }) => body['prompt'])).toEqual(
      expect.arrayContaining(['Wellen', 'vagues', 'clouds']),
    );
  });

  it('go on with a chain whose source was bought for a manifest that was changed since', async () => {
    const { enqueue, write } = await machine(CHAIN);
    await enqueue();
    await worker();
    await expect.poll(() => gateway.jobs.length, { timeout: 10_000 }).toBe(1);
    await write(CHAIN.replace('clouds', 'dark clouds'));
    expect(await enqueue()).toMatchObject({ buying: 0, fetching: 1, waiting: 1 });
    completeAll();
    gateway.jobs[0]?.complete(clips[0] ?? Buffer.alloc(0));
    await untilDelivered(2);
    expect(gateway.jobs[1]?.body['prompt']).toBe('dark clouds');
  });

  it('stop before a pick, and go on when it is made', async () => {
    completeAll();
    const { enqueue, load } = await machine(`${ONE.replace(' }', ', takes: 2 }')}
  - { id: sky, prompt: clouds, first_frame: { from: sea, at: last } }`);
    await enqueue({ approve: true });
    await worker();
    await untilDelivered(2);
    const choices = [{ shot: 'sea', take: 2, source: 'the test' }];
    const applied = await applyPicks(await load(), { choices, approve: true });
    expect(applied).toMatchObject({ picks: { sea: 2 }, unblocks: [{ id: 'sky', take: 1 }] });
    await untilDelivered(3);
    expect(gateway.jobs).toHaveLength(3);
  });

  it('say in the status which take cannot be made, and why', async () => {
    completeAll();
    const { enqueue, folder, write, status } = await machine();
    await writeFile(join(folder, 'still.png'), STILL);
    await write('  - { id: sea, prompt: waves, first_frame: still.png }');
    await enqueue();
    await rm(join(shared, 'inputs'), { recursive: true });
    await worker();
    await expect
      .poll(() => database.query(`select 1 from dailies."order" where state = 'held'`))
      .toHaveLength(1);
    const told: string[] = [];
    await status(told);
    expect(told).toEqual([expect.stringMatching(/^sea: /)]);
    expect(gateway.jobs).toHaveLength(0);
  });

  it('stop at once when a run is interrupted: nothing more of its batch is bought, and its jobs are followed', async () => {
    const { run } = await machine('  - { id: sea, prompt: waves, takes: 4 }', 'concurrency: 2');
    const calling = new AbortController();
    const running = run({ signal: calling.signal });
    await expect.poll(() => gateway.jobs.length, { timeout: 10_000 }).toBe(2);
    calling.abort();
    expect((await running).exit_code).toBe(130);
    completeAll();
    for (const job of gateway.jobs) job.complete(clips[0] ?? Buffer.alloc(0));
    await worker();
    await untilDelivered(2);
    expect(gateway.jobs).toHaveLength(2);
    expect(await run()).toMatchObject({ exit_code: 0, counts: { delivered: 4, reused: 2, submitted: 2 } });
    expect(gateway.jobs).toHaveLength(4);
  });

  it('buy nothing of a manifest that was changed since', async () => {
    completeAll();
    const { enqueue, write } = await machine();
    await enqueue();
    await write('  - { id: sea, prompt: other waves }');
    await enqueue();
    await worker();
    await untilDelivered(1);
    expect(gateway.jobs.map(({ body }) => body['prompt'])).toEqual(['other waves']);
  });

  it('cross no ceiling of the batch, and buy the rest when it is enqueued with a higher one', async () => {
    completeAll();
    const { enqueue, status } = await machine('  - { id: sea, prompt: waves, takes: 3 }');
    const price = (await enqueue({ only: ['sea@1'] })).plan.total.max_usd;
    await database.query('update dailies.batch set max_cost_nano = $1', [Math.round(price * 1e9) - 1]);
    const { events } = await worker();
    await expect
      .poll(() => database.query('select stopped is not null as is_stopped from dailies.batch'))
      .toEqual([{ is_stopped: true }]);
    expect(gateway.jobs).toHaveLength(0);
    const told: string[] = [];
    await status(told);
    expect(told).toEqual([expect.stringContaining('nothing more is bought: the next shot could cost')]);
    await enqueue();
    await untilDelivered(3);
    expect(events.filter(({ type }) => type === 'worker.stopped')).toEqual([]);
  });

  it('hold a submit without an answer, and go on when a person has settled it', async () => {
    completeAll();
    const { enqueue, load } = await machine();
    gateway.failNext('reset');
    await enqueue();
    await worker();
    await expect.poll(states).toEqual(['uncertain']);
    await resolveShots(await load(), { shots: ['sea'], settlement: { as: 'not_charged' } });
    await expect.poll(states, { timeout: 15_000 }).toEqual(['not_charged', 'delivered']);
  });

  it('hand all work over when they are told to stop', async () => {
    const { enqueue } = await machine();
    await enqueue();
    const first = await worker();
    await expect.poll(() => gateway.jobs.length, { timeout: 10_000 }).toBe(1);
    await expect.poll(states).toEqual(['pending']);
    await first.stop();
    gateway.jobs[0]?.complete(clips[0] ?? Buffer.alloc(0));
    await worker();
    await untilDelivered(1);
    expect(gateway.jobs).toHaveLength(1);
  });

  it('buy what a worker was told to try again later, and could not any more', async () => {
    completeAll();
    const { enqueue } = await machine();
    gateway.failNext({ status: 429, headers: { 'retry-after': '1' }, body: '{}' });
    await enqueue();
    const first = await worker();
    await expect.poll(states, { timeout: 10_000 }).toEqual(['planned']);
    await first.stop();
    const second = await worker();
    await untilDelivered(1);
    expect(second.events.filter(({ type }) => type === 'shot.not_delivered')).toEqual([]);
  });

  it.each([0, 1])(
    'render a job that fails again as often as they may (%i), and a submit that was not charged is no try',
    async (retries) => {
      const { enqueue, load } = await machine(ONE, `retries: ${retries}`);
      gateway.failNext('reset');
      await enqueue();
      await worker();
      await expect.poll(states).toEqual(['uncertain']);
      await resolveShots(await load(), { shots: ['sea'], settlement: { as: 'not_charged' } });
      for (let jobs = 1 + retries; jobs > 0; jobs--) (await gateway.nextJob()).fail('content policy');
      const orders = () => database.query('select state from dailies."order"');
      await expect.poll(orders, { timeout: 10_000 }).toEqual([{ state: 'done' }]);
      expect(await states()).toEqual(['not_charged', ...Array.from({ length: 1 + retries }, () => 'failed')]);
    },
  );

  it('go on with a run whose own machine has died', async () => {
    const { run } = await machine(CHAIN);
    const calling = new AbortController();
    const running = run({ signal: calling.signal }).catch(() => undefined);
    await expect.poll(() => gateway.jobs.length, { timeout: 10_000 }).toBe(1);
    // Its connections break, and it says no more.
    await database.query(`update dailies.worker set lease_until = '-infinity'`);
    await worker();
    await database.query(`update dailies.worker set lease_until = '-infinity' where id = 1`);
    completeAll();
    gateway.jobs[0]?.complete(clips[0] ?? Buffer.alloc(0));
    await untilDelivered(2);
    await running;
    expect(gateway.jobs).toHaveLength(2);
  });
});

/** A picture of one pixel. */
const STILL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
