import { chmod, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { validateProject } from '../../src/flow/plan/plan.js';
import { loadProject } from '../../src/flow/project/project.js';
import { runProject } from '../../src/flow/commands/run.js';
import { makeClip } from '../helpers/clips.js';
import { fastClock } from '../helpers/clock.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject, type TestProject } from '../helpers/project.js';
import {
  apart,
  colourOf,
  completeAll,
  ffmpeg,
  filesIn,
  jobOf,
  middle,
  pick,
  picturesOf,
  prompts,
  standIn,
} from './films.js';

const server = useGateway();

const tool = await standIn();
const project = (shots: string, top = '') => makeProject({ baseUrl: server.baseUrl, top, env: tool }, shots);
const realProject = (shots: string) =>
  makeProject({ baseUrl: server.baseUrl, env: { PATH: process.env['PATH'] } }, shots);

const A = '  - { id: a, prompt: A }';
const B = '  - { id: b, prompt: B, first_frame: { from: a } }';
const C = '  - { id: c, prompt: C, first_frame: { from: b } }';
const D = '  - { id: d, prompt: D, first_frame: { from: c } }';
const lines = (...shots: readonly string[]) => shots.join('\n');

/** What became of each take, by its key. */
const outcomes = (summary: {
  readonly shots: readonly { readonly key: string; readonly outcome: string }[];
}) => Object.fromEntries(summary.shots.map(({ key, outcome }) => [key, outcome]));
const actions = async (film: TestProject, options: Parameters<TestProject['plan']>[0] = {}) =>
  Object.fromEntries((await film.plan(options)).shots.map(({ id, action }) => [id, action]));

describe('the frame of another shot', () => {
  it.skipIf(!ffmpeg)(
    'is the first, the last, or the one shown at a time, as a frame or as a reference (skipped without ffmpeg)',
    async () => {
      const colours = [
        [200, 40, 40],
        [40, 160, 60],
        [40, 70, 200],
        [210, 190, 50],
      ] as const;
      // Red at first, green, from 1.5 s on blue; the last frame alone is yellow.
      const index = (frame: number) => (frame === 47 ? 3 : frame >= 36 ? 2 : frame > 0 ? 1 : 0);
      server.autoComplete(await makeClip({ seconds: 2, color: (frame) => colours[index(frame)] }));
      const film = await realProject(
        lines(
          A,
          '  - { id: b, prompt: B, first_frame: { from: a, at: first }, last_frame: { from: a, at: 1.5 } }',
          '  - { id: c, prompt: C, references: [{ from: a }, { from: a, at: 0.5 }] }',
        ),
      );
      expect(await film.run()).toMatchObject({ exit_code: 0 });
      const sent = new Map(server.submits.map((body) => [body['prompt'], picturesOf(body)]));
      const [b, c] = [sent.get('B'), sent.get('C')];
      const seen = [b?.first, b?.last, ...(c?.references ?? [])].map((png) => png && middle(png));
      const wanted = [colours[0], colours[2], colours[3], colours[1]];
      expect(seen.map((colour, place) => colour && apart(colour, wanted[place] ?? [0, 0, 0]) < 40)).toEqual([
        true,
        true,
        true,
        true,
      ]);
      // What was sent is on disk, and on record with its hash.
      expect((await filesIn(film.folder, '.dailies/frames')).sort()).toHaveLength(4);
      expect(JSON.stringify(await film.lockfile())).toMatch(
        /"at":"last","clip_sha256":"[0-9a-f]{64}","from":"a","path":"\.dailies\/frames\/[^"]+\.png","sha256":"[0-9a-f]{64}","take":1/,
      );
    },
  );

  it.skipIf(!ffmpeg)(
    'comes from the take that is named, else the picked one, else the first (skipped without ffmpeg)',
    async () => {
      await completeAll(server);
      const film = await realProject(
        lines(
          '  - { id: a, prompt: A, takes: 3 }',
          '  - { id: named, prompt: named, first_frame: { from: a, take: 2 } }',
          '  - { id: open, prompt: open, first_frame: { from: a } }',
        ),
      );
      expect(await film.run()).toMatchObject({ exit_code: 0 });
      await pick(film, { a: 3 });
      const plan = await film.plan();
      expect(plan.shots.filter(({ action }) => action !== 'reuse')).toMatchObject([
        { id: 'open', action: 'rerender', reasons: ['take 3 of a, not take 1'] },
      ]);
      expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 1 } });
      // Jobs were taken in any order: the colours of the clips tell which take is which.
      const clip = (take: number) => server.jobs.findIndex((job) => job.id === jobs.get(`a@${take}`));
      const jobs = new Map((await film.run()).shots.map(({ key, job_id }) => [key, job_id]));
      const firsts = server.submits.flatMap((body) => {
        const png = picturesOf(body).first;
        return png ? [[String(body['prompt']), middle(png)] as const] : [];
      });
      const expected = { named: [2], open: [1, 3] };
      for (const [prompt, takes] of Object.entries(expected)) {
        const pictures = firsts.filter(([name]) => name === prompt).map(([, colour]) => colour);
        expect(pictures).toHaveLength(takes.length);
        takes.forEach((take, place) => {
          expect(apart(pictures[place] ?? [0, 0, 0], colourOf(clip(take)))).toBeLessThan(40);
        });
      }
      // Back to the first take: its clip was bought before.
      await pick(film, { a: 1 });
      expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
    },
  );

  it('is taken again where its file was deleted', async () => {
    await completeAll(server);
    const film = await project(lines(A, B));
    await film.run();
    await rm(join(film.folder, '.dailies/frames'), { recursive: true });
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
    await film.run({ rerender: ['b'] });
    expect(prompts(server)).toEqual(['A', 'B', 'B']);
    expect(server.submits[2]).toEqual(server.submits[1]);
  });

  it('is taken again where only a part of it is on the disk', async () => {
    await completeAll(server);
    const film = await project(lines(A, B));
    await film.run();
    const [frame = ''] = await filesIn(film.folder, '.dailies/frames');
    const path = join(film.folder, '.dailies/frames', frame);
    const whole = await readFile(path);
    await truncate(path, 60);
    expect(await film.run({ rerender: ['b'] })).toMatchObject({ exit_code: 0, counts: { submitted: 1 } });
    expect(server.submits[2]).toEqual(server.submits[1]);
    expect(await readFile(path)).toEqual(whole);
  });

  it('is taken from a clip that had to be fetched again', async () => {
    await completeAll(server);
    const film = await project(A);
    await film.run();
    await film.lose('a/a.mp4');
    await film.write(lines(A, B));
    expect((await film.plan()).shots).toMatchObject([{ action: 'download' }, { action: 'render' }]);
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    expect(prompts(server)).toEqual(['A', 'B']);
  });

  it('is not taken from a clip that has changed, and that the gateway has no more', async () => {
    await completeAll(server);
    const film = await makeProject({ baseUrl: server.baseUrl, env: tool, clock: fastClock(50) }, A);
    await film.run();
    const [name = ''] = await film.stored();
    const clip = join(film.folder, '.dailies/clips', name.slice(0, 2), name);
    await chmod(clip, 0o644);
    await writeFile(clip, 'torn');
    server.jobs[0]?.vanish();
    await film.run();
    await film.write(lines(A, B, '  - { id: other, prompt: other }'));
    const row = (await film.plan()).shots[1];
    expect(row).toMatchObject({
      blocked_by: 'a',
      reasons: ['the clip of a was changed, and the gateway no longer has it'],
    });
    expect(outcomes(await film.run())).toEqual({ a: 'delivered', b: 'blocked', other: 'delivered' });
  });
});

