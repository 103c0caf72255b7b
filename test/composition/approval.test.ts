import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { useGateway } from '../helpers/gateway.js';
import type { Report } from '../../src/domain/report.js';
import { makeProject, type TestProject } from '../helpers/project.js';
import { completeAll, pick, prompts, standIn } from './films.js';

const server = useGateway();
beforeEach(() => completeAll(server));

const tool = await standIn();
const A = '  - { id: a, prompt: A, takes: 2 }';
const B = '  - { id: b, prompt: B, first_frame: { from: a } }';
const B2 = B.replace('prompt: B', 'prompt: B, takes: 2');
const C = '  - { id: c, prompt: C, first_frame: { from: b } }';
const D = '  - { id: d, prompt: D }';
const project = (top: string, ...shots: readonly string[]) =>
  makeProject({ baseUrl: server.baseUrl, top, env: tool }, shots.join('\n'));

describe('approval', () => {
  it('stops after each generation until a take of it is picked', async () => {
    const film = await project('approve: true', A, B2, C, D);
    const plan = await film.plan();
    expect(plan.shots.map(({ blocked_by, reasons }) => blocked_by ?? reasons.join())).toEqual([
      'new',
      'new',
      'a',
      'a',
      'b',
      'new',
    ]);
    expect(plan.shots[2]?.reasons).toEqual(['waits for a pick of a']);
    // What waits for a pick is not bought by this run, and so not in its price, but in that of the film.
    expect(plan.total.max_usd).toBe(0.36);
    expect(plan.after_picks).toMatchObject({ max_usd: 0.36, unpriced: 0 });
    expect(plan.shots.map(({ waits_for_pick: waits }) => waits)).toEqual([
      ...[undefined, undefined, true, true, true, undefined],
    ]);

    const first = await film.run();
    expect(first).toMatchObject({ exit_code: 1, counts: { submitted: 3 } });
    expect(first.stopped).toMatchObject({
      kind: 'approval',
      message: expect.stringContaining('take of a ') as string,
    });
    expect(first.stopped?.hint).toContain('dailies pick');
    expect(first.shots.map(({ outcome }) => outcome)).toEqual([
      ...['delivered', 'delivered', 'blocked', 'blocked', 'blocked', 'delivered'],
    ]);
    expect(await film.run()).toMatchObject({ exit_code: 1, counts: { submitted: 0 } });

    await pick(film, { a: 2 });
    const second = await film.run();
    expect(second).toMatchObject({ exit_code: 1, stopped: { kind: 'approval' }, counts: { submitted: 2 } });
    expect(second.shots.at(4)).toMatchObject({ key: 'c', message: 'waits for a pick of b' });
    await pick(film, { b: 1 });
    const third = await film.run();
    expect(third).toMatchObject({ exit_code: 0, counts: { submitted: 1 } });
    expect(third).not.toHaveProperty('stopped');
    expect(prompts(server).slice(3)).toEqual(['B', 'B', 'C']);
  });

  it('names the takes that can be picked, and asks for none where there is one take', async () => {
    const film = await project(
      'approve: true',
      A,
      D,
      '  - { id: b, prompt: B, first_frame: { from: d }, last_frame: { from: a } }',
      C,
    );
    const first = await film.run();
    expect(first).toMatchObject({ stopped: { kind: 'approval', to_pick: [['a@1', 'a@2']] } });
    expect(first.stopped?.message).toMatch(/^pick a take of a before/);
    await pick(film, { a: 1 });
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 2 } });
  });

  it('refuses a pick of a take that has no clip yet, and then picks nothing', async () => {
    const film = await project('approve: true', A, D, B);
    await film.run({ only: ['a@1', 'd'] });
    await expect(pick(film, { d: 1, a: 2 })).rejects.toMatchObject({
      code: 'clip-missing',
      message: 'there is no clip yet of a@2: nothing was picked',
    });
    expect(await picksOf(film)).toEqual({});
    await pick(film, { a: 1 });
    expect(await picksOf(film)).toEqual({ a: 1 });
  });

  it('counts as waiting for picks only what nothing else holds', async () => {
    const film = await project('approve: true', A.replace(', takes: 2', ''), B, D);
    server.failNext('reset');
    await film.run({ only: ['d'] });
    const both = '  - { id: b, prompt: B, first_frame: { from: a }, last_frame: { from: d } }';
    await film.write([A, both, C, D].join('\n'));
    const plan = await film.plan();
    expect(plan.shots.map(({ blocked_by: shot }) => shot)).toEqual([
      undefined,
      undefined,
      'a',
      'b',
      undefined,
    ]);
    expect(plan).not.toHaveProperty('after_picks');
  });

  it('may be asked for a single run', async () => {
    const film = await project('', A, B);
    expect(await film.run({ approve: true })).toMatchObject({ exit_code: 1, counts: { submitted: 2 } });
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 1 } });
    // What is delivered already waits for nobody.
    expect(await film.run({ approve: true })).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
  });

  it('has all takes to pick from in a run that goes up to one shot', async () => {
    const film = await project('approve: true', A, B.replace('prompt: B', 'prompt: B, takes: 2'), C, D);
    const first = await film.run({ until: 'c' });
    expect(first).toMatchObject({ exit_code: 1, counts: { submitted: 2 }, stopped: { kind: 'approval' } });
    await pick(film, { a: 2 });
    const second = await film.run({ until: 'c' });
    expect(second).toMatchObject({ exit_code: 1, counts: { submitted: 2 }, stopped: { kind: 'approval' } });
    await pick(film, { b: 2 });
    const third = await film.run({ until: 'c' });
    expect(third).toMatchObject({ exit_code: 0, counts: { total: 3, submitted: 1 } });
    expect(prompts(server)).toEqual(['A', 'A', 'B', 'B', 'C']);
  });

  it('buys no takes to pick from where nothing waits for a pick', async () => {
    const named = '  - { id: c, prompt: C, first_frame: { from: a, take: 2 } }';
    const film = await project('', A.replace('takes: 2', 'takes: 3'), B, named);
    expect(await film.run({ until: 'b' })).toMatchObject({ exit_code: 0, counts: { submitted: 2 } });
    expect(await film.run({ until: 'b', approve: true })).toMatchObject({ counts: { submitted: 0 } });
    expect(await film.run({ until: 'c', approve: true })).toMatchObject({ counts: { submitted: 1 } });
    // Those that --only leaves out stay out.
    await film.write([A, B.replace('prompt: B', 'prompt: B2')].join('\n'));
    const narrow = { until: 'b', only: ['a@1', 'b'], approve: true };
    expect(await film.run(narrow)).toMatchObject({ counts: { total: 2, submitted: 0 } });
  });

  it('is asked for anew where the picked clip is made anew', async () => {
    const film = await project('approve: true', A, B);
    await film.run();
    await pick(film, { a: 1 });
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    await film.write([A.replace('prompt: A', 'prompt: A2'), B].join('\n'));
    expect((await film.plan()).shots.at(-1)).toMatchObject({ reasons: ['waits for a pick of a'] });
    const again = await film.run();
    expect(again).toMatchObject({ exit_code: 1, counts: { submitted: 2 } });
    expect(await film.run()).toMatchObject({ exit_code: 1, counts: { submitted: 0 } });
    const report = JSON.parse(await film.read('renders/film/report.json')) as Report;
    expect(report.takes.filter(({ picked }) => picked)).toEqual([]);
    await pick(film, { a: 2 });
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 1 } });
    expect(prompts(server)).toEqual(['A', 'A', 'B', 'A2', 'A2', 'B']);
  });

  it('holds with a pick that was made before a run was interrupted', async () => {
    const film = await project('approve: true', A, B);
    await film.run();
    await pick(film, { a: 1 });
    const controller = new AbortController();
    server.onRequest(({ endpoint }) => {
      if (endpoint === 'poll') controller.abort();
    });
    expect(await film.run({ signal: controller.signal })).toMatchObject({ exit_code: 130 });
    server.onRequest(() => undefined);
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
  });

  it('keeps the pick where the new clip never came', async () => {
    const film = await project('approve: true', A, B);
    await film.run();
    await pick(film, { a: 2 });
    await film.run();
    server.failNext(400, { times: 9 });
    await film.run({ rerender: ['a@2'] });
    expect((await film.plan({ approve: false })).shots.map(({ action }) => action)).toEqual([
      ...['reuse', 'reuse', 'reuse'],
    ]);
  });

  it('refuses to pick what the manifest does not have', async () => {
    const film = await project('approve: true', A, B);
    await expect(pick(film, { a: 3 })).rejects.toMatchObject({ code: 'usage', exitCode: 2 });
    await expect(pick(film, { aa: 1 })).rejects.toMatchObject({ hint: 'did you mean a?' });
    await expect(pick(film, { a: 1.5 })).rejects.toMatchObject({ code: 'usage' });
  });
});

