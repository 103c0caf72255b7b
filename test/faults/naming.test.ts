import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadManifest, plan, run } from '../../src/index.js';
import { cli, type CliOptions, type CliResult } from '../helpers/cli.js';
import { makeClip } from '../helpers/clips.js';
import { hasOpenssl, startFarGateway, type FarGateway } from '../helpers/far-gateway.js';

const KEY = 'sk-0123456789abcdef';
const HOST = 'gateway.example';
const BASE = `https://${HOST}/api/v1`;

const describeFar = describe.skipIf(!(await hasOpenssl()));
const clip = await makeClip({ width: 1280, height: 720, seconds: 4, fps: 4 });
let far: FarGateway;
let folder: string;
let manifest: string;
/** The user's own settings, which lie elsewhere. */
let settings: string;

beforeEach(async () => {
  // The certificate of the test is nobody's.
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  far = await startFarGateway();
  far.server.autoComplete(clip, { cost: 0.12 });
  folder = await mkdtemp(join(tmpdir(), 'dailies-naming-'));
  settings = await mkdtemp(join(tmpdir(), 'dailies-settings-'));
  manifest = join(folder, 'film.yaml');
  await write();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await far.close();
  for (const each of [folder, settings]) await rm(each, { recursive: true, force: true });
});

/** A manifest as a stranger might write it: its gateway, and whose key it wants. */
async function write(
  film: { gateway?: string; top?: string; shots?: readonly string[] } = {},
): Promise<void> {
  const {
    gateway = `{ base_url: "${BASE}", api_key_env: OPENROUTER_API_KEY }`,
    top = '',
    shots = ['sea'],
  } = film;
  const lines = [
    'version: 1',
    'project: film',
    `gateway: ${gateway}`,
    top,
    'poll: { interval: 1, timeout: 20 }',
    'defaults: { model: google/veo-3.1-lite, duration: 4, resolution: 720p, generate_audio: false }',
    'shots:',
    ...shots.map((id) => `  - { id: ${id}, prompt: waves of ${id} }`),
    '',
  ];
  await writeFile(manifest, lines.join('\n'));
}

const environment = () => ({
  ...far.env,
  OPENROUTER_API_KEY: KEY,
  XDG_CONFIG_HOME: settings,
  DAILIES_YES: '',
});

const dailies = (words: readonly string[], { env, ...options }: CliOptions = {}): Promise<CliResult> =>
  cli(words, { ...options, env: { ...environment(), ...env } });

const load = (gateway?: string) =>
  loadManifest(manifest, { env: environment(), ...(gateway === undefined ? {} : { gateway }) });

/** What told a gateway of the key. */
const withKey = () => far.told().filter((line) => line.includes(' with '));

const ALL = ['submit', 'poll', 'content'].map((endpoint) => `${HOST} ${endpoint} with ${KEY}`);

/** A run that is interrupted with a job in flight, and whose naming is not remembered. The job completes when it is polled again. */
async function leaveJobInFlight(): Promise<void> {
  far.server.autoComplete(clip, { afterPolls: Infinity });
  const controller = new AbortController();
  const running = run(await load(), { withKey: true, signal: controller.signal });
  await far.server.nextJob();
  controller.abort();
  expect(await running).toMatchObject({ exit_code: 130 });
  far.server.autoComplete(clip, { cost: 0.12 });
  for (const job of far.server.jobs) job.complete(clip, { cost: 0.12 });
  far.forget();
}