describe('a chain', () => {
  it('holds up nobody else, and no more jobs run than may', async () => {
    const others = ['u', 'v', 'w', 'x'].map((id) => `  - { id: ${id}, prompt: ${id} }`);
    const film = await project(lines(A, B, ...others), 'concurrency: 2');
    const clip = await makeClip();
    const running = film.run();
    const a = await jobOf(server, 'A');
    for (const id of ['u', 'v', 'w', 'x']) (await jobOf(server, id)).complete(clip);
    expect(prompts(server)).not.toContain('B');
    a.complete(clip);
    (await jobOf(server, 'B')).complete(clip);
    expect(await running).toMatchObject({ exit_code: 0 });
    expect(server.counters.maxInFlight).toBeLessThanOrEqual(2);
  });

  it('goes before what hangs on nothing, so that it does not trail behind', async () => {
    const clip = await makeClip();
    const others = ['u', 'v', 'w', 'x', 'y'].map((id) => `  - { id: ${id}, prompt: ${id} }`);
    const film = await project(lines(...others, A, B, C, D), 'concurrency: 1');
    const delivered = new Set<string>();
    const running = film.run({
      onEvent: (event) => {
        if (event.type === 'shot.delivered') delivered.add(event.key.toUpperCase());
      },
    });
    const order: string[] = [];
    while (order.length < 9) {
      const job = await server.nextJob();
      // While one of the others has the slot, the clip of the chain comes in.
      while (!order.every((prompt) => delivered.has(prompt.toUpperCase()))) await new Promise(setImmediate);
      order.push(String(job.body['prompt']));
      job.complete(clip);
    }
    expect(await running).toMatchObject({ exit_code: 0 });
    // The last one is as urgent as any other.
    expect(order.join('')).toBe('AuBvCwxyD');
  });

  it('is rendered anew from the changed shot on, and not before it', async () => {
    await completeAll(server);
    const film = await project(lines(A, B, C));
    await film.run();
    await film.write(lines(A, B.replace('prompt: B', 'prompt: B2'), C));
    const plan = await film.plan();
    expect(plan.shots).toMatchObject([
      { id: 'a', action: 'reuse' },
      { id: 'b', action: 'rerender', reasons: ['prompt changed'] },
      { id: 'c', action: 'rerender', reasons: ['b gets a new clip'], depends_on: ['b'] },
    ]);
    expect(plan.shots[1]).not.toHaveProperty('depends_on');
    expect(plan.total).toMatchObject({ max_usd: 0.24 });
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 2 } });
    expect(prompts(server)).toEqual(['A', 'B', 'C', 'B2', 'C']);
    // And back: all of it was bought before.
    await film.write(lines(A, B, C));
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
  });

  it('is rendered anew below a shot that is made anew', async () => {
    await completeAll(server);
    const film = await project(lines(A, B, C, '  - { id: d, prompt: D }'));
    await film.run();
    expect(await actions(film, { rerender: ['b'] })).toEqual({
      a: 'reuse',
      b: 'rerender',
      c: 'rerender',
      d: 'reuse',
    });
    expect(await film.run({ rerender: ['b'] })).toMatchObject({ counts: { submitted: 2 } });
    expect(await actions(film)).toEqual({ a: 'reuse', b: 'reuse', c: 'reuse', d: 'reuse' });
  });

  it('says what to do where the frame it grows out of lies behind the end of the clip', async () => {
    const film = await project(lines(A, '  - { id: b, prompt: B, first_frame: { from: a, at: 3.5 } }'));
    server.autoComplete(await makeClip({ seconds: 2 }));
    const { shots } = await film.run();
    expect(shots[1]?.message).toMatch(
      /^cannot take the frame at 3\.5 s of .*: the clip is 2 s long; at: last takes the last frame, however long/,
    );
  });

  it('is blocked below a shot that fails, which plan and summary name, and goes on once it is there', async () => {
    const film = await project(lines(A, B, C, '  - { id: d, prompt: D }'));
    const clip = await makeClip();
    const running = film.run();
    (await jobOf(server, 'D')).complete(clip);
    (await jobOf(server, 'A')).fail('Content policy violation');
    const first = await running;
    expect(first.exit_code).toBe(1);
    expect(outcomes(first)).toEqual({ a: 'failed', b: 'blocked', c: 'blocked', d: 'delivered' });
    expect(first.shots.map(({ message }) => message)).toEqual([
      'the gateway says: Content policy violation',
      'needs a clip of a',
      'needs a clip of b',
      undefined,
    ]);
    expect(server.counters.posts).toBe(2);
    // With the failed shot left alone, the plan knows beforehand.
    expect((await film.plan({ retryFailed: false })).shots).toMatchObject([
      { id: 'a', action: 'held' },
      { id: 'b', blocked_by: 'a' },
      { id: 'c', blocked_by: 'b' },
      { id: 'd', action: 'reuse' },
    ]);
    expect(await film.run({ retryFailed: false })).toMatchObject({ exit_code: 1, counts: { submitted: 0 } });
    await completeAll(server);
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 3 } });
    expect(prompts(server).sort()).toEqual(['A', 'A', 'B', 'C', 'D']);
  });

  it('is blocked where a clip it needs is gone for good, before anything is sent', async () => {
    await completeAll(server);
    const film = await makeProject({ baseUrl: server.baseUrl, env: tool, clock: fastClock(50) }, A);
    await film.run();
    await film.lose('a/a.mp4');
    server.jobs[0]?.vanish();
    await film.write(lines(A, B));
    expect(outcomes(await film.run())).toEqual({ a: 'held', b: 'blocked' });
    expect(prompts(server)).toEqual(['A']);
  });

  it('says what to do where the clip it needs is found again within a run, whose plan did not count on it', async () => {
    await completeAll(server);
    const film = await makeProject({ baseUrl: server.baseUrl, env: tool, clock: fastClock(50) }, A);
    await film.run();
    await film.lose('a/a.mp4');
    server.jobs[0]?.vanish();
    await film.run();
    await film.write(lines(A, B, C));
    expect(await film.plan()).toMatchObject({ total: { max_usd: 0 } });
    server.jobs[0]?.restore();
    const found = await film.run();
    expect(outcomes(found)).toEqual({ a: 'delivered', b: 'blocked', c: 'blocked' });
    expect(found.shots.map(({ message }) => message)).toEqual([
      undefined,
      'this run found the clip of a: the next run continues',
      'needs a clip of b',
    ]);
    expect(prompts(server)).toEqual(['A']);
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 2 } });
  });

  it('is blocked below an answer that was lost, and goes on when that is settled', async () => {
    await completeAll(server);
    server.failNext('reset');
    const film = await project(lines(A, B));
    expect(outcomes(await film.run())).toEqual({ a: 'held', b: 'blocked' });
    expect(outcomes(await film.run())).toEqual({ a: 'held', b: 'blocked' });
    expect((await film.plan({ onUncertain: 'resubmit' })).shots).toMatchObject([
      { id: 'a', action: 'render' },
      { id: 'b', action: 'render', depends_on: ['a'] },
    ]);
    expect(await film.run({ onUncertain: 'resubmit' })).toMatchObject({ exit_code: 0 });
    expect(prompts(server)).toEqual(['A', 'A', 'B']);
  });

  it('is taken up where it was interrupted, and pays for nothing twice', async () => {
    const film = await project(lines(A, B, C));
    const [clip, other] = [await makeClip(), await makeClip({ color: [200, 40, 40] })];
    const controller = new AbortController();
    const running = film.run({ signal: controller.signal });
    (await jobOf(server, 'A')).complete(clip);
    const b = await jobOf(server, 'B');
    while (b.polls === 0) await new Promise(setImmediate);
    controller.abort();
    const stopped = await running;
    expect(stopped).toMatchObject({ exit_code: 130 });
    expect(outcomes(stopped)).toEqual({ a: 'delivered', b: 'waiting', c: 'not_submitted' });
    expect((await film.plan()).shots).toMatchObject([
      { id: 'a', action: 'reuse' },
      { id: 'b', action: 'resume' },
      { id: 'c', action: 'render', depends_on: ['b'] },
    ]);
    b.complete(other);
    await completeAll(server);
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 1 } });
    expect(prompts(server)).toEqual(['A', 'B', 'C']);
  });

  it('keeps the job aside that was in flight when another take was picked', async () => {
    const takes = '  - { id: a, prompt: A, takes: 2 }';
    await completeAll(server);
    const film = await project(takes);
    await film.run();
    await film.write(lines(takes, B));
    const controller = new AbortController();
    server.onRequest(({ endpoint }) => {
      if (endpoint === 'poll') controller.abort();
    });
    expect(await film.run({ signal: controller.signal })).toMatchObject({ exit_code: 130 });
    server.onRequest(() => undefined);
    await pick(film, { a: 2 });
    expect((await film.plan()).shots.at(-1)).toMatchObject({
      id: 'b',
      action: 'rerender',
      reasons: ['take 2 of a, not take 1'],
    });
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    expect(prompts(server)).toEqual(['A', 'A', 'B', 'B']);
    expect(await film.stored()).toHaveLength(4);
    // The first pick again: the clip that was kept aside comes back.
    await pick(film, { a: 1 });
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
  });

  it('is rendered up to a shot, and no further', async () => {
    await completeAll(server);
    const film = await project(lines(C, B, A, '  - { id: d, prompt: D }'));
    expect((await film.plan({ until: 'b' })).shots.map(({ id }) => id)).toEqual(['b', 'a']);
    expect(await film.run({ until: 'b' })).toMatchObject({ exit_code: 0, counts: { total: 2 } });
    expect(prompts(server)).toEqual(['A', 'B']);
  });

  it('needs its sources where it is rendered alone', async () => {
    await completeAll(server);
    const film = await project(lines(A, B));
    const alone = await film.run({ only: ['b'] });
    expect(alone).toMatchObject({ exit_code: 1, shots: [{ id: 'b', outcome: 'blocked' }] });
    await film.run({ only: ['a'] });
    expect(await film.run({ only: ['b'] })).toMatchObject({ exit_code: 0 });
    expect(prompts(server)).toEqual(['A', 'B']);
  });

  it('is counted whole against the budget, before its first shot', async () => {
    await completeAll(server);
    const film = await project(lines(A, B, C), 'budget_usd: 0.3');
    expect(await film.run()).toMatchObject({ exit_code: 3, stopped: { kind: 'budget' } });
    expect(server.counters.posts).toBe(0);
    expect(await film.run({ until: 'b' })).toMatchObject({ exit_code: 0, spent_usd: 0.24 });
  });

  it('stops at a ceiling that a dearer clip has brought near, and says what was not submitted', async () => {
    await completeAll(server, { cost: 0.3 });
    const film = await project(lines(A, B, C), 'budget_usd: 0.4');
    const summary = await film.run();
    expect(summary).toMatchObject({ exit_code: 3, stopped: { kind: 'budget' }, spent_usd: 0.3 });
    expect(outcomes(summary)).toEqual({ a: 'delivered', b: 'not_submitted', c: 'not_submitted' });
  });
});

