import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { importProject } from '../../src/flow/batch/import.js';
import { runProject } from '../../src/flow/commands/run.js';
import { projectStatus } from '../../src/flow/commands/status.js';
import { loadProject } from '../../src/flow/project/project.js';
import { startBucket, type BucketServer } from '../helpers/bucket.js';
import { makeClip } from '../helpers/clips.js';
import { useGateway } from '../helpers/gateway.js';
import { machineOf, reconcile, workerOf } from '../helpers/machines.js';
import { noPostgres, sharedPostgres, type TestDatabase } from '../helpers/postgres.js';

const gateway = useGateway();
const clips = await Promise.all([40, 90, 140, 190].map((red) => makeClip({ color: [red, 90, 30] })));
const ONE = '  - { id: sea, prompt: waves }';
const TWO = `${ONE}\n  - { id: sky, prompt: clouds }`;

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
const machine = (shots = ONE) => machineOf(here(), shots);
const worker = () => workerOf(here());

/** From now on each job ends at its first poll. */
function completeAll(): void {
  gateway.autoComplete((job) => clips[gateway.jobs.indexOf(job) % clips.length] ?? Buffer.alloc(0));
}

/** The names of clips in the output folder of a machine. */
const named = async (folder: string) =>
  (await readdir(join(folder, 'renders/film'), { recursive: true }))
    .filter((name) => name.endsWith('.mp4'))
    .sort();
const states = async () =>
  (await database.query('select state from dailies.attempt order by id')).map(({ state }) => state);
const untilDelivered = (count: number) =>
  expect.poll(states, { timeout: 15_000 }).toEqual(Array.from({ length: count }, () => 'delivered'));

/** A run that ends as soon as its jobs have been accepted. */
async function submitOnly(film: Awaited<ReturnType<typeof machine>>, count: number): Promise<void> {
  const calling = new AbortController();
  const accepted = new Set<string>();
  await film.runAlone(undefined, {
    signal: calling.signal,
    onEvent(event) {
      if (event.type === 'shot.submitted') accepted.add(event.key);
      if (accepted.size === count) calling.abort();
    },
  });
}

describe.skipIf(noPostgres)('a project of one machine that several machines go on with', () => {
  it('is known to the database with purchases, picks, catalogue, clips and receipts, however often it is imported', async () => {
    completeAll();
    const film = await machine(TWO);
    await film.runAlone();
    const lockfile = await film.read('film.lock.json');
    const id = (JSON.parse(lockfile) as { readonly project_id: string }).project_id;
    expect(await film.bringIn()).toMatchObject({ project: id, purchases: 2, added: 2, clips: 2, missing: 0 });
    expect(await film.bringIn()).toMatchObject({ added: 0, advanced: 0, clips: 0 });
    expect(await film.read('film.lock.json')).toBe(lockfile);
    expect(await film.plan()).toEqual(['reuse', 'reuse']);
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { reused: 2, submitted: 0 } });
    expect(await (await machine(TWO)).plan()).toEqual(['reuse', 'reuse']);
    expect(await readdir(join(shared, 'receipts'))).toEqual([`${id}.jsonl`]);
    expect(gateway.jobs).toHaveLength(2);
    expect((await database.query('select catalogue from dailies.project'))[0]?.['catalogue']).not.toBeNull();
  });

  it('has its jobs in flight followed by workers, although nobody enqueues', async () => {
    const film = await machine();
    await submitOnly(film, 1);
    await film.bringIn();
    gateway.jobs[0]?.complete(clips[0] ?? Buffer.alloc(0));
    await worker();
    await untilDelivered(1);
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { reused: 1, submitted: 0 } });
    expect(gateway.jobs).toHaveLength(1);
  });

  it('goes on with a job whose import was before an enqueue, by one worker', async () => {
    const film = await machine(TWO);
    await submitOnly(film, 2);
    await film.bringIn();
    expect(await film.enqueue()).toMatchObject({ buying: 0, fetching: 2 });
    completeAll();
    for (const job of gateway.jobs) job.complete(clips[gateway.jobs.indexOf(job)] ?? Buffer.alloc(0));
    const { events } = await worker();
    await untilDelivered(2);
    await expect
      .poll(
        () =>
          events
            .filter(({ type }) => type === 'shot.delivered')
            .map((event) => 'key' in event && event.key)
            .sort(),
        { timeout: 15_000 },
      )
      .toEqual(['sea', 'sky']);
    expect(gateway.jobs).toHaveLength(2);
  });

  it('holds a submit that has no answer', async () => {
    const film = await machine();
    gateway.failNext('reset');
    await film.runAlone();
    await film.bringIn();
    expect(await states()).toEqual(['uncertain']);
    expect(await film.plan()).toEqual(['held']);
    await film.enqueue();
    await worker();
    expect(gateway.counters.posts).toBe(1);
  });

  it('keeps what workers have bought meanwhile beside what it has bought itself', async () => {
    completeAll();
    const film = await machine(TWO);
    await film.runAlone(undefined, { only: ['sea'] });
    const other = await machine(TWO);
    await other.run({ only: ['sky'] });
    expect(await film.bringIn()).toMatchObject({ added: 1 });
    expect(await film.plan()).toEqual(['reuse', 'reuse']);
    expect(await film.run()).toMatchObject({ counts: { reused: 2, submitted: 0 } });
    expect(gateway.jobs).toHaveLength(2);
  });

  it('has orders that were enqueued before outdated, as what they want is bought', async () => {
    completeAll();
    const film = await machine();
    await film.enqueue();
    await film.runAlone();
    await film.bringIn();
    const { events } = await worker();
    expect(await film.run()).toMatchObject({ counts: { submitted: 0 } });
    expect(events.filter(({ type }) => type === 'shot.submitted')).toEqual([]);
    expect(gateway.jobs).toHaveLength(1);
  });

  it('is not bought anew by who has forgotten to import it', async () => {
    completeAll();
    const film = await machine();
    await film.runAlone();
    await expect(film.enqueue()).rejects.toMatchObject({ code: 'store-behind', exitCode: 3 });
    await expect(film.run()).rejects.toThrow(/film\.lock\.json.* a purchase that the store does not know/);
    expect(gateway.jobs).toHaveLength(1);
    expect(await database.query('select * from dailies.batch')).toEqual([]);
  });

  it('is the same project after its manifest got another name', async () => {
    completeAll();
    const film = await machine();
    await film.runAlone();
    await film.bringIn();
    await film.write((await readFile(film.manifest, 'utf8')).replace('project: film', 'project: movie'));
    const again = await film.bringIn();
    expect(again).toMatchObject({ added: 0 });
    expect(await database.query('select id, name from dailies.project')).toEqual([
      { id: again.project, name: 'movie' },
    ]);
    expect(await film.run()).toMatchObject({ counts: { reused: 1, submitted: 0 } });
  });

  it('says so where there is nothing, and where another project has its purchases', async () => {
    completeAll();
    const film = await machine();
    await expect(film.bringIn()).rejects.toMatchObject({ code: 'usage' });
    await film.runAlone();
    await film.bringIn();
    await database.query(
      "insert into dailies.project (id, name, manifest) values ('other', 'second', 'film.yaml')",
    );
    await film.write((await readFile(film.manifest, 'utf8')).replace('project: film', 'project: second'));
    await expect(film.bringIn()).rejects.toThrow(/1 of these purchases .* with film \(film\.yaml\)/);
  });
});

