import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { pruneClips } from '../../src/flow/commands/prune.js';
import { runProject, type RunOptions } from '../../src/flow/commands/run.js';
import { planProject } from '../../src/flow/plan/plan.js';
import { loadProject } from '../../src/flow/project/project.js';
import { makeClip } from '../helpers/clips.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject, type TestProject } from '../helpers/project.js';

const server = useGateway();
const colours = [40, 90, 140, 190, 240];
const clips = await Promise.all(colours.map((red) => makeClip({ color: [red, 90, 30] })));
beforeEach(() => server.autoComplete((job) => clips[server.jobs.indexOf(job)] ?? Buffer.alloc(0)));

const SHOTS = '  - { id: sea, prompt: waves }\n  - { id: sky, prompt: clouds }';
const env = { TEST_KEY: 'sk-test-0123456789' };

/** A second manifest, and what is done with it. */
function manifestAt(manifest: string, options: { readonly output?: string; readonly clips?: string } = {}) {
  const load = () => loadProject({ manifest, env, ...options });
  return {
    load,
    plan: async () => planProject(await load()),
    run: async (how?: RunOptions) => runProject(await load(), how),
  };
}

/** A second manifest beside a first, with the same shot ids and other prompts. */
async function beside(film: TestProject, change: (text: string) => string = (text) => text) {
  const text = (await film.read('film.yaml')).replace('waves', 'ebb').replace('clouds', 'stars');
  await writeFile(join(film.folder, 'other.yaml'), change(text.replace('project: film', 'project: other')));
  return manifestAt(join(film.folder, 'other.yaml'));
}

const bytesAt = (folder: string, path: string) => readFile(join(folder, path));

async function expectAtRest(...projects: { run(): Promise<unknown> }[]): Promise<void> {
  const before = server.requests.length;
  for (const project of projects) expect(await project.run()).toMatchObject({ exit_code: 0 });
  expect(server.requests.length).toBe(before);
}

describe('two manifests in one folder with the same shot ids', () => {
  it('keep their clips apart, one after the other and both at once', async () => {
    const film = await makeProject({ baseUrl: server.baseUrl }, SHOTS);
    const other = await beside(film);
    const both = await Promise.all([film.run(), other.run()]);
    expect(both).toMatchObject([{ exit_code: 0 }, { exit_code: 0 }]);
    await expectAtRest(film, other, film);
    const four = await Promise.all(
      ['film/sea/sea', 'film/sky/sky', 'other/sea/sea', 'other/sky/sky'].map((name) =>
        bytesAt(film.folder, `renders/${name}.mp4`),
      ),
    );
    expect(new Set(four.map((bytes) => bytes.toString('base64'))).size).toBe(4);
    expect(await pruneClips(await other.load(), { remove: true })).toEqual([]);
    expect(await film.stored()).toHaveLength(4);
  });

  it('take no name from each other in one output folder: the second is refused before it buys', async () => {
    const film = await makeProject({ baseUrl: server.baseUrl, top: 'output: out' }, SHOTS);
    const other = await beside(film);
    await film.run();
    await expect(other.run()).rejects.toMatchObject({
      exitCode: 2,
      diagnostics: expect.arrayContaining([expect.objectContaining({ code: 'file-not-ours' })]) as unknown,
    });
    expect(server.counters.posts).toBe(2);
    await expectAtRest(film);
  });

  it('take no name from each other in one output folder: at once, one of them has each, and says so', async () => {
    const film = await makeProject({ baseUrl: server.baseUrl, top: 'output: out' }, SHOTS);
    const other = await beside(film);
    const both = await Promise.all([film.run(), other.run()]);
    expect(both.flatMap(({ shots }) => shots.map(({ outcome }) => outcome)).sort()).toEqual([
      'delivered',
      'delivered',
      'waiting',
      'waiting',
    ]);
    expect(both.map(({ exit_code }) => exit_code).sort()).toContain(1);
    expect(await film.stored()).toHaveLength(4);
    expect(server.counters.posts).toBe(4);
    // Nothing is bought or fetched again, and nothing taken away.
    const before = server.requests.length;
    const names = await Promise.all(['sea', 'sky'].map((id) => bytesAt(film.folder, `out/${id}/${id}.mp4`)));
    for (const project of [film, other]) await project.run().catch(() => undefined);
    expect(server.requests.length).toBe(before);
    expect(
      await Promise.all(['sea', 'sky'].map((id) => bytesAt(film.folder, `out/${id}/${id}.mp4`))),
    ).toEqual(names);
  });

  it('leave each other what both have bought: prune removes what no receipts need', async () => {
    const film = await makeProject({ baseUrl: server.baseUrl }, '  - { id: sea, prompt: waves }');
    // The gateway sends both the same bytes.
    server.autoComplete(clips[0] ?? Buffer.alloc(0));
    const other = await beside(film);
    await film.run();
    await other.run();
    expect(await film.stored()).toHaveLength(1);
    await writeFile(
      join(film.folder, 'other.yaml'),
      (await film.read('other.yaml')).replace('id: sea, prompt: ebb', 'id: hill, prompt: grass'),
    );
    server.autoComplete(clips[1] ?? Buffer.alloc(0));
    await other.run();
    expect(await pruneClips(await other.load(), { remove: true })).toEqual([]);
    await film.write('  - { id: dune, prompt: sand }');
    server.autoComplete(clips[2] ?? Buffer.alloc(0));
    await film.run();
    expect(await pruneClips(await film.load(), { remove: false })).toEqual([]);
    expect(await film.stored()).toHaveLength(3);
  });
});