describeFar('a key for a gateway that only the manifest names', () => {
  it('is not sent without a terminal, and the error says what wants it where, and how to name it', async () => {
    const { exitCode, stderr } = await dailies(['run', manifest, '--max-cost', '5']);
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(
      /film\.yaml:3 asks to send the key in OPENROUTER_API_KEY to https:\/\/gateway\.example,/,
    );
    for (const remedy of ['--with-key', '--yes', '--gateway URL']) expect(stderr).toContain(remedy);
    expect(stderr).not.toContain(KEY);
    expect(far.told()).toEqual([`${HOST} models`]);
  });

  it('is not sent by a --yes that lies in the environment', async () => {
    expect(await dailies(['run', manifest], { env: { DAILIES_YES: '1' } })).toMatchObject({ exitCode: 3 });
    expect(
      await dailies(['run', manifest], { env: { DAILIES_YES: '1', DAILIES_WITH_KEY: '1' } }),
    ).toMatchObject({
      exitCode: 3,
    });
    expect(withKey()).toEqual([]);
  });

  it('is not sent because of a file in the folder', async () => {
    await writeFile(
      join(folder, '.env'),
      `OPENROUTER_API_KEY=${KEY}\nDAILIES_GATEWAY=${BASE}\nDAILIES_YES=1\nXDG_CONFIG_HOME=${folder}\n`,
    );
    await mkdir(join(folder, 'dailies'));
    const named = [{ origin: new URL(BASE).origin, variable: 'OPENROUTER_API_KEY' }];
    await writeFile(join(folder, 'dailies/keys.json'), JSON.stringify({ version: 1, named }));
    expect(await dailies(['run', manifest])).toMatchObject({ exitCode: 3 });
    // Not even where the folder is the user's home, as in a container.
    expect(await dailies(['run', manifest], { env: { XDG_CONFIG_HOME: folder } })).toMatchObject({
      exitCode: 3,
    });
    expect(withKey()).toEqual([]);
  });

  it('is sent after a yes on the terminal to the plan and the key in one question, and not before', async () => {
    const { exitCode, stderr } = await dailies(['run', manifest], { typed: 'y\n' });
    expect(exitCode).toBe(0);
    expect(stderr).toContain('  + sea  veo-3.1-lite  4 s  720p  $0.12  new');
    expect(stderr.replace(manifest, 'film.yaml')).toContain(
      'Spend up to $0.12, and send the key in OPENROUTER_API_KEY to https://gateway.example, as film.yaml:3 says? [y/N]',
    );
    expect(stderr.match(/\[y\/N\]/g)).toHaveLength(1);
    expect(far.told().slice(0, 1)).toEqual([`${HOST} models`]);
    expect(withKey()).toEqual(expect.arrayContaining(ALL));
  });

  it('is not sent after a no', async () => {
    const { exitCode, stderr } = await dailies(['run', manifest], { typed: 'n\n' });
    expect(exitCode).toBe(3);
    expect(stderr).toContain('no key was sent, and nothing was submitted');
    expect(withKey()).toEqual([]);
    expect(far.server.counters.posts).toBe(0);
  });

  it('is asked about by itself where the gateway names no models without it', async () => {
    far.server.failNext(401, { on: 'models' });
    const no = await dailies(['run', manifest], { typed: 'n\n' });
    expect(no.stderr).toContain(
      'https://gateway.example lists no models without a key. Send the key in OPENROUTER',
    );
    expect(withKey()).toEqual([]);
    far.server.failNext(401, { on: 'models' });
    expect(await dailies(['run', manifest, '--yes'])).toMatchObject({ exitCode: 0 });
    expect(withKey()).toContain(`${HOST} models with ${KEY}`);
  });

  it('is not sent to poll jobs that a lockfile tells of before the question', async () => {
    await leaveJobInFlight();
    expect(await dailies(['run', manifest, '--max-cost', '5'])).toMatchObject({ exitCode: 3 });
    const no = await dailies(['run', manifest], { typed: 'n\n' });
    expect(no.stderr.replace(manifest, 'film.yaml')).toContain(
      'Send the key in OPENROUTER_API_KEY to https://gateway.example, as film.yaml:3 says? [y/N]',
    );
    expect(far.told()).toEqual([]);
    expect(await dailies(['run', manifest], { typed: 'y\n' })).toMatchObject({ exitCode: 0 });
    expect(withKey()).toEqual([`${HOST} poll with ${KEY}`, `${HOST} content with ${KEY}`]);
  });

  it('is not sent to settle a shot', async () => {
    far.server.failNext('reset');
    await dailies(['run', manifest, '--with-key', '--max-cost', '5']);
    far.forget();
    const words = ['resolve', manifest, 'sea'];
    expect(await dailies([...words, '--job-id', 'job-1'])).toMatchObject({ exitCode: 3 });
    expect(far.told()).toEqual([]);
    await dailies([...words, '--job-id', 'job-1', '--with-key']);
    expect(withKey()).toContain(`${HOST} poll with ${KEY}`);
  });

  it('is sent where the user names the gateway, in this command or for all of a job', async () => {
    await dailies(['run', manifest, '--max-cost', '5', '--gateway', BASE]);
    expect(withKey()).toEqual(expect.arrayContaining(ALL));
    await write({ shots: ['sea', 'storm'] });
    const env = { DAILIES_GATEWAY: BASE, OPENROUTER_API_KEY: 'sk-another-0123456789' };
    expect(await dailies(['run', manifest, '--max-cost', '5'], { env })).toMatchObject({ exitCode: 0 });
    expect(withKey()).toContain(`${HOST} submit with sk-another-0123456789`);
  });

  it('is not wanted where nothing is to be done', async () => {
    await dailies(['run', manifest, '--with-key', '--max-cost', '5']);
    const before = far.server.requests.length;
    expect(await dailies(['run', manifest])).toMatchObject({ exitCode: 0 });
    expect(far.server.requests).toHaveLength(before);
  });
});

