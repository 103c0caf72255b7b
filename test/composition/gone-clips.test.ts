import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveShots } from '../../src/flow/commands/resolve.js';
import { makeClip } from '../helpers/clips.js';
import { fastClock } from '../helpers/clock.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject, type TestProject } from '../helpers/project.js';
import { readShotState } from '../helpers/state.js';
import { standIn } from './films.js';

const server = useGateway();

const tool = await standIn();
const chain = (c = 'c') =>
  [
    '  - { id: a, prompt: A }',
    '  - { id: b, prompt: B, first_frame: { from: a } }',
    `  - { id: ${c}, prompt: C, first_frame: { from: b } }`,
  ].join('\n');
const clipOf = (index: number, blue = 30) => makeClip({ seconds: 1, fps: 4, color: [40 * index, 90, blue] });
const PATH = 'renders/film/a/a.mp4';

/** A chain of three that is delivered, and whose first clip is gone from the disk. */
async function chainWithoutItsFirst(top = ''): Promise<{ film: TestProject; first: Buffer }> {
  const clips = await Promise.all([1, 2, 3, 4].map((index) => clipOf(index)));
  server.autoComplete(() => clips[server.counters.accepted - 1] ?? Buffer.alloc(0));
  const film = await makeProject({ baseUrl: server.baseUrl, top, env: tool, clock: fastClock(100) }, chain());
  expect(await film.run()).toMatchObject({ exit_code: 0 });
  await film.lose('a/a.mp4');
  return { film, first: clips[0] ?? Buffer.alloc(0) };
}

const actions = async (film: TestProject) => (await film.plan()).shots.map(({ action }) => action);
const outcomes = async (film: TestProject) => (await film.run()).shots.map(({ outcome }) => outcome);

describe('what was made from a clip that is gone', () => {
  it('stays as it is while the clip cannot be fetched again for now', async () => {
    const { film } = await chainWithoutItsFirst('budget_usd: 0.4');
    server.failNext(500, { on: 'content', times: 1000 });
    expect(await outcomes(film)).toEqual(['waiting', 'delivered', 'delivered']);
    const plan = await film.plan();
    expect(plan.shots.map(({ action }) => action)).toEqual(['download', 'reuse', 'reuse']);
    expect(plan.total.max_usd).toBe(0);
    expect(server.counters.posts).toBe(3);
  });

  it('stays as it is where the clip is lost, and goes with its shot when that is renamed', async () => {
    const { film, first } = await chainWithoutItsFirst();
    server.jobs[0]?.vanish();
    expect(await outcomes(film)).toEqual(['held', 'delivered', 'delivered']);
    expect(await actions(film)).toEqual(['held', 'reuse', 'reuse']);
    expect((await film.plan()).shots[0]).toMatchObject({ settle: 'lost' });
    await film.write(chain('coda'));
    expect(await outcomes(film)).toEqual(['held', 'delivered', 'delivered']);
    server.jobs[0]?.restore();
    expect(await outcomes(film)).toEqual(['delivered', 'delivered', 'delivered']);
    expect(await readFile(join(film.folder, PATH))).toEqual(first);
    expect(server.counters.posts).toBe(3);
  });
});

describe('a clip that is fetched again in other bytes', () => {
  it('is for those made from it what it was, in this run and in the next', async () => {
    const { film } = await chainWithoutItsFirst();
    const packedAnew = await clipOf(1, 31);
    server.jobs[0]?.complete(packedAnew);
    for (let runs = 0; runs < 2; runs++) {
      expect(await outcomes(film)).toEqual(['delivered', 'delivered', 'delivered']);
      expect(await actions(film)).toEqual(['reuse', 'reuse', 'reuse']);
    }
    expect(await readFile(join(film.folder, PATH))).toEqual(packedAnew);
    await film.lose('a/a.mp4');
    expect(await outcomes(film)).toEqual(['delivered', 'delivered', 'delivered']);
    await film.write(`${chain()}\n  - { id: d, prompt: D, first_frame: { from: a } }`);
    expect(await outcomes(film)).toEqual(['delivered', 'delivered', 'delivered', 'delivered']);
    expect(server.counters.posts).toBe(4);
  });
});

describe('a clip that is gone and lost', () => {
  it('serves again when somebody puts it back', async () => {
    const { film, first } = await chainWithoutItsFirst();
    server.jobs[0]?.vanish();
    await film.run();
    await mkdir(join(film.folder, 'renders/film/a'), { recursive: true });
    await writeFile(join(film.folder, PATH), first);
    expect(await actions(film)).toEqual(['reuse', 'reuse', 'reuse']);
    expect(await outcomes(film)).toEqual(['delivered', 'delivered', 'delivered']);
    expect(server.counters.posts).toBe(3);
  });

  it('stays what it is where a clip of the same bytes has come to its place for another attempt', async () => {
    const { film, first } = await chainWithoutItsFirst();
    server.jobs[0]?.vanish();
    await film.run();
    server.autoComplete(first);
    await film.run({ rerender: ['a'] });
    await film.write('  - { id: a, prompt: Another }');
    await film.run();
    await film.write('  - { id: a, prompt: A, seed: 1 }');
    expect(await outcomes(film)).toEqual(['delivered']);
    const [lost] = (await readShotState(join(film.folder, 'film.lock.json'))).attempts();
    expect(lost?.state).toMatchObject({ kind: 'delivered', lost: expect.any(String) as string });
  });

  it('is given up by a person, and then bought anew', async () => {
    const { film } = await chainWithoutItsFirst();
    server.jobs[0]?.vanish();
    await film.run();
    await resolveShots(await film.load(), { shots: ['a'], settlement: { as: 'abandoned' } });
    expect((await film.plan()).shots[0]).toMatchObject({ action: 'rerender', reasons: ['abandoned'] });
  });

  it('leaves a file alone that lies under its name, and nothing is bought for that name', async () => {
    const { film } = await chainWithoutItsFirst();
    server.jobs[0]?.vanish();
    await film.run();
    await mkdir(join(film.folder, 'renders/film/a'), { recursive: true });
    await writeFile(join(film.folder, PATH), 'something else');
    await film.write('  - { id: a, prompt: Another }');
    await expect(film.run()).rejects.toMatchObject({ diagnostics: [{ code: 'file-not-ours' }] });
    expect(await film.read(PATH)).toBe('something else');
    expect(server.counters.posts).toBe(3);
  });
});
