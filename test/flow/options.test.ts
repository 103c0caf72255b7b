import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import type { RunOptions } from '../../src/flow/commands/run.js';
import { loadManifest, plan, run, status } from '../../src/index.js';
import { orderedClip } from '../helpers/clips.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject } from '../helpers/project.js';

const server = useGateway();
const clip = await orderedClip();
beforeEach(() => server.autoComplete(clip));

const project = () => makeProject({ baseUrl: server.baseUrl }, '  - { id: sea, prompt: waves }');

/** An option as plain JavaScript may give it. */
const plain = (name: string, value: unknown) => ({ [name]: value }) as RunOptions;

describe('the options of a run', () => {
  it.each([NaN, -1, Infinity, '5', null])(
    'hold no ceiling that is no amount of money: %s is refused before anything is asked or written',
    async (maxCostUsd) => {
      const film = await project();
      await expect(film.run(plain('maxCostUsd', maxCostUsd))).rejects.toMatchObject({
        code: 'usage',
        exitCode: 2,
        message: expect.stringMatching(/^maxCostUsd must be US dollars, a number from 0 up, not /) as string,
      });
      expect(server.requests).toEqual([]);
      expect(await readdir(film.folder)).toEqual(['film.yaml']);
    },
  );

  it('take 0 as a ceiling, and undefined as none', async () => {
    const film = await project();
    expect(await film.run({ maxCostUsd: 0 })).toMatchObject({ exit_code: 3, stopped: { kind: 'budget' } });
    expect(await film.run(plain('maxCostUsd', undefined))).toMatchObject({ exit_code: 0 });
  });
});

describe('options from plain JavaScript', () => {
  it.each<[string, unknown, string]>([
    ['only', 'one', "only must be a list of at least one id, not 'one'"],
    ['only', [], 'only must be a list of at least one id, not []'],
    ['only', [1], 'only must be a list of at least one id, not [ 1 ]'],
    ['rerender', 'sea', "rerender must be a list of ids, not 'sea'"],
    ['locked', 'no', "locked must be true or false, not 'no'"],
    ['onUncertain', 'resubmitted', "onUncertain must be hold or resubmit, not 'resubmitted'"],
    ['onEvent', {}, 'onEvent must be a function, not {}'],
    ['signal', 'SIGINT', "signal must be an AbortSignal, not 'SIGINT'"],
    ['maxCost', 5, 'there is no option maxCost here'],
    ['gateway', 'sandbox', 'there is no option gateway here'],
  ])('that a run cannot take are refused before anything is asked: %s: %o', async (name, value, message) => {
    const film = await project();
    const options = plain(name, value);
    await expect(run(await film.load(), options)).rejects.toMatchObject({
      code: 'usage',
      exitCode: 2,
      message,
    });
    await expect(plan(await film.load(), options)).rejects.toMatchObject({ code: 'usage', message });
    expect(server.requests).toEqual([]);
  });

  it.each<[string, unknown]>([
    ...[0, -1, 1.5, NaN, Infinity, '3', null].map((value): [string, unknown] => ['concurrency', value]),
    ['vars', { hero: null }],
    ['vars', ['hero']],
    ['output', ''],
    ['gateway', 7],
    ['allowLargeMatrix', 'yes'],
    ['parallel', 3],
  ])('that a manifest cannot take are refused when it is loaded: %s: %o', async (name, value) => {
    const { manifest } = await project();
    const options = { [name]: value } as Parameters<typeof loadManifest>[1];
    await expect(loadManifest(manifest, options)).rejects.toMatchObject({
      code: 'usage',
      exitCode: 2,
      message: expect.stringContaining(name) as string,
    });
  });

  it('may be called as the hint says', async () => {
    const film = await project();
    await expect(film.run(plain('maxCost', 5))).rejects.toMatchObject({
      hint: expect.stringContaining('maxCostUsd') as string,
    });
  });
});

describe('the path of a manifest', () => {
  it('may be a file URL, and is no other URL', async () => {
    const { manifest } = await project();
    expect(await loadManifest(pathToFileURL(manifest))).toMatchObject({ manifest: { project: 'film' } });
    await expect(loadManifest(new URL('https://example.com/a.yaml'))).rejects.toMatchObject({
      code: 'usage',
    });
    await expect(loadManifest(null as unknown as string)).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('the library', () => {
  it('takes a key that the environment lacks from .env beside the manifest, as the command does', async () => {
    const { manifest, folder } = await project();
    await writeFile(join(folder, '.env'), 'TEST_KEY=sk-from-file-123456\nHTTP_PROXY=http://127.0.0.1:9\n');
    const from = async (env: NodeJS.ProcessEnv) => (await loadManifest(manifest, { env })).target;
    expect(await from({})).toMatchObject({ apiKey: 'sk-from-file-123456' });
    expect(await from({ TEST_KEY: 'sk-own-123456789' })).toMatchObject({ apiKey: 'sk-own-123456789' });
    expect((await loadManifest(manifest, { env: {} })).env).not.toHaveProperty('HTTP_PROXY');
  });

  it('tells how each take stands, and makes no contact sheet where none is wanted', async () => {
    const { manifest } = await project();
    const film = await loadManifest(manifest, { env: { TEST_KEY: 'sk-test-0123456789' } });
    expect((await status(film)).takes).toMatchObject([{ key: 'sea', state: 'missing' }]);
    const { output } = await run(film, { renderSheet: undefined });
    expect((await status(film)).takes).toMatchObject([{ key: 'sea', state: 'delivered' }]);
    expect(await readdir(output)).toEqual(['report.json', 'sea']);
  });
});