/** The picked takes as the lockfile has them. */
async function picksOf(film: TestProject): Promise<Record<string, number>> {
  const { shots } = (await film.lockfile()) as { shots: Record<string, { pick?: { take: number } }> };
  const picks = Object.entries(shots).flatMap(([shot, { pick: picked }]) =>
    picked ? [[shot, picked.take] as const] : [],
  );
  return Object.fromEntries(picks);
}

describe('a pick', () => {
  const picked = async (...shots: readonly string[]) => {
    const film = await project('', ...shots);
    await film.run();
    await pick(film, { a: 2 });
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    return film;
  };

  it.each([
    ['renamed', [A, B], [A.replace('id: a', 'id: z'), B.replace('from: a', 'from: z')]],
    [
      'swapped with another',
      [A, D.replace('prompt: D', 'prompt: D, takes: 2'), B],
      [
        A.replace('prompt: A', 'prompt: D'),
        D.replace('prompt: D', 'prompt: A, takes: 2'),
        B.replace('from: a', 'from: d'),
      ],
    ],
  ])('goes with the clip where its shot is %s', async (_, before, after) => {
    const film = await picked(...before);
    const { posts } = server.counters;
    await film.write(after.join('\n'));
    expect(new Set((await film.plan()).shots.map(({ action }) => action))).toEqual(new Set(['reuse']));
    for (let runs = 0; runs < 2; runs++)
      expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
    expect(server.counters.posts).toBe(posts);
    const [shot] = /(?<=from: )\w/.exec(after.at(-1) ?? '') ?? [''];
    expect(await picksOf(film)).toEqual({ [shot]: 2 });
  });

  it('is known by what was made from it where the lockfile is gone', async () => {
    const film = await picked(A, B);
    const { posts } = server.counters;
    await rm(join(film.folder, 'film.lock.json'));
    expect((await film.plan()).shots.map(({ action }) => action)).toEqual(['reuse', 'reuse', 'reuse']);
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
    expect(server.counters.posts).toBe(posts);
    expect(await picksOf(film)).toEqual({ a: 2 });
  });

  it('stays with its shot where an older clip of it serves another', async () => {
    const film = await picked(A, B);
    await film.write([A.replace('prompt: A', 'prompt: A2'), B].join('\n'));
    await film.run();
    await film.write([A.replace('prompt: A', 'prompt: A2'), B, A.replace('id: a', 'id: z')].join('\n'));
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
    expect(await picksOf(film)).toEqual({ a: 2 });
  });
});