describe('two folders with one output and one store', () => {
  async function twoFolders() {
    const film = await makeProject({ baseUrl: server.baseUrl }, SHOTS);
    const second = await mkdtemp(join(tmpdir(), 'dailies-second-'));
    await cp(film.manifest, join(second, 'film.yaml'));
    const shared = await mkdtemp(join(tmpdir(), 'dailies-shared-'));
    const text = (await film.read('film.yaml')).replace('waves', 'ebb').replace('clouds', 'stars');
    await writeFile(join(second, 'film.yaml'), text);
    const places = { output: join(shared, 'out'), clips: join(shared, 'store') };
    return {
      shared,
      one: manifestAt(film.manifest, places),
      two: manifestAt(join(second, 'film.yaml'), places),
      apart: manifestAt(join(second, 'film.yaml'), { ...places, output: join(shared, 'other') }),
    };
  }

  it('are two projects, although their manifests bear one name', async () => {
    const { one, two, apart } = await twoFolders();
    expect(await one.run()).toMatchObject({ exit_code: 0, counts: { submitted: 2 } });
    await expect(two.run()).rejects.toMatchObject({ exitCode: 2 });
    expect(await apart.run()).toMatchObject({ exit_code: 0, counts: { submitted: 2 } });
    await expectAtRest(one, apart, one);
  });

  it('take nothing from each other when both run at once', async () => {
    const { one, two } = await twoFolders();
    const both = await Promise.all([one.run(), two.run()]);
    expect(server.counters.posts).toBe(4);
    const outcomes = both.flatMap(({ shots }) => shots.map(({ outcome }) => outcome));
    expect(outcomes.filter((outcome) => outcome === 'delivered')).toHaveLength(2);
    expect(outcomes.filter((outcome) => outcome === 'waiting')).toHaveLength(2);
  });
});

describe('a store elsewhere', () => {
  it('gives names that are copies where it lies on another disk, and the plan says so', async () => {
    const film = await makeProject({ baseUrl: server.baseUrl }, SHOTS);
    const store = await mkdtemp('/dev/shm/dailies-store-');
    const elsewhere = manifestAt(film.manifest, { clips: store });
    expect((await elsewhere.plan()).diagnostics).toMatchObject([{ code: 'names-are-copies' }]);
    expect(await elsewhere.run()).toMatchObject({ exit_code: 0 });
    await expectAtRest(elsewhere);
    await film.write(SHOTS.replace('id: sea', 'id: ocean'));
    await expectAtRest(elsewhere);
    expect(await bytesAt(film.folder, 'renders/film/ocean/ocean.mp4')).toEqual(clips[0]);
    await expect(bytesAt(film.folder, 'renders/film/sea/sea.mp4')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