describe('a job that is continued', () => {
  const AB = lines(
    '  - { id: a, prompt: A, model: black-forest-labs/flux-3-video, duration: 5 }',
    '  - { id: b, prompt: B, model: black-forest-labs/flux-3-video, duration: 5, previous_job: a }',
  );

  it('is named by its id, costs what continuing costs, and needs no ffmpeg', async () => {
    await completeAll(server, { cost: 1 });
    const film = await makeProject({ baseUrl: server.baseUrl }, AB);
    expect((await film.plan()).shots.map(({ estimate }) => [estimate?.sku, estimate?.max_usd])).toEqual([
      ['cents_per_second_output_720p', 0.85],
      ['cents_per_second_video_continuation_720p', 2.05],
    ]);
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    expect(server.submits[1]).toMatchObject({ prompt: 'B', previous_job_id: server.jobs[0]?.id });
    expect(server.submits[0]).not.toHaveProperty('previous_job_id');
    expect(await film.run()).toMatchObject({ counts: { submitted: 0 } });
  });

  it('is continued anew where it was made anew', async () => {
    await completeAll(server);
    const film = await makeProject({ baseUrl: server.baseUrl }, AB);
    await film.run();
    await film.run({ rerender: ['a'] });
    expect(server.submits.map((body) => body['previous_job_id'])).toEqual([
      undefined,
      'job-1',
      undefined,
      'job-3',
    ]);
  });
});

