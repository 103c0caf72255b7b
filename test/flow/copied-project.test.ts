import { copyFile, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { planProject } from '../../src/flow/plan/plan.js';
import { loadProject } from '../../src/flow/project/project.js';
import { pruneClips } from '../../src/flow/commands/prune.js';
import { runProject, type RunOptions } from '../../src/flow/commands/run.js';
import { exists } from '../../src/store/clip-file.js';
import { makeClip } from '../helpers/clips.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject, type TestProject } from '../helpers/project.js';

const server = useGateway();

beforeEach(async () => {
  const clips = await Promise.all([40, 120, 200, 250].map((red) => makeClip({ color: [red, 90, 30] })));
  server.autoComplete((job) => clips[server.jobs.indexOf(job)] ?? Buffer.alloc(0));
});

const SHOTS = '  - { id: sea, prompt: waves }\n  - { id: sky, prompt: clouds }';
const at = (film: TestProject, path: string) => readFile(join(film.folder, path));

/** A project that is delivered, and a copy of its manifest and its lockfile beside them. */
async function copied(top = '') {
  const film = await makeProject({ baseUrl: server.baseUrl, top }, SHOTS);
  expect(await film.run()).toMatchObject({ exit_code: 0 });
  const manifest = join(film.folder, 'second.yaml');
  await copyFile(join(film.folder, 'film.lock.json'), join(film.folder, 'second.lock.json'));
  const load = () => loadProject({ manifest, env: { TEST_KEY: 'sk-test-0123456789' } });
  const text = await film.read('film.yaml');
  const second = {
    load,
    write: (change: (text: string) => string) => writeFile(manifest, change(text)),
    plan: async () => planProject(await load()),
    run: async (options?: RunOptions) => runProject(await load(), options),
  };
  await second.write((same) => same);
  return { film, second };
}

/** Runs that have nothing to buy and nothing to fetch. */
async function expectAtRest(...projects: { run(): Promise<unknown> }[]): Promise<void> {
  const { posts, downloads } = server.counters;
  for (const project of projects) expect(await project.run()).toMatchObject({ exit_code: 0 });
  expect(server.counters).toMatchObject({ posts, downloads });
}

describe('a copied manifest with its lockfile', () => {
  it.each([
    ['of the same project', (text: string) => text],
    ['of another project', (text: string) => text.replace('project: film', 'project: second')],
  ])('takes copies of the clips, and leaves the originals where they are: %s', async (_, change) => {
    const { film, second } = await copied();
    const paths = ['sea/sea.mp4', 'sea/sea.json', 'sky/sky.mp4', 'sky/sky.json'];
    const before = await Promise.all(paths.map((path) => at(film, `renders/film/${path}`)));
    await second.write(change);
    await expectAtRest(second, film, second);
    const after = await Promise.all(paths.map((path) => at(film, `renders/film/${path}`)));
    expect(after).toEqual(before);
    expect(await at(film, 'renders/second/sea/sea.mp4')).toEqual(before[0]);
    expect(exists(join(film.folder, 'renders/second/sea/sea.part'))).toBe(false);
    // From now on each has its own.
    expect(await film.run({ rerender: ['sea'] })).toMatchObject({ exit_code: 0, counts: { submitted: 1 } });
    expect(await second.run({ rerender: ['sea'] })).toMatchObject({ exit_code: 0, counts: { submitted: 1 } });
    expect(await at(film, 'renders/film/.superseded/sea.mp4')).toEqual(before[0]);
    expect(await at(film, 'renders/second/.superseded/sea.mp4')).toEqual(before[0]);
  });

  it('goes on where it was cut off between the copy and the word of it', async () => {
    const { film, second } = await copied();
    const older = await film.read('second.lock.json');
    await second.run();
    await writeFile(join(film.folder, 'second.lock.json'), older);
    expect((await second.plan()).shots).toMatchObject([{ action: 'reuse' }, { action: 'reuse' }]);
    await expectAtRest(second, film);
  });

  it('takes a copy for a renamed shot in the same folder', async () => {
    const { film, second } = await copied('output: out');
    await second.write((text) => text.replace('id: sea', 'id: ocean'));
    await expectAtRest(second, film, second);
    expect(await at(film, 'out/ocean/ocean.mp4')).toEqual(await at(film, 'out/sea/sea.mp4'));
  });

  it.each([
    ['another clip', (text: string) => text.replace('waves', 'calm water')],
    [
      'a clip of its own',
      (text: string) => text.replace(/waves|clouds/g, (word) => (word === 'waves' ? 'clouds' : 'waves')),
    ],
  ])('is refused where %s would have to take the place of an original', async (_, change) => {
    const { film, second } = await copied('output: out');
    await second.write(change);
    const refusal = {
      code: 'file-not-ours',
      message: 'out/sea/sea.mp4 is in the way, and film.lock.json owns it too',
    };
    await expect(second.plan()).rejects.toMatchObject({
      diagnostics: expect.arrayContaining([expect.objectContaining(refusal)]) as unknown,
    });
    await expect(second.run()).rejects.toMatchObject({ exitCode: 2 });
    await expectAtRest(film);
    expect(server.counters.posts).toBe(2);
    await second.write((text) => change(text).replace('output: out', 'output: other'));
    expect(await second.run()).toMatchObject({ exit_code: 0 });
    await expectAtRest(film, second);
  });

  it('prunes nothing that the original owns', async () => {
    const { film, second } = await copied();
    await second.write((text) => text.replace(/.*id: sea.*\n/, ''));
    expect(await pruneClips(await second.load(), { remove: true })).toEqual([]);
    await expectAtRest(film);
  });
});

describe('a lockfile without a manifest', () => {
  it('owns nothing: what lies beside it is moved, and known by its sidecar', async () => {
    const film = await makeProject({ baseUrl: server.baseUrl }, SHOTS);
    await film.run();
    const lockfile = join(film.folder, 'film.lock.json');
    await rename(lockfile, join(film.folder, 'before.lock.json'));
    await film.write('  - { id: ocean, prompt: waves }');
    await expectAtRest(film);
    expect(exists(join(film.folder, 'renders/film/sea/sea.mp4'))).toBe(false);
  });
});
