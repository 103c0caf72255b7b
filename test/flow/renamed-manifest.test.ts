import { copyFile, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { planProject } from '../../src/flow/plan/plan.js';
import { loadProject } from '../../src/flow/project/project.js';
import { runProject } from '../../src/flow/commands/run.js';
import { makeClip } from '../helpers/clips.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject } from '../helpers/project.js';

const server = useGateway();
const clip = await makeClip();
beforeEach(() => server.autoComplete(clip));

/** A delivered project without a `project:` name, whose manifest was renamed then. */
async function renamed(first: object = { exit_code: 0 }) {
  const film = await makeProject({ baseUrl: server.baseUrl }, '  - { id: sea, prompt: waves }');
  await film.write((await film.read('film.yaml')).replace('project: film\n', ''));
  expect(await film.run()).toMatchObject(first);
  const manifest = join(film.folder, 'final.yaml');
  await rename(film.manifest, manifest);
  const load = () => loadProject({ manifest, env: { TEST_KEY: 'sk-test-0123456789' } });
  return { film, load };
}

const bought = { exit_code: 0, counts: { submitted: 0 } };

describe('a manifest that was renamed without its lockfile', () => {
  it('takes its lockfile over, and buys nothing', async () => {
    const { film, load } = await renamed();
    expect((await planProject(await load())).shots).toMatchObject([{ action: 'reuse' }]);
    expect(await runProject(await load())).toMatchObject(bought);
    expect(await film.read('final.lock.json')).toContain('"manifest": "final.yaml"');
    await expect(film.read('film.lock.json')).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readFile(join(film.folder, 'renders/final/sea/sea.mp4'))).toEqual(clip);
    expect(await runProject(await load())).toMatchObject(bought);
    expect(server.counters.posts).toBe(1);
  });

  it('is known by its receipts where the lockfile is gone', async () => {
    const { film, load } = await renamed();
    await rm(join(film.folder, 'film.lock.json'));
    expect(await runProject(await load())).toMatchObject(bought);
    expect(server.counters.posts).toBe(1);
  });

  it('goes on where the lockfile is renamed too', async () => {
    const { film, load } = await renamed();
    await rename(join(film.folder, 'film.lock.json'), join(film.folder, 'final.lock.json'));
    expect(await runProject(await load())).toMatchObject(bought);
  });

  it.each([
    ['its lockfile', false],
    ['its receipts alone', true],
  ])('is known in other words for the same clip, too: by %s', async (_, isLost) => {
    const { film, load } = await renamed();
    if (isLost) await rm(join(film.folder, 'film.lock.json'));
    await film.write(
      (await film.read('final.yaml')).replace('google/veo-3.1-lite', 'google/veo-3.1-lite-20260331'),
    );
    await rename(film.manifest, join(film.folder, 'final.yaml'));
    expect(await runProject(await load())).toMatchObject(bought);
    expect(server.counters.posts).toBe(1);
  });

  it.each([
    ['its lockfile', false],
    ['its receipts alone', true],
  ])('is known by a submit that was never answered, and stays held: by %s', async (_, isLost) => {
    server.failNext('drop-after-accept');
    const { film, load } = await renamed({ exit_code: 1 });
    if (isLost) await rm(join(film.folder, 'film.lock.json'));
    expect(await runProject(await load())).toMatchObject({ exit_code: 1, shots: [{ outcome: 'held' }] });
    expect(server.counters.posts).toBe(1);
  });

  it('is a new project where it asks for other clips', async () => {
    const { film, load } = await renamed();
    await film.write((await film.read('final.yaml')).replace('waves', 'calm water'));
    await rename(film.manifest, join(film.folder, 'final.yaml'));
    expect(await runProject(await load())).toMatchObject({ exit_code: 0, counts: { submitted: 1 } });
    expect(await film.read('film.lock.json')).toContain('"manifest": "film.yaml"');
  });
});

describe('a lockfile that belongs to another manifest', () => {
  it.each([
    ['film.yml, which has the name of film.yaml', 'film.yml', undefined],
    ['a copy of the manifest with its lockfile', 'second.yaml', 'second.lock.json'],
  ])('is refused with exit 3, and left as it is: %s', async (_, name, lockfile) => {
    const film = await makeProject({ baseUrl: server.baseUrl }, '  - { id: sea, prompt: waves }');
    await film.run();
    const before = await film.read('film.lock.json');
    await copyFile(film.manifest, join(film.folder, name));
    if (lockfile) await copyFile(join(film.folder, 'film.lock.json'), join(film.folder, lockfile));
    const load = () =>
      loadProject({ manifest: join(film.folder, name), env: { TEST_KEY: 'sk-test-0123456789' } });
    const refusal = { code: 'lockfile-of-another', exitCode: 3 };
    await expect(load().then((project) => planProject(project))).rejects.toMatchObject(refusal);
    await expect(load().then((project) => runProject(project))).rejects.toMatchObject(refusal);
    expect(await film.read('film.lock.json')).toBe(before);
    expect(server.counters.posts).toBe(1);
  });
});