describe('without anything that takes frames', () => {
  // DAILIES_FFMPEG unset, an empty PATH, and the optional peer is not installed here.
  const bare = (shots: string, top = '') => makeProject({ baseUrl: server.baseUrl, top }, shots);
  const refusal = {
    exitCode: 2,
    diagnostics: [
      {
        code: 'frame-tool-missing',
        severity: 'error',
        shot: 'b',
        at: { line: 9 },
        hint: expect.stringMatching(/ffmpeg.*@mediabunny\/server/) as string,
      },
    ],
  };

  it('a chain is an error of plan, validate and run, before anything is submitted', async () => {
    const film = await bare(lines(A, B));
    await expect(film.plan()).rejects.toMatchObject(refusal);
    await expect(film.plan({ offline: true })).rejects.toMatchObject({ exitCode: 2 });
    await expect(validateProject(await film.load())).rejects.toMatchObject(refusal);
    await expect(film.run()).rejects.toMatchObject(refusal);
    expect(server.counters.posts).toBe(0);
  });

  it('it is one too where the chain waits for a pick', async () => {
    const film = await bare(lines(A, B), 'approve: true');
    await expect(film.plan()).rejects.toMatchObject(refusal);
    await expect(film.run()).rejects.toMatchObject(refusal);
    expect(server.counters.posts).toBe(0);
  });

  it('what is delivered needs none', async () => {
    await completeAll(server);
    const film = await project(lines(A, B));
    await film.run();
    const bareProject = await loadProject({ manifest: film.manifest, env: { TEST_KEY: 'sk-test' } });
    expect(await runProject(bareProject)).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
  });
});
