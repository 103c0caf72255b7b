import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.js';
import type { GatewaySetting } from '../../src/domain/manifest.js';
import { examineSetup } from '../../src/flow/commands/doctor.js';
import { gatewayTarget, keyHint, parseGatewayOption } from '../../src/flow/project/gateway-target.js';
import { listModels } from '../../src/flow/commands/models.js';
import { openGateway } from '../../src/gateway/gateway.js';
import { loadManifest } from '../../src/index.js';
import { runProject, type RunOptions } from '../../src/flow/commands/run.js';
import { loadProject } from '../../src/flow/project/project.js';
import { makeClip } from '../helpers/clips.js';
import { fastClock } from '../helpers/clock.js';
import { startGatewayServer } from '../helpers/gateway-server.js';
import { makeProject } from '../helpers/project.js';

const OPENROUTER = { kind: 'openrouter' } as const;

/** An address as a base URL, with what it must not have. */
const UNFIT = [
  ['a query', '?key=s3cret'],
  ['an empty query', '?'],
  ['a fragment', '#s3cret'],
  ['a user and a password', (url: string) => url.replace('//', '//user:s3cret@')],
  ['a password alone', (url: string) => url.replace('//', '//:s3cret@')],
] as const;

const unfit = (base: string, change: (typeof UNFIT)[number][1]) =>
  typeof change === 'string' ? base + change : change(base);

describe('a base URL', () => {
  it.each(UNFIT)('with %s is a usage error wherever one is given, and is not shown', async (_, change) => {
    const server = await startGatewayServer();
    onTestFinished(() => server.close());
    const gateway = unfit(server.baseUrl, change);
    const film = await makeProject({ baseUrl: server.baseUrl }, '  - { id: sea, prompt: waves }');
    const setup = {
      env: {},
      folder: film.folder,
      nodeVersion: 'v22.0.0',
      signal: new AbortController().signal,
    };
    const doors: readonly (() => unknown)[] = [
      () => loadManifest(film.manifest, { gateway }),
      () => listModels({ gateway }),
      () => examineSetup({ ...setup, gateway }),
      () => openGateway({ baseUrl: gateway, clock: systemClock, proxyEnv: {} }),
    ];
    for (const door of doors) {
      const error: unknown = await Promise.resolve()
        .then(door)
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'usage', exitCode: 2 });
      expect(String(error)).not.toContain('s3cret');
    }
    await film.write((await film.read('film.yaml')).replace(server.baseUrl, gateway));
    await expect(loadManifest(film.manifest)).rejects.toMatchObject({ exitCode: 2 });
    expect(server.requests).toEqual([]);
  });

  it.each([
    ['nowhere', 'nowhere'],
    ['ftp://user:s3cret@example.com', 'ftp://…@example.com'],
    ['https://user:s3:c@ret@bad host/v1', 'https://…@bad host/v1'],
    ['https://example.com/v1?key=s3cret', 'https://example.com/v1?…'],
  ])('that is none is told without its secrets: %s', (option, shown) => {
    expect(() => parseGatewayOption(option, OPENROUTER)).toThrow(
      `--gateway ${shown} is neither a gateway's name nor a base URL`,
    );
  });

  it('is taken with slashes at its end, and over http on loopback', () => {
    expect(parseGatewayOption('https://example.com/v1//', OPENROUTER)).toEqual({
      kind: 'custom',
      base_url: 'https://example.com/v1',
    });
    expect(parseGatewayOption('http://127.0.0.1:80/v1', OPENROUTER)).toMatchObject({ kind: 'custom' });
    expect(() => parseGatewayOption('http://example.com/v1', OPENROUTER)).toThrow('neither');
  });
});

