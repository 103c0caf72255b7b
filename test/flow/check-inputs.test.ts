import { createServer, type RequestListener } from 'node:http';
import { mkdtemp, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { preflight, privateInputs } from '../../src/flow/plan/check-inputs.js';
import { planProject, validateProject } from '../../src/flow/plan/plan.js';
import { ManifestError } from '../../src/errors.js';
import { loadProject, type Project } from '../../src/flow/project/project.js';
import { startGatewayServer } from '../helpers/gateway-server.js';
import { makeProject } from '../helpers/project.js';

async function projectOf(manifest: string, { soundPart = false } = {}): Promise<Project> {
  const path = join(await mkdtemp(join(tmpdir(), 'dailies-inputs-')), 'shots.yaml');
  await writeFile(path, manifest);
  return loadProject({ manifest: path, env: {} }, { soundPart });
}

/** The origin of a server that answers so until the test is over. */
async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((done) => server.once('listening', done));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

/** Four shots: two with the frame of the defaults, one with the same of its own, one with another. */
function shots(base: string, gateway = 'openrouter'): string {
  return `version: 1
gateway: ${gateway}
defaults: { model: maker/model, first_frame: "${base}/a.png" }
shots:
  - { id: a, prompt: p }
  - { id: b, prompt: p, takes: 2 }
  - { id: c, prompt: p, first_frame: "${base}/a.png" }
  - { id: d, prompt: p, first_frame: "${base}/d.png" }
`;
}

describe('an input that cannot be fetched', () => {
  it('is told once for each place that names it, and names the shot where it is one', async () => {
    const project = await projectOf(shots('https://10.0.0.1'));
    const found = privateInputs(project, project.manifest.takes);
    expect(found.map(({ code, at, shot }) => [code, at?.line, shot])).toEqual([
      ['private-url', 3, undefined],
      ['private-url', 7, 'c'],
      ['private-url', 8, 'd'],
    ]);
  });

  it('is told so of a file that is not there, too', async () => {
    const { diagnostics } = await projectOf(shots('.'));
    const found = diagnostics.filter(({ code }) => code === 'file-missing');
    expect(found.map(({ at, shot }) => [at?.line, shot]).toSorted()).toEqual([
      [3, undefined],
      [7, 'c'],
      [8, 'd'],
    ]);
  });

  it('is told so where it was asked for, too', async () => {
    const base = await serve((_, response) => response.writeHead(404).end());
    const project = await projectOf(shots(base, `{ base_url: "${base}/api/v1" }`));
    const found = await preflight(project, project.manifest.takes, new AbortController().signal);
    expect(found.map(({ code, at, shot }) => [code, at?.line, shot])).toEqual([
      ['url-unreachable', 3, undefined],
      ['url-unreachable', 7, 'c'],
      ['url-unreachable', 8, 'd'],
    ]);
  });

  it('is held against each kind of media that it is used as', async () => {
    const base = await serve((_, response) => response.writeHead(200, { 'content-type': 'video/mp4' }).end());
    const project = await projectOf(`version: 1
gateway: { base_url: "${base}/api/v1" }
defaults: { model: maker/model, prompt: p }
shots:
  - { id: a, references: ["${base}/a"] }
  - { id: b, references: [{ video: "${base}/a" }] }
  - { id: c, matrix: { references: [[{ image: "${base}/a" }], [{ video: "${base}/a" }]] } }
`);
    const found = await preflight(project, project.manifest.takes, new AbortController().signal);
    expect(found.map(({ code, message, at }) => [code, message, at?.line])).toEqual([
      ['url-not-media', `${base}/a is video/mp4, not an image`, 5],
      ['url-not-media', `${base}/a is video/mp4, not an image`, 7],
    ]);
  });
});

describe('local inputs', () => {
  it('that are more than one request can carry are refused before anything is begun', async () => {
    const server = await startGatewayServer();
    onTestFinished(() => server.close());
    const film = await makeProject(
      { baseUrl: server.baseUrl },
      '  - { id: a, prompt: p, takes: 2, references: [one.png, two.png] }\n  - { id: b, prompt: p, first_frame: one.png }',
    );
    for (const name of ['one.png', 'two.png']) {
      const file = join(film.folder, name);
      await writeFile(file, Buffer.from('89504e470d0a1a0a', 'hex'));
      await truncate(file, 10_500_000);
    }
    const refusal = {
      exitCode: 2,
      diagnostics: expect.arrayContaining([
        expect.objectContaining({
          code: 'file-too-large',
          severity: 'error',
          message: 'the local inputs of a have 21 MB together; at most 20 MB can be sent',
          shot: 'a',
        }),
      ]) as unknown,
    };
    await expect(film.plan()).rejects.toMatchObject(refusal);
    await expect(validateProject(await film.load())).rejects.toMatchObject(refusal);
    await expect(film.run()).rejects.toMatchObject(refusal);
    expect(server.counters.posts).toBe(0);
  });
});

describe('validate', () => {
  const validate = async (manifest: string): Promise<string[]> => {
    try {
      await validateProject(await projectOf(manifest, { soundPart: true }), { offline: true });
      return [];
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      return error.diagnostics.map(({ code, at }) => `${at?.line ?? 0} ${code}`);
    }
  };
  const head =
    'version: 1\ngateway: sandbox\ndefaults: { model: google/veo-3.1-lite, duration: 4 }\nshots:\n';

  it('finds what is wrong of sound shots although others are faulty, in the order of the text', async () => {
    expect(
      await validate(`${head}  - { id: a, prompt: p, first_frame: gone.png }
  - { id: b, promt: p }
  - { id: c, prompt: p, duration: 7 }
  - { id: d, prompt: p, model: googel/veo-3.1-lite }
  - { id: e, prompt: p, from: b }
  - { id: f, prompt: p, last_frame: gone.png, first_frame: gone-too.png }
`),
    ).toEqual([
      '5 file-missing',
      '6 unknown-key',
      '7 duration-unsupported',
      '8 model-unknown',
      '9 unknown-key',
      '10 file-missing',
      '10 file-missing',
    ]);
  });

  it('asks no gateway about a manifest whose gateway may be another', async () => {
    const shots = '  - { id: a, prompt: p, duration: 7 }\n';
    expect(await validate(`${head.replace('gateway', 'gatway')}${shots}`)).toEqual(['2 unknown-key']);
    expect(await validate(`${head}  - { id: a, prompt: p, prompt: q, duration: 7 }\n`)).toEqual([
      '5 yaml-syntax',
    ]);
  });
});

it('a model that the gateway does not have is told once, without a word about its price', async () => {
  const project = await projectOf(
    'version: 1\ngateway: sandbox\nshots: [{ id: a, prompt: p, model: googel/veo-3.1-lite }]\n',
  );
  const refused: unknown = await planProject(project, { offline: true }).catch((error: unknown) => error);
  expect((refused as ManifestError).diagnostics.map(({ code }) => code)).toEqual(['model-unknown']);
});

it('an id that is no shot, but begins several, names some of them', async () => {
  const project = await projectOf(
    'version: 1\ngateway: sandbox\nshots: [{ id: hero, prompt: "{{coat}}", model: google/veo-3.1-lite, matrix: { coat: [red, blue, green, grey] } }]\n',
  );
  await expect(planProject(project, { offline: true, only: ['hero.'] })).rejects.toMatchObject({
    hint: 'these ids start like that: hero.red, hero.blue, hero.green and 1 more',
  });
});