describe.skipIf(noPostgres)('a rehearsal', () => {
  it('is imported as a project of its own', async () => {
    const film = await machine();
    const env = { DAILIES_SANDBOX_SPEED: '1000', TEST_KEY: 'sk-test-0123456789' };
    const asked = { manifest: film.manifest, env, gateway: 'sandbox' };
    const local = await loadProject(asked);
    expect(await runProject(local)).toMatchObject({ exit_code: 0 });
    const project = await loadProject({ ...asked, store: database.url, clips: shared });
    const { signal } = new AbortController();
    expect(await importProject(project, { local, signal })).toMatchObject({ added: 1, clips: 1 });
    expect(await database.query('select name, sandbox from dailies.project')).toEqual([
      { name: 'film', sandbox: true },
    ]);
    expect(await film.plan()).toEqual(['render']);
    completeAll();
    expect(await film.run()).toMatchObject({ counts: { submitted: 1 } });
    expect((await projectStatus(project)).takes.map(({ state }) => state)).toEqual(['delivered']);
  });
});

describe.skipIf(noPostgres)('a project of several machines that one machine goes on with', () => {
  it('is a lockfile that buys nothing again, with the clips where they were', async () => {
    completeAll();
    const film = await machine(TWO);
    await film.enqueue({ only: ['sea'] });
    await worker();
    await untilDelivered(1);
    expect(await film.takeOut()).toMatchObject({ purchases: 1, news: 1 });
    expect(await film.takeOut()).toMatchObject({ purchases: 1, news: 0 });
    const [{ id } = {}] = await database.query('select id from dailies.project');
    expect(JSON.parse(await film.read('film.lock.json'))).toMatchObject({ project_id: id });
    expect(await film.runAlone(shared)).toMatchObject({ counts: { reused: 1, submitted: 1 } });
    expect(await named(film.folder)).toEqual(['sea/sea.mp4', 'sky/sky.mp4']);
    expect(gateway.jobs).toHaveLength(2);
    // And back again: the receipts tell of what the database does not know.
    await expect(film.run()).rejects.toMatchObject({ code: 'store-behind' });
    await film.bringIn();
    expect(await film.run()).toMatchObject({ counts: { reused: 2, submitted: 0 } });
    expect(gateway.jobs).toHaveLength(2);
  });

  it('is not bought for by workers any more', async () => {
    completeAll();
    const film = await machine(TWO);
    await film.enqueue();
    await film.takeOut();
    await worker();
    expect(await film.runAlone(shared)).toMatchObject({ exit_code: 0, counts: { submitted: 2 } });
    expect(gateway.jobs).toHaveLength(2);
    expect(await states()).toEqual([]);
  });

  it('adds to a lockfile that is there', async () => {
    completeAll();
    const film = await machine(TWO);
    await film.runAlone(undefined, { only: ['sea'] });
    const before = JSON.parse(await film.read('film.lock.json')) as { readonly project_id: string };
    await film.bringIn();
    await film.run();
    expect(await film.takeOut()).toMatchObject({ purchases: 2, news: 1 });
    expect(JSON.parse(await film.read('film.lock.json'))).toMatchObject({ project_id: before.project_id });
    expect(await film.runAlone(shared)).toMatchObject({ counts: { reused: 2, submitted: 0 } });
  });
});

