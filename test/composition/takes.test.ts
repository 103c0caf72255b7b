import { appendFile, chmod, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { pruneClips } from '../../src/flow/commands/prune.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject, type TestProject } from '../helpers/project.js';
import { renderSheet } from '../../src/sheet/render.js';
import { completeAll, filesIn, pick, prompts, standIn } from './films.js';

const server = useGateway();
beforeEach(() => completeAll(server, { most: 40 }));

const project = (shots: string) => makeProject({ baseUrl: server.baseUrl }, shots);
const prune = async (film: TestProject, remove = false) => {
  const found = await pruneClips(await film.load(), { remove });
  return found.map(({ shot, take }) => `${shot}@${take}`).sort();
};
const there = (film: TestProject, path: string) =>
  stat(join(film.folder, 'renders/film', path)).then(
    () => true,
    () => false,
  );

describe('takes', () => {
  const turn = (takes: number) => `  - { id: turn, prompt: T, seed: 7, takes: ${takes} }`;

  it('have a job, a seed, a file and a cost each', async () => {
    const film = await project(turn(3));
    const summary = await film.run();
    expect(summary).toMatchObject({ exit_code: 0, spent_usd: 0.36 });
    expect(summary.shots.map(({ key, cost_usd }) => [key, cost_usd])).toEqual([
      ['turn@1', 0.12],
      ['turn@2', 0.12],
      ['turn@3', 0.12],
    ]);
    expect(server.submits.map((body) => body['seed']).sort()).toEqual([7, 8, 9]);
    expect((await filesIn(film.folder, 'renders/film/turn')).sort()).toEqual([
      ...[
        'turn.json',
        'turn.mp4',
        'turn.take-2.json',
        'turn.take-2.mp4',
        'turn.take-3.json',
        'turn.take-3.mp4',
      ],
    ]);
  });

  it('are added where their number is raised, and kept where it is lowered', async () => {
    const film = await project(turn(1));
    await film.run();
    await film.write(turn(3));
    expect((await film.plan()).shots.map(({ take, action }) => [take, action])).toEqual([
      [1, 'reuse'],
      [2, 'render'],
      [3, 'render'],
    ]);
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 2, reused: 1 } });
    await film.write(turn(1));
    expect((await film.plan()).shots.map(({ take, action }) => [take, action])).toEqual([
      [1, 'reuse'],
      [2, 'orphan'],
      [3, 'orphan'],
    ]);
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0, total: 1 } });
    expect(await prune(film)).toEqual(['turn@2', 'turn@3']);
    // Listed is not removed: raised again, they are there.
    await film.write(turn(3));
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0, reused: 3 } });
  });

  it('are rendered by name', async () => {
    const film = await project(turn(3));
    expect(await film.run({ only: ['turn@2'] })).toMatchObject({ exit_code: 0, counts: { total: 1 } });
    expect(server.submits.map((body) => body['seed'])).toEqual([8]);
    expect(await film.run({ only: ['turn@2'], rerender: ['turn@2'] })).toMatchObject({
      counts: { submitted: 1 },
    });
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 2, reused: 1 } });
    await expect(film.run({ only: ['turn@4'] })).rejects.toMatchObject({ code: 'usage', exitCode: 2 });
  });

  it('stop what grows out of one that is picked and gone, before it costs anything', async () => {
    const shots = (takes: number) => `${turn(takes)}\n  - { id: b, prompt: B, first_frame: { from: turn } }`;
    const film = await makeProject({ baseUrl: server.baseUrl, env: await standIn() }, shots(3));
    await film.run();
    await pick(film, { turn: 3 });
    await film.write(shots(2));
    const summary = await film.run();
    expect(summary).toMatchObject({ exit_code: 1, counts: { submitted: 0 } });
    expect(summary.shots.at(-1)?.message).toBe(
      'take 3 of turn is picked but does not exist: pick another (dailies pick)',
    );
    await pick(film, { turn: null });
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
  });
});