describeFar('a naming', () => {
  const remembered = () => readFile(join(settings, 'dailies/keys.json'), 'utf8');

  it('by a yes or by --yes is remembered among the user’s own settings, for the user alone', async () => {
    expect(await dailies(['run', manifest], { typed: 'y\n' })).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(await remembered())).toEqual({
      version: 1,
      named: [{ origin: 'https://gateway.example', variable: 'OPENROUTER_API_KEY' }],
    });
    expect((await stat(join(settings, 'dailies/keys.json'))).mode & 0o777).toBe(0o600);
    await write({ shots: ['sea', 'storm'] });
    expect(await dailies(['run', manifest, '--max-cost', '5'])).toMatchObject({ exitCode: 0 });
    await write({ gateway: '{ base_url: "https://second.example/v1", api_key_env: OPENROUTER_API_KEY }' });
    await dailies(['run', manifest, '--yes', '--rerender', 'sea']);
    expect(JSON.parse(await remembered())).toMatchObject({
      named: [{}, { origin: 'https://second.example' }],
    });
  });

  it.each([
    ['origin', `{ base_url: "https://evil.example/api/v1", api_key_env: OPENROUTER_API_KEY }`],
    ['port', `{ base_url: "https://${HOST}:8443/api/v1", api_key_env: OPENROUTER_API_KEY }`],
    ['variable', `{ base_url: "${BASE}", api_key_env: AWS_SECRET_ACCESS_KEY }`],
  ])('holds for no other %s', async (_, gateway) => {
    await dailies(['run', manifest, '--yes']);
    const before = withKey();
    await write({ gateway, shots: ['storm'] });
    const env = { AWS_SECRET_ACCESS_KEY: 'aws-0123456789' };
    expect(await dailies(['run', manifest, '--max-cost', '5'], { env })).toMatchObject({ exitCode: 3 });
    expect(withKey()).toEqual(before);
  });

  it('by --with-key holds for one command', async () => {
    await dailies(['run', manifest, '--with-key', '--max-cost', '5']);
    await write({ shots: ['storm'] });
    expect(await dailies(['run', manifest, '--max-cost', '5'])).toMatchObject({ exitCode: 3 });
  });

  it.each(['folder', 'file'])('is not written through a link in place of the %s', async (which) => {
    const target = join(folder, 'target');
    await mkdir(which === 'folder' ? target : join(settings, 'dailies'));
    if (which === 'file') await writeFile(target, 'mine');
    await symlink(target, join(settings, which === 'folder' ? 'dailies' : 'dailies/keys.json'));
    const { exitCode, stderr } = await dailies(['run', manifest, '--yes']);
    expect(exitCode).toBe(0);
    if (which === 'folder') {
      expect(stderr).toMatch(
        /^warning: .*keys\.json could not store that OPENROUTER_API_KEY may go to https/m,
      );
      await expect(stat(join(target, 'keys.json'))).rejects.toThrow('ENOENT');
    } else expect(await readFile(target, 'utf8')).toBe('mine');
  });
});

