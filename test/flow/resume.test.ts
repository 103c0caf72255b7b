import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeSheet } from '../../src/flow/commands/status.js';
import { orderedClip } from '../helpers/clips.js';
import { fastClock } from '../helpers/clock.js';
import { useGateway } from '../helpers/gateway.js';
import { startGatewayServer } from '../helpers/gateway-server.js';
import { makeProject, type TestProject } from '../helpers/project.js';
import { readShotState } from '../helpers/state.js';

const server = useGateway();
const clip = await orderedClip();

/** A process of this machine that has ended: no system gives out so high a number. */
const LEFT_BY_THE_DEAD = `${createHash('sha256').update(hostname()).digest('hex').slice(0, 6)}-99999999`;

const SEA = '  - { id: sea, prompt: waves }';
const project = (shots = SEA, top = '') => makeProject({ baseUrl: server.baseUrl, top }, shots);

/** A project whose shots are delivered. */
async function delivered(shots = SEA, top = ''): Promise<TestProject> {
  server.autoComplete(clip, { cost: 0.12 });
  const film = await project(shots, top);
  expect(await film.run()).toMatchObject({ exit_code: 0 });
  return film;
}

const clipAt = (film: TestProject, path: string) => readFile(join(film.folder, 'renders/film', path));

describe('a second run', () => {
  it('buys nothing and needs no gateway', async () => {
    const film = await delivered();
    const { posts, models } = server.counters;
    const again = await film.run();
    expect(again).toMatchObject({ exit_code: 0, counts: { reused: 1, submitted: 0 } });
    expect(server.counters).toMatchObject({ posts, models });
  });

  it('finds the clip of a renamed shot and gives it the new name', async () => {
    const film = await delivered();
    await film.write('  - { id: ocean, prompt: waves }');
    expect((await film.plan()).shots).toMatchObject([{ id: 'ocean', action: 'reuse', reasons: ['renamed'] }]);
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    expect(await clipAt(film, 'ocean/ocean.mp4')).toEqual(clip);
    expect(server.counters.posts).toBe(1);
    expect((await film.plan()).shots).toMatchObject([{ id: 'ocean', reasons: ['delivered'] }]);
  });

  it('finds the clip of a prompt that was changed and changed back', async () => {
    const film = await delivered();
    const calm = await orderedClip({ color: [200, 30, 30] });
    server.autoComplete(calm);
    await film.write('  - { id: sea, prompt: calm water }');
    expect((await film.plan()).shots).toMatchObject([{ action: 'rerender', reasons: ['prompt changed'] }]);
    await film.run();
    expect(await clipAt(film, 'sea/sea.mp4')).toEqual(calm);
    await film.write(SEA);
    expect((await film.plan()).shots).toMatchObject([{ action: 'reuse', reasons: ['restored'] }]);
    await film.run();
    expect(await clipAt(film, 'sea/sea.mp4')).toEqual(clip);
    expect(await film.stored()).toHaveLength(2);
    expect(server.counters.posts).toBe(2);
  });

  it('lets two shots swap their clips when they swap their prompts', async () => {
    const red = await orderedClip({ color: [200, 30, 30] });
    server.autoComplete((job) => (job.body['prompt'] === 'A' ? clip : red));
    const film = await project('  - { id: a, prompt: A }\n  - { id: b, prompt: B }');
    await film.run();
    await film.write('  - { id: a, prompt: B }\n  - { id: b, prompt: A }');
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
    expect(await clipAt(film, 'a/a.mp4')).toEqual(red);
    expect(await clipAt(film, 'b/b.mp4')).toEqual(clip);
  });

  it('finds clips where they were swapped to although the lockfile is from before', async () => {
    const red = await orderedClip({ color: [200, 30, 30] });
    server.autoComplete((job) => (job.body['prompt'] === 'A' ? clip : red));
    const film = await project('  - { id: a, prompt: A }\n  - { id: b, prompt: B }');
    await film.run();
    const older = await film.read('film.lock.json');
    await film.write('  - { id: a, prompt: B }\n  - { id: b, prompt: A }');
    await film.run();
    await writeFile(join(film.folder, 'film.lock.json'), older);
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
    expect(await clipAt(film, 'a/a.mp4')).toEqual(red);
    expect(await clipAt(film, 'b/b.mp4')).toEqual(clip);
    expect((await film.plan()).shots).toMatchObject([{ reasons: ['delivered'] }, { reasons: ['delivered'] }]);
  });

  it('buys nothing when the gateway has moved', async () => {
    const film = await delivered();
    const text = (await film.read('film.yaml')).replace(server.baseUrl, 'https://gateway.example/api/v1');
    await film.write(text.replace('interval: 0.02', 'interval: 1'));
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
  });

  it('takes in what the receipts know when the lockfile is gone', async () => {
    const film = await delivered(`${SEA}\n  - { id: b, prompt: b, takes: 2 }`);
    await rm(join(film.folder, 'film.lock.json'));
    expect((await film.plan()).shots.map(({ action }) => action)).toEqual(['reuse', 'reuse', 'reuse']);
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 }, spent_usd: 0.36 });
    expect(server.counters.posts).toBe(3);
  });

  it('tells jobs of the same id at two gateways apart', async () => {
    const film = await delivered();
    const second = await startGatewayServer();
    second.autoComplete(await orderedClip({ color: [200, 30, 30] }));
    const text = (await film.read('film.yaml')).replace(server.baseUrl, second.baseUrl);
    await film.write(`${text}\n  - { id: sky, prompt: clouds }`);
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 1 } });
    expect(second.jobs[0]?.id).toBe(server.jobs[0]?.id);

    await rm(join(film.folder, 'film.lock.json'));
    await film.write(`${text}\n  - { id: dusk, prompt: clouds }`);
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
    expect(second.counters.posts).toBe(1);
    await second.close();
  });

  it('counts what the receipts know once', async () => {
    const film = await delivered(SEA, 'budget_usd: 0.3');
    await rm(join(film.folder, 'film.lock.json'));
    await film.write(`${SEA}\n  - { id: sky, prompt: clouds }`);
    const { events, ...summary } = await film.run();
    expect(summary).toMatchObject({ exit_code: 0, counts: { submitted: 1 }, spent_usd: 0.24 });
    expect(events.find(({ type }) => type === 'run.started')).toMatchObject({ spent_usd: 0.12 });
  });

  it('takes in a clip that a kill has left on its way to the store', async () => {
    const film = await delivered();
    const [name = ''] = await film.stored();
    const attempts = (await readShotState(join(film.folder, 'film.lock.json'))).attempts();
    const part = `${attempts[0]?.id ?? ''}-0.${LEFT_BY_THE_DEAD}.part`;
    const incoming = join(film.folder, '.dailies/clips/incoming');
    await rename(join(film.folder, '.dailies/clips', name.slice(0, 2), name), join(incoming, part));
    const note = {
      identity: `${server.jobs[0]?.id ?? ''} 0`,
      validator: '"x"',
      total: clip.length,
      bytes: clip.length,
    };
    await writeFile(join(incoming, `${part}.json`), JSON.stringify(note));
    await rm(join(film.folder, 'renders'), { recursive: true });
    expect((await film.plan()).shots).toMatchObject([{ action: 'download' }]);
    const { downloads } = server.counters;
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
    expect(server.counters).toMatchObject({ posts: 1, downloads });
    expect(await clipAt(film, 'sea/sea.mp4')).toEqual(clip);
  });

  it('finds what a lockfile from an older copy does not know', async () => {
    const film = await delivered(`${SEA}\n  - { id: b, prompt: b }`);
    const older = await film.read('film.lock.json');
    server.autoComplete(await orderedClip({ color: [200, 30, 30] }));
    await film.write('  - { id: sea, prompt: calm }\n  - { id: b, prompt: b }\n  - { id: c, prompt: c }');
    await film.run();
    await writeFile(join(film.folder, 'film.lock.json'), older);
    expect((await film.plan()).shots.map(({ action }) => action)).toEqual(['reuse', 'reuse', 'reuse']);
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
    expect(server.counters.posts).toBe(4);
  });

  it('makes room for a renamed shot although the lockfile is gone and another stood there', async () => {
    const film = await delivered(`${SEA}\n  - { id: b, prompt: b }`);
    await rm(join(film.folder, 'film.lock.json'));
    await film.write('  - { id: sea, prompt: b }');
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
    await film.write(`  - { id: sea, prompt: b }\n  - { id: ocean, prompt: waves }`);
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
  });

  describe.each([
    ['renamed', rename],
    ['copied', (from: string, to: string) => cp(from, to, { recursive: true })],
  ])('of a project whose output folder was %s by hand', (_, take) => {
    it('takes the names that are there for what they are', async () => {
      const film = await delivered(`${SEA}\n  - { id: sky, prompt: clouds }`);
      await take(join(film.folder, 'renders/film'), join(film.folder, 'renders/final'));
      await film.write((await film.read('film.yaml')).replace('shots:', 'output: renders/final\nshots:'));
      expect((await film.plan()).shots.map(({ reasons }) => reasons)).toEqual([['delivered'], ['delivered']]);
      const { downloads } = server.counters;
      expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
      expect(server.counters.downloads).toBe(downloads);
      expect(await film.read('film.lock.json')).toContain('"renders/final/sea/sea.mp4"');
      expect(await readdir(join(film.folder, 'renders'))).not.toContain('film/sea');
    });
  });

  it('makes deleted names anew without a request', async () => {
    const film = await delivered();
    await rm(join(film.folder, 'renders'), { recursive: true });
    expect((await film.plan()).shots).toMatchObject([{ action: 'reuse' }]);
    const { requests } = server;
    const before = requests.length;
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { reused: 1 } });
    expect(requests.length).toBe(before);
    expect(await clipAt(film, 'sea/sea.mp4')).toEqual(clip);
    expect(await film.read('renders/film/sea/sea.json')).toContain('"shot": "sea"');
  });

  it('makes deleted names anew with the contact sheet', async () => {
    const film = await delivered();
    await rm(join(film.folder, 'renders'), { recursive: true });
    const before = server.requests.length;
    await makeSheet(await film.load(), () => 'sheet');
    expect(server.requests.length).toBe(before);
    expect(await clipAt(film, 'sea/sea.mp4')).toEqual(clip);
  });

  it.each([
    ['the lockfile as it is', false],
    ['the lockfile gone too', true],
  ])('fills its store from the names where that was deleted, with %s', async (_, isGone) => {
    const film = await delivered();
    await rm(join(film.folder, '.dailies/clips'), { recursive: true });
    if (isGone) await rm(join(film.folder, 'film.lock.json'));
    expect((await film.plan()).shots).toMatchObject([{ action: 'reuse' }]);
    const before = server.requests.length;
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { reused: 1 } });
    expect(server.requests.length).toBe(before);
    expect(await film.stored()).toHaveLength(1);
  });

  it('does not hash a folder again and again that was copied with new dates', async () => {
    const film = await delivered();
    const [name = ''] = await film.stored();
    const path = join(film.folder, '.dailies/clips', name.slice(0, 2), name);
    const later = new Date(Date.now() + 100_000);
    await utimes(path, later, later);
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { reused: 1 } });
    expect((await stat(path)).mtimeMs).toBeLessThan(later.getTime());
  });

  it('fetches a clip again, for free, that is in the store no more and under no name', async () => {
    const film = await delivered();
    await film.lose();
    expect((await film.plan()).shots).toMatchObject([{ action: 'download', reasons: ['file missing'] }]);
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    expect(await clipAt(film, 'sea/sea.mp4')).toEqual(clip);
    expect(server.counters.posts).toBe(1);
  });

  it('gives the clip of an older prompt back its name although both were taken away meanwhile', async () => {
    const [first, second] = await Promise.all([40, 200].map((red) => orderedClip({ color: [red, 90, 30] })));
    server.autoComplete(() => (server.counters.accepted === 1 ? first : second) ?? clip);
    const film = await project();
    await film.run();
    await film.lose();
    await film.write('  - { id: sea, prompt: calm water }');
    await film.run();
    await film.write('  - { id: sea, prompt: waves, takes: 2 }');
    expect((await film.plan()).shots[0]).toMatchObject({ action: 'download', reasons: ['file missing'] });
    await film.write(SEA);
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    expect(await clipAt(film, 'sea/sea.mp4')).toEqual(first);
    expect(await film.stored()).toHaveLength(2);
    expect(server.counters.posts).toBe(2);
  });

  it('leaves a file alone that was written over a name, and refuses to buy what would take its place', async () => {
    const film = await delivered();
    const path = join(film.folder, 'renders/film/sea/sea.mp4');
    await rm(path);
    await writeFile(path, 'graded');
    const { events, ...again } = await film.run();
    expect(again).toMatchObject({ exit_code: 0 });
    expect(events).toContainEqual(
      expect.objectContaining({ diagnostic: expect.objectContaining({ code: 'file-changed' }) as unknown }),
    );
    expect(String(await clipAt(film, 'sea/sea.mp4'))).toBe('graded');
    await expect(film.run({ rerender: ['sea'] })).rejects.toMatchObject({
      diagnostics: [{ code: 'file-not-ours' }],
    });
    await rm(path);
    await film.run();
    expect(await clipAt(film, 'sea/sea.mp4')).toEqual(clip);
    expect(server.counters.posts).toBe(1);
  });

  it.each([
    ['another length', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('x')]), {}],
    ['other bytes', (bytes: Buffer) => Buffer.from(bytes).fill(1, 100, 101), {}],
    [
      'other bytes behind its date',
      (bytes: Buffer) => Buffer.from(bytes).fill(1, 100, 101),
      { verify: true },
    ],
  ])('sets a clip of the store aside that has %s, and fetches it again', async (_, spoil, scope) => {
    const film = await delivered();
    const [name = ''] = await film.stored();
    const path = join(film.folder, '.dailies/clips', name.slice(0, 2), name);
    const { atime, mtime } = await stat(path);
    await chmod(path, 0o644);
    await rm(join(film.folder, 'renders'), { recursive: true });
    await writeFile(path, spoil(clip));
    const later = new Date(mtime.getTime() + 60_000);
    await utimes(path, atime, 'verify' in scope ? mtime : later);
    expect((await film.plan(scope)).shots[0]).toMatchObject({
      action: 'download',
      reasons: ['file changed'],
    });
    expect(await film.run(scope)).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
    expect(await clipAt(film, 'sea/sea.mp4')).toEqual(clip);
    expect(await readdir(join(film.folder, '.dailies/damaged'))).toEqual([name]);
    expect(server.counters.posts).toBe(1);
  });

  it('keeps a changed clip in its place, with a warning, where the gateway has it no more', async () => {
    const film = await makeProject({ baseUrl: server.baseUrl, clock: fastClock(100) }, SEA);
    server.autoComplete(clip);
    await film.run();
    const [name = ''] = await film.stored();
    const path = join(film.folder, '.dailies/clips', name.slice(0, 2), name);
    await chmod(path, 0o644);
    await writeFile(path, 'torn');
    server.jobs[0]?.vanish();
    await film.run();
    const plan = await film.plan();
    expect(plan.shots).toMatchObject([
      { action: 'reuse', reasons: ['file changed, and the gateway no longer has it'] },
    ]);
    expect(plan.diagnostics).toMatchObject([{ code: 'file-changed' }]);
    expect(await readFile(path, 'utf8')).toBe('torn');
    expect(server.counters.posts).toBe(1);
  });

  it('renders a delivered shot anew only when it is asked to', async () => {
    const film = await delivered();
    server.autoComplete(await orderedClip({ color: [200, 30, 30] }), { cost: 0.12 });
    expect(await film.run({ rerender: ['sea'] })).toMatchObject({ exit_code: 0, spent_usd: 0.24 });
    expect(await film.stored()).toHaveLength(2);
    await film.run();
    expect(server.counters.posts).toBe(2);
  });

  it('refuses to render anew what --only or --until leaves out', async () => {
    const film = await delivered(`${SEA}\n  - { id: sky, prompt: clouds }`);
    for (const scope of [{ only: ['sky'] }, { until: 'sky' }])
      await expect(film.run({ ...scope, rerender: ['sea'] })).rejects.toMatchObject({
        code: 'usage',
        message: '--rerender sea: --only or --until leaves it out',
      });
  });

  it('renders a failed shot once more, unless it is told not to', async () => {
    server.autoComplete(clip);
    const film = await project();
    const running = film.run();
    (await server.nextJob()).fail('Content policy violation');
    expect(await running).toMatchObject({ exit_code: 1, shots: [{ outcome: 'failed' }] });
    // The outcome is said beside the reason, and not in it too.
    const message = 'the gateway says: Content policy violation; not retried';
    expect(await film.run({ retryFailed: false })).toMatchObject({
      exit_code: 1,
      shots: [{ outcome: 'failed', message }],
    });
    expect(server.counters.posts).toBe(1);
    expect((await film.plan()).shots).toMatchObject([
      { action: 'retry', reasons: ['the gateway says: Content policy violation'] },
    ]);
    expect(await film.run()).toMatchObject({ exit_code: 0 });
  });

  it('renders a failed job again within the run as often as `retries` says', async () => {
    const film = await project(SEA, 'retries: 1');
    const running = film.run();
    (await server.nextJob()).fail('first');
    (await server.nextJob()).fail('second');
    expect(await running).toMatchObject({ exit_code: 1, shots: [{ message: 'the gateway says: second' }] });
    expect(server.counters.posts).toBe(2);
  });
});