describe('prune', () => {
  it('leaves the clip of an edited shot until there is a new one', async () => {
    const film = await project('  - { id: a, prompt: A }\n  - { id: b, prompt: B }');
    await film.run();
    await film.write('  - { id: a, prompt: A2 }');
    expect(await prune(film, true)).toEqual(['b@1']);
    expect([await there(film, 'a/a.mp4'), await there(film, 'b/b.mp4')]).toEqual([true, false]);
    await film.run();
    expect(await prune(film, true)).toEqual(['a@1']);
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { reused: 1 } });
  });

  it('leaves the clip of an edited shot where another output folder is named meanwhile', async () => {
    const film = await project('  - { id: a, prompt: A }\n  - { id: b, prompt: B }');
    await film.run();
    await film.write('  - { id: a, prompt: A2 }');
    const elsewhere = { ...film, load: () => film.load({ output: join(film.folder, 'renders/elsewhere') }) };
    expect(await prune(elsewhere, true)).toEqual(['b@1']);
    expect(await there(film, 'a/a.mp4')).toBe(true);
    await film.run();
    expect(await prune(elsewhere)).toEqual(['a@1']);
  });

  it('leaves a clip that another shot is served by, and one that somebody has changed', async () => {
    const film = await project('  - { id: a, prompt: A }\n  - { id: c, prompt: C }');
    await film.run();
    const [, , changed = ''] = ['', '', ...(await film.stored())];
    await chmod(join(film.folder, '.dailies/clips', changed.slice(0, 2), changed), 0o644);
    await appendFile(join(film.folder, '.dailies/clips', changed.slice(0, 2), changed), 'mine');
    await film.write('  - { id: b, prompt: B }');
    const pruned = await prune(film, true);
    expect(pruned).toHaveLength(1);
    expect(await film.stored()).toEqual([changed]);
  });

  it('takes the names away too, and fetches a pruned clip again where its prompt comes back', async () => {
    const film = await project('  - { id: a, prompt: A }\n  - { id: b, prompt: B }');
    await film.run();
    await film.write('  - { id: a, prompt: A }');
    expect(await prune(film, true)).toEqual(['b@1']);
    expect(await there(film, 'b')).toBe(false);
    expect(await prune(film, true)).toEqual([]);
    expect((await film.plan()).shots.map(({ action }) => action)).toEqual(['reuse']);
    await film.write('  - { id: a, prompt: A }\n  - { id: b, prompt: B }');
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
    expect(await there(film, 'b/b.mp4')).toBe(true);
  });

  it('leaves the clips of a chain that waits for its first shot', async () => {
    const shots = (prompt: string) =>
      `  - { id: a, prompt: ${prompt} }\n  - { id: b, prompt: B, first_frame: { from: a } }`;
    const film = await makeProject({ baseUrl: server.baseUrl, env: await standIn() }, shots('A'));
    await film.run();
    await film.write(shots('A2'));
    expect(await prune(film, true)).toEqual([]);
    await film.write(shots('A'));
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { reused: 2 } });
  });
});

describe('a matrix of 3 × 2 × 2 with two takes', () => {
  const fox = (weather: string) => `  - id: fox
    prompt: A fox in the {{weather}} at {{hour}}
    takes: 2
    matrix:
      model: [google/veo-3.1-lite, google/veo-3.1-fast]
      weather: [${weather}]
      hour: [dawn, dusk]`;

  it('is planned, rendered and shown, and grows by what is added alone', async () => {
    const film = await project(fox('rain, snow, fog'));
    const plan = await film.plan();
    expect(plan.products).toEqual([{ id: 'fox', expansions: 12, takes: 2 }]);
    expect((await film.plan({ only: ['fox.veo-3.1-fast.snow.dusk'] })).products).toBeUndefined();
    expect(plan.shots).toHaveLength(24);
    // 4 s without sound: 12 takes at $0.12, 12 at $0.32.
    expect(plan.total).toEqual({ min_usd: 5.28, expected_usd: 5.28, max_usd: 5.28, unpriced: 0 });

    const summary = await film.run({ renderSheet });
    expect(summary).toMatchObject({ exit_code: 0, counts: { total: 24, delivered: 24, submitted: 24 } });
    expect(new Set(prompts(server)).size).toBe(6);
    expect(await there(film, 'fox.veo-3.1-fast.snow.dusk/fox.veo-3.1-fast.snow.dusk.take-2.mp4')).toBe(true);

    const report = JSON.parse(await film.read('renders/film/report.json')) as {
      takes: { key: string; state: string; matrix: unknown }[];
    };
    expect(report.takes).toHaveLength(24);
    expect(report.takes.at(-1)).toMatchObject({
      key: 'fox.veo-3.1-fast.fog.dusk@2',
      state: 'delivered',
      matrix: { model: 'google/veo-3.1-fast', weather: 'fog', hour: 'dusk' },
    });
    const sheet = await film.read('renders/film/index.html');
    for (const { key } of report.takes) expect(sheet).toContain(key);

    await film.write(fox('hail, fog, rain, snow'));
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 8, reused: 24 } });
  });

  it('is rendered in part, by the id of all, of one combination or of one take', async () => {
    const film = await project(fox('rain, snow, fog'));
    const keys = async (...only: string[]) => (await film.plan({ only })).shots.length;
    expect(await keys('fox')).toBe(24);
    expect(await keys('fox.veo-3.1-lite.rain.dawn')).toBe(2);
    expect(await keys('fox.veo-3.1-lite.rain.dawn@1', 'fox.veo-3.1-lite.rain.dusk')).toBe(3);
    await rm(film.folder, { recursive: true });
  });
});