describe('a key that is refused', () => {
  it.each<[string, GatewaySetting, string]>([
    [
      'a preset',
      { kind: 'modelgates' },
      'check the key in MODELGATES_API_KEY (dailies doctor --gateway modelgates)',
    ],
    [
      'a base URL',
      { kind: 'custom', base_url: 'https://a.example/v1' },
      'check the key in DAILIES_API_KEY (dailies doctor --gateway https://a.example/v1)',
    ],
    [
      'a variable of its own',
      { kind: 'custom', base_url: 'https://a.example/v1', api_key_env: 'STUDIO' },
      'check the key in STUDIO (DAILIES_API_KEY="$STUDIO" dailies doctor --gateway https://a.example/v1)',
    ],
  ])('is told with the variable it is from, and the command that looks at it: %s', (_, setting, hint) => {
    const env = { MODELGATES_API_KEY: 'key-1', DAILIES_API_KEY: 'key-2', STUDIO: 'key-3' };
    expect(keyHint(gatewayTarget(setting, env))).toBe(hint);
  });

  it('is told with the variable that it should be in, where there is none', () => {
    const setting: GatewaySetting = { kind: 'custom', base_url: 'https://a.example/v1' };
    expect(keyHint(gatewayTarget(setting, {}))).toBe(
      'DAILIES_API_KEY is not set: put the key for this gateway into it (dailies doctor --gateway https://a.example/v1)',
    );
  });

  it('is told so by a gateway that wants it even for its catalogue', async () => {
    const server = await startGatewayServer();
    onTestFinished(() => server.close());
    server.failNext(401, { on: 'models' });
    const film = await makeProject({ baseUrl: server.baseUrl }, '  - { id: sea, prompt: waves }');
    await expect(film.run()).rejects.toMatchObject({
      code: 'key-refused',
      hint: `check the key in TEST_KEY (DAILIES_API_KEY="$TEST_KEY" dailies doctor --gateway ${server.baseUrl})`,
    });
  });

  it.each([401, 403])('is told so when a submit is answered %i', async (status) => {
    const server = await startGatewayServer();
    onTestFinished(() => server.close());
    server.failNext({ status, body: '' });
    const film = await makeProject({ baseUrl: server.baseUrl }, '  - { id: sea, prompt: waves }');
    const { stopped } = await film.run();
    expect(stopped?.hint).toMatch(/^check the key in TEST_KEY \(.*\), then run the same command again$/);
  });
});

describe('a run without the key that its gateway needs', () => {
  const SHOTS = '  - { id: sea, prompt: waves }\n  - { id: storm, prompt: thunder }';
  const gatewayAndFilm = async () => {
    const server = await startGatewayServer();
    onTestFinished(() => server.close());
    server.autoComplete(await makeClip());
    const film = await makeProject({ baseUrl: server.baseUrl, clock: fastClock(200) }, SHOTS);
    const keyless = async (options?: RunOptions) =>
      runProject(await loadProject({ manifest: film.manifest, env: {} }), options);
    return { server, film, keyless };
  };

  it('ends before anything is asked, where something is to be bought', async () => {
    const { server, keyless } = await gatewayAndFilm();
    await expect(keyless()).rejects.toMatchObject({ code: 'key-missing', exitCode: 3 });
    expect(server.requests).toEqual([]);
  });

  it('gives its account where the gateway is not needed: of what is held, or is left alone', async () => {
    const { server, film, keyless } = await gatewayAndFilm();
    server.failNext('drop-after-accept');
    server.failNext(400);
    await film.run();
    const before = server.requests.length;
    expect(await keyless({ retryFailed: false })).toMatchObject({
      exit_code: 1,
      shots: [{ outcome: expect.stringMatching(/held|failed/) as unknown }, {}],
    });
    expect(server.requests).toHaveLength(before);
  });

  it('ends where a job of a removed shot is to be fetched', async () => {
    const { server, film, keyless } = await gatewayAndFilm();
    const controller = new AbortController();
    server.onRequest(({ endpoint }) => {
      if (endpoint === 'poll') controller.abort();
    });
    await film.run({ only: ['sea'], signal: controller.signal });
    server.onRequest(() => undefined);
    await film.run({ only: ['storm'] });
    await film.write('  - { id: storm, prompt: thunder }');
    await expect(keyless()).rejects.toMatchObject({ code: 'key-missing' });
  });
});
