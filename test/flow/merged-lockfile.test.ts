import { copyFile, cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { makeSheet, projectStatus, type Tell } from '../../src/flow/commands/status.js';
import { makeClip } from '../helpers/clips.js';
import { useGateway } from '../helpers/gateway.js';
import { mergeWithConflict } from '../helpers/merge.js';
import { makeProject, type TestProject } from '../helpers/project.js';

const server = useGateway();
const clip = await makeClip();
beforeEach(() => server.autoComplete(clip, { cost: 0.12 }));

const SHOTS = ['cliff', 'dunes', 'sea', 'tide'];
const line = (shot: string) => `  - { id: ${shot}, prompt: the ${shot} at dawn }`;
const lockfileOf = ({ folder }: TestProject) => join(folder, 'film.lock.json');

/** A machine with the project on it, which renders some of its shots; with the lockfile of another where one is given. */
async function machine(only: readonly string[], base?: TestProject): Promise<TestProject> {
  const film = await makeProject({ baseUrl: server.baseUrl }, SHOTS.map(line).join('\n'));
  if (base) await copyFile(lockfileOf(base), lockfileOf(film));
  if (only.length > 0) expect(await film.run({ only })).toMatchObject({ exit_code: 0 });
  return film;
}

/** Gives a machine the receipts of another, and the name of a clip: as if both branches had been rendered on it. */
async function moveIn(from: TestProject, to: TestProject, shot: string): Promise<void> {
  await cp(join(from.folder, '.dailies'), join(to.folder, '.dailies'), { recursive: true, force: false });
  await cp(join(from.folder, 'renders/film', shot), join(to.folder, 'renders/film', shot), {
    recursive: true,
  });
}

/** Merges what another machine has pushed, and ends with conflicts in the lockfile. */
async function merge(ours: TestProject, theirs: TestProject, base?: TestProject): Promise<void> {
  mergeWithConflict(lockfileOf(ours), {
    theirs: await readFile(lockfileOf(theirs), 'utf8'),
    base: base && (await readFile(lockfileOf(base), 'utf8')),
  });
}

/** Everything is reused, each clip has its name, and nothing was sent to the gateway that costs. */
async function expectAllThere(film: TestProject, posts: number): Promise<void> {
  expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
  for (const shot of SHOTS)
    expect(await readFile(join(film.folder, `renders/film/${shot}/${shot}.mp4`))).toEqual(clip);
  const again = await film.run();
  expect(again).toMatchObject({ exit_code: 0, counts: { reused: SHOTS.length, submitted: 0 } });
  expect((await film.plan()).diagnostics).toEqual([]);
  expect(server.counters.posts).toBe(posts);
}

describe('a lockfile with merge conflicts', () => {
  it.each([
    ['two branches of one project', true],
    ['two first runs', false],
  ])('of %s buys nothing, and every clip is there', async (_, isOneProject) => {
    const base = isOneProject ? await machine(['dunes']) : undefined;
    const ours = await machine(['cliff', 'sea', 'dunes'], base);
    const theirs = await machine(['sea', 'tide'], base);
    const { posts } = server.counters;
    await merge(ours, theirs, base);
    const plan = await ours.plan();
    expect(plan.shots.map(({ action }) => action)).not.toContain('render');
    expect(plan.diagnostics).toMatchObject([
      {
        code: 'state-repaired',
        message: expect.stringMatching(/merge conflicts in it: both sides/) as string,
      },
    ]);
    await expectAllThere(ours, posts);
  });

  it('of two first runs on one machine keeps the clips, and what people have put beside them', async () => {
    const [ours, theirs] = [await machine(['cliff', 'dunes']), await machine(['sea', 'tide'])];
    const { posts } = server.counters;
    const about = join(ours.folder, 'renders/film/sea/sea.json');
    await moveIn(theirs, ours, 'sea');
    await writeFile(join(ours.folder, 'renders/film/sea/notes.txt'), 'mine');
    const before = await readFile(about, 'utf8');
    await merge(ours, theirs);
    await expectAllThere(ours, posts);
    expect(await readFile(about, 'utf8')).toBe(before);
    expect((await readdir(join(about, '..'))).toSorted()).toEqual(['notes.txt', 'sea.json', 'sea.mp4']);
  });

  it('is read by status, which leaves it as it is, and written whole by sheet', async () => {
    const [ours, theirs] = [await machine(['cliff', 'dunes', 'sea']), await machine(['sea', 'tide'])];
    await merge(ours, theirs);
    const text = await ours.read('film.lock.json');
    const told: string[] = [];
    const tell: Tell = (found) => void told.push(...found.map(({ message }) => message));
    const report = await projectStatus(await ours.load(), tell);
    expect(report.takes.map(({ state }) => state)).toEqual(SHOTS.map(() => 'delivered'));
    expect(await ours.read('film.lock.json')).toBe(text);
    await makeSheet(await ours.load(), () => '', tell);
    expect(JSON.stringify(await ours.lockfile())).toContain('"tide"');
    expect(told).toHaveLength(2);
    expect(told[1]).toBe(told[0]);
    expect(told[0]).toMatch(/merge conflicts in it: both sides/);
  });
});
