import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planProject } from '../../src/flow/plan/plan.js';
import { loadProject } from '../../src/flow/project/project.js';
import { runProject } from '../../src/flow/commands/run.js';
import { orderedClip } from '../helpers/clips.js';
import { fastClock } from '../helpers/clock.js';
import { useGateway } from '../helpers/gateway.js';
import { startGatewayServer } from '../helpers/gateway-server.js';
import { makeProject, type TestProject } from '../helpers/project.js';

const server = useGateway();
const clip = await orderedClip();

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
    expect(await clipAt(film, '.superseded/sea.mp4')).toEqual(clip);
    await film.write(SEA);
    expect((await film.plan()).shots).toMatchObject([{ action: 'reuse', reasons: ['restored'] }]);
    await film.run();
    expect(await clipAt(film, 'sea/sea.mp4')).toEqual(clip);
    expect(await clipAt(film, '.superseded/sea.2.mp4')).toEqual(calm);
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
    for (const [shot, prompt] of [
      ['a', 'B'],
      ['b', 'A'],
    ])
      expect(await film.read(`renders/film/${shot}/${shot}.json`)).toContain(`"prompt": "${prompt}"`);
    expect((await film.plan()).shots).toMatchObject([{ reasons: ['delivered'] }, { reasons: ['delivered'] }]);
  });

  it('buys nothing when the gateway has moved', async () => {
    const film = await delivered();
    const text = (await film.read('film.yaml')).replace(server.baseUrl, 'https://gateway.example/api/v1');
    await film.write(text);
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
  });

  it('takes in what the sidecars vouch for when the lockfile is gone', async () => {
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

  it('counts what the sidecars vouch for once', async () => {
    const film = await delivered(SEA, 'budget_usd: 0.3');
    await rm(join(film.folder, 'film.lock.json'));
    await film.write(`${SEA}\n  - { id: sky, prompt: clouds }`);
    const { events, ...summary } = await film.run();
    expect(summary).toMatchObject({ exit_code: 0, counts: { submitted: 1 }, spent_usd: 0.24 });
    expect(events.find(({ type }) => type === 'run.started')).toMatchObject({ spent_usd: 0.12 });
  });

  it('takes in a clip that a power cut has left without its name, with the lockfile gone', async () => {
    const film = await delivered();
    await rm(join(film.folder, 'film.lock.json'));
    await rename(
      join(film.folder, 'renders/film/sea/sea.mp4'),
      join(film.folder, 'renders/film/sea/sea.part'),
    );
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

  it('sets aside the clip of another prompt although the lockfile is gone', async () => {
    const film = await delivered();
    const before = await film.read('renders/film/sea/sea.json');
    await rm(join(film.folder, 'film.lock.json'));
    await film.write('  - { id: sea, prompt: calm }');
    expect((await film.plan()).shots).toMatchObject([{ action: 'rerender', reasons: ['prompt changed'] }]);
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 1 } });
    const { state: _, ...same } = JSON.parse(before) as Record<string, unknown>;
    expect(JSON.parse(await film.read('renders/film/.superseded/sea.json'))).toMatchObject(same);
  });

  it('makes room for a renamed shot although the lockfile is gone and another stood there', async () => {
    const film = await delivered(`${SEA}\n  - { id: b, prompt: b }`);
    await rm(join(film.folder, 'film.lock.json'));
    await film.write('  - { id: sea, prompt: b }');
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
    await film.write(`  - { id: sea, prompt: b }\n  - { id: ocean, prompt: waves }`);
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
  });

  it('knows a sidecar that somebody has copied for what it is', async () => {
    const film = await delivered();
    const copy = join(film.folder, 'renders/film/copy');
    await mkdir(copy);
    await writeFile(join(copy, 'sea.json'), await film.read('renders/film/sea/sea.json'));
    await film.write(`${SEA}\n  - { id: again, prompt: waves }`);
    expect((await film.plan()).shots.map(({ action }) => action)).toEqual(['reuse', 'render']);
  });

  describe.each([
    ['renamed', rename],
    ['copied', (from: string, to: string) => cp(from, to, { recursive: true, preserveTimestamps: true })],
  ])('of a project whose output folder was %s by hand', (_, take) => {
    it('finds the clips there, and the plan says so', async () => {
      const film = await delivered(`${SEA}\n  - { id: sky, prompt: clouds }`);
      await take(join(film.folder, 'renders/film'), join(film.folder, 'renders/final'));
      await film.write((await film.read('film.yaml')).replace('shots:', 'output: renders/final\nshots:'));
      const text = await film.read('film.yaml');
      await film.write(text.replace('clouds', 'stars'));
      expect((await film.plan()).shots.map(({ action }) => action)).toEqual(['reuse', 'rerender']);
      await film.write(text);
      expect((await film.plan()).shots.map(({ reasons }) => reasons)).toEqual([['delivered'], ['delivered']]);
      const { downloads } = server.counters;
      expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
      expect(server.counters.downloads).toBe(downloads);
      expect(await film.lockfile()).toMatchObject({
        shots: {
          sea: {
            takes: { 1: { attempts: [{ state: { outputs: [{ path: 'renders/final/sea/sea.mp4' }] } }] } },
          },
        },
      });
    });
  });

  it.each([
    ['was renamed', rename],
    ['is a copy', (from: string, to: string) => cp(from, to, { recursive: true })],
  ])('knows clips by their sidecars where the lockfile is gone and the folder %s', async (_, take) => {
    const film = await delivered();
    await take(join(film.folder, 'renders/film'), join(film.folder, 'renders/final'));
    await rename(join(film.folder, 'film.yaml'), join(film.folder, 'final.yaml'));
    await rm(join(film.folder, 'film.lock.json'));
    const load = () =>
      loadProject({
        manifest: join(film.folder, 'final.yaml'),
        env: { TEST_KEY: 'sk-test-0123456789' },
      });
    expect((await planProject(await load())).shots).toMatchObject([{ action: 'reuse' }]);
    expect(await runProject(await load())).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
    expect(await film.read('final.lock.json')).toContain('"renders/final/sea/sea.mp4"');
    expect(server.counters).toMatchObject({ posts: 1, downloads: 1 });
  });

  it('prefers a clip where it was delivered to a copy of it, with the lockfile gone', async () => {
    const film = await delivered();
    const folder = join(film.folder, 'renders/film');
    await cp(join(folder, 'sea'), join(folder, 'copy of sea'), { recursive: true });
    await rm(join(film.folder, 'film.lock.json'));
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { reused: 1 } });
    expect(await film.read('film.lock.json')).toContain('"renders/film/sea/sea.mp4"');
  });

  it('fetches a missing clip again, for free', async () => {
    const film = await delivered();
    await rm(join(film.folder, 'renders/film/sea/sea.mp4'));
    expect((await film.plan()).shots).toMatchObject([{ action: 'download', reasons: ['file missing'] }]);
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    expect(await clipAt(film, 'sea/sea.mp4')).toEqual(clip);
    expect(server.counters.posts).toBe(1);
  });

  describe('whose clip was taken away before another one came to its place', () => {
    const path = 'renders/film/sea/sea.mp4';
    const clipOf = (red: number) => orderedClip({ color: [red, 90, 30] });

    it('fetches the one it asks for again, for free, and sets the other aside', async () => {
      const [first, second] = await Promise.all([clipOf(40), clipOf(200)]);
      server.autoComplete(() => (server.counters.accepted === 1 ? first : second));
      const film = await project();
      await film.run();
      await rm(join(film.folder, path));
      await film.write('  - { id: sea, prompt: calm water }');
      await film.run();
      await film.write(SEA);
      expect((await film.plan()).shots[0]).toMatchObject({ action: 'download', reasons: ['file missing'] });
      expect(await film.run()).toMatchObject({ exit_code: 0 });
      expect(await clipAt(film, 'sea/sea.mp4')).toEqual(first);
      expect(await clipAt(film, '.superseded/sea.mp4')).toEqual(second);
      expect(server.counters.posts).toBe(2);
    });

    it('does not give the other away to a take that claims the old one', async () => {
      const [first, second] = await Promise.all([clipOf(40), clipOf(200)]);
      server.autoComplete(() => (server.counters.accepted === 1 ? first : second));
      const film = await project();
      await film.run();
      await rm(join(film.folder, path));
      await film.run({ rerender: ['sea'] });
      await film.write('  - { id: sea, prompt: waves, takes: 2 }');
      expect(await film.run()).toMatchObject({ exit_code: 0 });
      expect(await clipAt(film, 'sea/sea.mp4')).toEqual(second);
      expect(await clipAt(film, 'sea/sea.take-2.mp4')).toEqual(first);
      expect(server.counters.posts).toBe(2);
    });
  });

  it('leaves a clip alone that was changed by hand, and keeps a copy when it is replaced', async () => {
    const film = await delivered();
    await writeFile(join(film.folder, 'renders/film/sea/sea.mp4'), 'graded');
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    expect(String(await clipAt(film, 'sea/sea.mp4'))).toBe('graded');
    await film.run({ rerender: ['sea'] });
    expect(await clipAt(film, 'sea/sea.mp4')).toEqual(clip);
    expect(String(await clipAt(film, '.superseded/sea.mp4'))).toBe('graded');
  });

  it('notices with --verify a clip whose bytes were changed behind its date', async () => {
    const film = await delivered();
    const path = join(film.folder, 'renders/film/sea/sea.mp4');
    const { atime, mtime } = await stat(path);
    const spoilt = Buffer.from(clip);
    spoilt[spoilt.length - 1] = (spoilt.at(-1) ?? 0) ^ 1;
    await writeFile(path, spoilt);
    const { utimes } = await import('node:fs/promises');
    await utimes(path, atime, mtime);
    expect((await film.plan({ verify: true })).shots[0]?.reasons).toEqual([
      'file changed by hand, left as it is',
    ]);
  });

  it('renders a delivered shot anew only when it is asked to', async () => {
    const film = await delivered();
    expect(await film.run({ rerender: ['sea'] })).toMatchObject({ exit_code: 0, spent_usd: 0.24 });
    expect(await readdir(join(film.folder, 'renders/film/.superseded'))).toContain('sea.mp4');
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
    const message = 'the gateway says: Content policy violation; not tried again';
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
    const aside = (await readdir(join(film.folder, 'renders/film/.superseded'))).filter((name) =>
      name.endsWith('.mp4'),
    );
    expect(aside).toHaveLength(1);
    expect(await clipAt(film, `.superseded/${aside[0] ?? ''}`)).toEqual(clip);
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
    expect(await readdir(join(film.folder, 'renders/film/.superseded'))).toContain(
      'sea.take-1.attempt-1.mp4',
    );
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
