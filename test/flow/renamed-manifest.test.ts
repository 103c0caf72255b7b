import { rename } from 'node:fs/promises';
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
async function renamed() {
  const film = await makeProject({ baseUrl: server.baseUrl }, '  - { id: sea, prompt: waves }');
  await film.write((await film.read('film.yaml')).replace('project: film\n', ''));
  expect(await film.run()).toMatchObject({ exit_code: 0 });
  const manifest = join(film.folder, 'final.yaml');
  await rename(film.manifest, manifest);
  const load = () => loadProject({ manifest, env: { TEST_KEY: 'sk-test-0123456789' } });
  return { film, load };
}

describe('a manifest that was renamed without its lockfile', () => {
  it('is refused before anything is bought again, with the lockfile named', async () => {
    const { load } = await renamed();
    const refusal = { exitCode: 2, diagnostics: [{ code: 'lockfile-left-behind' }] };
    await expect(load().then(planProject)).rejects.toMatchObject(refusal);
    await expect(load().then(runProject)).rejects.toMatchObject(refusal);
    expect(server.counters.posts).toBe(1);
  });

  it('goes on where the lockfile is renamed too', async () => {
    const { film, load } = await renamed();
    await rename(join(film.folder, 'film.lock.json'), join(film.folder, 'final.lock.json'));
    expect(await runProject(await load())).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
  });

  it('is a new project where it asks for other clips', async () => {
    const { film, load } = await renamed();
    const text = (await film.read('final.yaml')).replace('waves', 'calm water');
    await film.write(text);
    await rename(film.manifest, join(film.folder, 'final.yaml'));
    expect(await runProject(await load())).toMatchObject({ exit_code: 0, counts: { submitted: 1 } });
  });
});