describe.skipIf(noPostgres)('pull from a store', () => {
  it('makes the named folder and its page on any machine, and follows renamed shots', async () => {
    completeAll();
    await (await machine(TWO)).run();
    const other = await machine(TWO);
    expect((await other.status()).takes.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^in the folder that all machines share: dailies pull brings it here/),
      expect.stringMatching(/^in the folder that all machines share/),
    ]);
    expect(await other.pull()).toMatchObject({ clips: 2, missing: [] });
    expect(await named(other.folder)).toEqual(['sea/sea.mp4', 'sky/sky.mp4']);
    expect((await stat(join(other.folder, 'renders/film/index.html'))).size).toBeGreaterThan(0);
    expect((await other.status()).takes.map(({ outputs }) => outputs.map(({ path }) => path))).toEqual([
      ['sea/sea.mp4'],
      ['sky/sky.mp4'],
    ]);
    await other.write(TWO.replace('id: sea', 'id: ocean'));
    await other.run();
    expect(await other.pull()).toMatchObject({ clips: 2, missing: [] });
    expect(await named(other.folder)).toEqual(['ocean/ocean.mp4', 'sky/sky.mp4']);
    expect(gateway.jobs).toHaveLength(2);
    const receipts = await readdir(join(shared, 'receipts'));
    expect(receipts).toHaveLength(1);
    expect(await readFile(join(shared, 'receipts', receipts[0] ?? ''), 'utf8')).toContain('"place":"store"');
  });

  it('goes on after it was interrupted, and leaves alone what is not ours', async () => {
    completeAll();
    await (await machine(TWO)).run();
    const other = await machine(TWO);
    await expect(other.pull(AbortSignal.abort())).rejects.toThrow();
    await writeFile(join(other.folder, 'renders-note.txt'), 'mine');
    expect(await other.pull()).toMatchObject({ clips: 2, missing: [] });
    expect(await other.pull()).toMatchObject({ clips: 2, fetched: 0 });
    expect(await other.run()).toMatchObject({ counts: { submitted: 0 } });
  });

  it('shows a project that is still worked on, and buys nothing', async () => {
    const film = await machine(TWO);
    await film.enqueue();
    await worker();
    await expect.poll(() => gateway.jobs.length, { timeout: 15_000 }).toBe(2);
    gateway.jobs[0]?.complete(clips[0] ?? Buffer.alloc(0));
    await expect.poll(states, { timeout: 15_000 }).toContain('delivered');
    expect(await film.pull()).toMatchObject({ clips: 1, missing: [] });
    gateway.jobs[1]?.complete(clips[1] ?? Buffer.alloc(0));
    await untilDelivered(2);
    expect(await film.pull()).toMatchObject({ clips: 2, missing: [] });
    expect(gateway.jobs).toHaveLength(2);
  });

  it('says so where the store has no such project', async () => {
    await expect((await machine()).pull()).rejects.toMatchObject({ code: 'usage' });
  });
});

describe.skipIf(noPostgres)('a store with a bucket', () => {
  let bucket: BucketServer;
  beforeAll(async () => {
    bucket = await startBucket();
  });
  afterAll(() => bucket.close());

  it('brings clips anywhere, and is told by the receipts there what it has forgotten', async () => {
    completeAll();
    const meeting = { ...here(), shared: bucket.address('team') };
    const film = await machineOf(meeting, TWO);
    await film.run();
    const other = await machineOf(meeting, TWO);
    expect(await other.pull()).toMatchObject({ clips: 2, fetched: 2, missing: [] });
    expect(await other.pull()).toMatchObject({ clips: 2, fetched: 0 });
    expect(await named(other.folder)).toEqual(['sea/sea.mp4', 'sky/sky.mp4']);
    await database.query('delete from dailies.attempt');
    await expect(film.enqueue()).rejects.toMatchObject({ code: 'store-behind' });
    expect(await reconcile(meeting)).toMatchObject({ projects: [{ project: 'film', added: 2 }] });
    expect(await film.run()).toMatchObject({ counts: { reused: 2, submitted: 0 } });
    expect(gateway.jobs).toHaveLength(2);
  });
});