describe('a file that is not ours', () => {
  it('is never overwritten: the plan refuses', async () => {
    const film = await project();
    await mkdir(join(film.folder, 'renders/film/sea'), { recursive: true });
    await writeFile(join(film.folder, 'renders/film/sea/sea.mp4'), 'precious');
    await expect(film.run()).rejects.toMatchObject({ exitCode: 2, diagnostics: [{ code: 'file-not-ours' }] });
    expect(String(await clipAt(film, 'sea/sea.mp4'))).toBe('precious');
    expect(server.counters.posts).toBe(0);
  });
});

describe('a job in flight', () => {
  async function interrupted(shots = SEA) {
    const film = await project(shots);
    const controller = new AbortController();
    const running = film.run({ signal: controller.signal });
    const job = await server.nextJob();
    while (job.polls === 0) await new Promise(setImmediate);
    controller.abort();
    expect(await running).toMatchObject({ exit_code: 130 });
    return { film, job };
  }

  it('is taken up by the next run after an interruption', async () => {
    const { film, job } = await interrupted();
    expect((await film.plan()).shots).toMatchObject([{ action: 'resume' }]);
    job.complete(clip, { cost: 0.12 });
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    expect(server.counters.posts).toBe(1);
  });

  it('is fetched and kept aside when its shot was edited meanwhile', async () => {
    const { film, job } = await interrupted();
    job.complete(clip, { cost: 0.12 });
    const red = await orderedClip({ color: [200, 30, 30] });
    server.autoComplete(red);
    await film.write('  - { id: sea, prompt: calm water }');
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    expect(await clipAt(film, 'sea/sea.mp4')).toEqual(red);
    expect(await film.stored()).toHaveLength(2);
    await film.write(SEA);
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
  });

  it('is fetched and kept aside when its shot was removed', async () => {
    const { film, job } = await interrupted();
    job.complete(clip, { cost: 0.12 });
    server.autoComplete(clip);
    await film.write('  - { id: other, prompt: other }');
    expect((await film.plan()).shots).toMatchObject([{ id: 'other' }, { id: 'sea', action: 'orphan' }]);
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    // The two are the same bytes, and so one clip.
    expect(await film.stored()).toHaveLength(1);
    expect((await film.plan()).shots).toMatchObject([{ action: 'reuse' }, { id: 'sea', action: 'orphan' }]);
  });

  it('stays in the lockfile when it outlives the patience of a run', async () => {
    const film = await makeProject({ baseUrl: server.baseUrl }, SEA);
    await film.write((await film.read('film.yaml')).replace('timeout: 20', 'timeout: 0.2'));
    const first = await film.run();
    expect(first).toMatchObject({
      exit_code: 1,
      shots: [{ outcome: 'waiting', job_id: server.jobs[0]?.id }],
    });
    server.jobs[0]?.complete(clip);
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    expect(server.counters.posts).toBe(1);
  });

  it('is lost after the grace period alone, asked for again by each run, and never bought again by itself', async () => {
    const film = await makeProject({ baseUrl: server.baseUrl, clock: fastClock(100) }, SEA);
    await film.write((await film.read('film.yaml')).replace('timeout: 20', 'timeout: 200'));
    const running = film.run();
    const job = await server.nextJob();
    job.vanish();
    expect(await running).toMatchObject({ exit_code: 1, shots: [{ outcome: 'held' }] });
    expect(job.polls).toBeGreaterThanOrEqual(3);
    expect(await film.run()).toMatchObject({ exit_code: 1, shots: [{ outcome: 'held' }] });
    job.restore();
    job.complete(clip);
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    expect(server.counters.posts).toBe(1);
  });

  it('goes on where a gateway that was just asked for it does not know the key yet', async () => {
    const film = await project();
    const running = film.run();
    const job = await server.nextJob();
    server.failNext(403, { on: 'poll', times: 6 });
    while (job.polls < 8) await new Promise(setImmediate);
    job.complete(clip);
    expect(await running).toMatchObject({ exit_code: 0 });
  });

  it.each([
    [502, /^still pending after .* min of waiting; the last poll failed: the gateway answered 502/],
    [404, /^still pending after .* min of waiting; the gateway does not know the job/],
  ])('says what its polls met last when the waiting ends: %i', async (fault, message) => {
    const film = await project();
    await film.write((await film.read('film.yaml')).replace('timeout: 20', 'timeout: 0.3'));
    server.failNext(fault, { on: 'poll', times: 1000 });
    expect(await film.run()).toMatchObject({
      shots: [{ outcome: 'waiting', message: expect.stringMatching(message) as string }],
    });
  });

  it.each([500, 429, 'reset', 'html', 'half-json', 'no-id', 401] as const)(
    'survives a poll that meets %s',
    async (fault) => {
      const film = await project();
      const running = film.run();
      const job = await server.nextJob();
      server.failNext(fault, { on: 'poll' });
      while (job.polls < 1) await new Promise(setImmediate);
      job.status('simmering');
      while (job.polls < 3) await new Promise(setImmediate);
      job.complete(clip);
      expect(await running).toMatchObject({ exit_code: 0 });
      expect(server.counters.posts).toBe(1);
    },
  );
});