describeFar('commands that only look', () => {
  const PRESET = { gateway: 'openrouter' };

  it.each([
    ['plan', 'a custom gateway', {}],
    ['plan', 'a preset', PRESET],
    ['validate', 'a custom gateway', {}],
    ['validate', 'a preset', PRESET],
    ['run --dry-run --yes', 'a custom gateway', {}],
    ['run --dry-run --yes', 'a preset', PRESET],
  ])('send no key without --with-key: %s for %s', async (command, _, film) => {
    await write(film);
    const [name = '', ...options] = command.split(' ');
    const host = film === PRESET ? 'openrouter.ai' : HOST;
    expect(await dailies([name, manifest, ...options])).toMatchObject({ exitCode: 0 });
    expect(far.told()).toEqual([`${host} models`]);
    await dailies([name, manifest, ...options, '--with-key']);
    expect(withKey()).toEqual([`${host} models with ${KEY}`]);
  });

  it('send no key without --with-key: models and schema --live', async () => {
    for (const words of [['models'], ['schema', '--live']]) {
      expect(await dailies(words)).toMatchObject({ exitCode: 0 });
      expect(withKey()).toEqual([]);
    }
    await dailies(['models', '--with-key']);
    expect(withKey()).toEqual([`openrouter.ai models with ${KEY}`]);
  });

  it('say so where a gateway names no models without one', async () => {
    far.server.failNext(401, { on: 'models', times: 2 });
    const { stderr } = await dailies(['plan', manifest]);
    expect(stderr).toContain('https://gateway.example/api/v1 wants a key');
    expect(stderr).toContain('the key in OPENROUTER_API_KEY was not sent: --with-key sends it');
    expect((await dailies(['models'])).stderr).toContain('--with-key');
  });
});

describeFar('a preset', () => {
  it('gets its own key without a question, and no other', async () => {
    await write({ gateway: 'openrouter' });
    expect(await dailies(['run', manifest, '--max-cost', '5'])).toMatchObject({ exitCode: 0 });
    expect(withKey()).toContain(`openrouter.ai submit with ${KEY}`);
    await write({
      gateway: '{ base_url: "https://openrouter.ai/api/v1", api_key_env: AWS_SECRET_ACCESS_KEY }',
    });
    const env = { AWS_SECRET_ACCESS_KEY: 'aws-0123456789' };
    const words = ['run', manifest, '--max-cost', '5', '--rerender', 'sea'];
    expect(await dailies(words, { env })).toMatchObject({ exitCode: 3 });
    expect(withKey().join()).not.toContain('aws-');
  });

  it('that an older job was bought from gets its own key, and the gateway of the run does not', async () => {
    await write({ gateway: 'openrouter' });
    await leaveJobInFlight();
    await write({ gateway: `{ base_url: "${BASE}", api_key_env: STUDIO_KEY }`, shots: ['sea', 'storm'] });
    const env = { STUDIO_KEY: 'sk-studio-0123456789' };
    await dailies(['run', manifest, '--yes'], { env });
    expect(withKey().filter((line) => line.startsWith('openrouter.ai'))).toEqual([
      `openrouter.ai poll with ${KEY}`,
      `openrouter.ai content with ${KEY}`,
    ]);
    expect(
      withKey().filter((line) => line.startsWith(HOST) && !line.endsWith(' sk-studio-0123456789')),
    ).toEqual([]);
    expect(far.server.counters.accepted).toBe(2);
  });
});

describeFar('the library', () => {
  it('sends no key to a gateway that only the manifest names, unless the program says so', async () => {
    await plan(await load());
    await expect(run(await load())).rejects.toMatchObject({ code: 'key-unnamed', exitCode: 3 });
    await expect(run(await load(), { confirm: () => Promise.resolve(true) })).rejects.toMatchObject({
      code: 'key-unnamed',
    });
    expect(withKey()).toEqual([]);
    expect(await run(await load(), { withKey: true })).toMatchObject({ exit_code: 0 });
    expect(withKey()).toEqual(expect.arrayContaining(ALL));
  });

  it('asks the program with the plan, and takes a gateway that it names itself', async () => {
    const asked: unknown[] = [];
    const withoutLeave = run(await load(), {
      withKey: (question) => {
        asked.push(question);
        return Promise.resolve(false);
      },
    });
    await expect(withoutLeave).rejects.toMatchObject({ code: 'declined' });
    expect(asked).toMatchObject([
      {
        variable: 'OPENROUTER_API_KEY',
        origin: 'https://gateway.example',
        spends: true,
        plan: { project: 'film' },
      },
    ]);
    expect(withKey()).toEqual([]);
    expect(await run(await load(BASE))).toMatchObject({ exit_code: 0 });
  });
});