describe.skipIf(noPostgres)('a database that has gone back in time', () => {
  /** As from a backup that is older than the newest purchases. */
  const forget = async (kept: readonly string[]) => {
    await database.query(
      'update dailies."order" set attempt = null, state = $2, worker = null, has_place = false, tries = 0, rested_at = null where attempt <> all ($1)',
      [kept, 'ready'],
    );
    await database.query('delete from dailies.attempt where id <> all ($1)', [kept]);
    await database.query('update dailies.account set intents = 0, seen = 0');
  };

  it('is told by the receipts what it has forgotten: its jobs are followed, and nothing is bought twice', async () => {
    const film = await machine(TWO);
    await film.enqueue();
    const first = await worker();
    await expect.poll(states, { timeout: 15_000 }).toEqual(['pending', 'pending']);
    await first.stop();
    await forget([]);
    await database.query("update dailies.account set stopped = 'went-back', seen = 2");
    const [told] = (await reconcile(here())).projects;
    expect(told).toMatchObject({ project: 'film', added: 2, advanced: 0 });
    expect(await database.query('select stopped, intents::int from dailies.account')).toEqual([
      { stopped: null, intents: 2 },
    ]);
    expect(await reconcile(here())).toMatchObject({ projects: [{ added: 0, advanced: 0 }], resumed: [] });
    gateway.jobs.forEach((job, index) => job.complete(clips[index] ?? Buffer.alloc(0)));
    await worker();
    await untilDelivered(2);
    expect(await film.run()).toMatchObject({ counts: { reused: 2, submitted: 0 } });
    expect(gateway.jobs).toHaveLength(2);
  });

  it('knows the whole of a project again that it has lost altogether', async () => {
    const film = await machine(TWO);
    await film.enqueue();
    const first = await worker();
    await expect.poll(states, { timeout: 15_000 }).toEqual(['pending', 'pending']);
    await first.stop();
    await database.query(
      'truncate dailies.project, dailies.batch, dailies."order", dailies.attempt, dailies.account cascade',
    );
    // Who enqueues first is told, although the project has another id by then.
    await expect(film.enqueue()).rejects.toMatchObject({
      code: 'store-behind',
      hint: expect.stringMatching(/store reconcile/) as string,
    });
    expect(await reconcile(here())).toMatchObject({ projects: [{ project: 'film', added: 2 }] });
    gateway.jobs.forEach((job, index) => job.complete(clips[index] ?? Buffer.alloc(0)));
    await worker();
    await untilDelivered(2);
    expect(await film.run()).toMatchObject({ counts: { reused: 2, submitted: 0 } });
    expect(gateway.jobs).toHaveLength(2);
  });

  it('is not planned by before somebody has reconciled it, although nobody remembers', async () => {
    completeAll();
    const film = await machine(TWO);
    await film.run({ only: ['sea'] });
    const [sea] = await database.query('select id from dailies.attempt');
    await film.run();
    await forget([String(sea?.['id'])]);
    await expect(film.enqueue()).rejects.toMatchObject({ code: 'store-behind' });
    await expect(film.run()).rejects.toThrow(
      /the receipts of film record a purchase that the store does not know/,
    );
    expect(await reconcile(here())).toMatchObject({ projects: [{ added: 1 }] });
    expect(await film.run()).toMatchObject({ counts: { reused: 2, submitted: 0 } });
    expect(gateway.jobs).toHaveLength(2);
  });

  it('hears of a job that it knew only the intent of', async () => {
    const film = await machine();
    await film.enqueue();
    const first = await worker();
    await expect.poll(states, { timeout: 15_000 }).toEqual(['pending']);
    await first.stop();
    await database.query(
      `update dailies.attempt set state = 'uncertain', job_id = null, steps = 1,
         moving = (moving::jsonb || '{"steps": 1, "state": {"kind": "uncertain", "since": "2026-10-10T09:00:00.000Z", "message": "x"}}')::json`,
    );
    await database.query(`update dailies."order" set state = 'held', has_place = false, worker = null`);
    expect(await reconcile(here())).toMatchObject({ projects: [{ added: 0, advanced: 1 }] });
    gateway.jobs[0]?.complete(clips[0] ?? Buffer.alloc(0));
    await worker();
    await untilDelivered(1);
    expect(gateway.jobs).toHaveLength(1);
  });
});
