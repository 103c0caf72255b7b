import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { systemClock, type Clock } from '../../src/clock.js';
import { unlockRun } from '../../src/store/run-lock.js';
import { openAttempts } from '../../src/store/local-attempts.js';
import { builtCli } from '../helpers/built-cli.js';
import { cli } from '../helpers/cli.js';
import { fastClock } from '../helpers/clock.js';
import { homeOf } from '../helpers/state.js';
import { KEY, startCommand, type Command } from './command.js';
import { makeFilm, type Film } from './film.js';
import { inspect, NOTHING_FOUND } from './invariants.js';

const env = { TEST_KEY: KEY };
let film: Film;
let first: Command;
let letGo: () => void;

beforeAll(async () => {
  await builtCli();
}, 120_000);

/** A first run is at work: its submit is at the gateway, which takes its time. */
beforeEach(async () => {
  film = await makeFilm(['a']);
  const holding = new Promise<void>((resolve) => (letGo = resolve));
  const submitting = new Promise<void>((resolve) => {
    film.stage.onRequest = ({ endpoint }) => {
      if (endpoint !== 'submit') return undefined;
      resolve();
      return holding;
    };
  });
  first = await startCommand(['run', film.manifest, '--yes']);
  await submitting;
});
afterEach(async () => {
  letGo();
  first.kill();
  await first.ended;
  expect(await inspect(film)).toEqual(NOTHING_FOUND);
  await film.remove();
});

/** A clock that nobody may wait by. */
const impatient: Clock = {
  ...systemClock,
  sleep: () => Promise.reject(new Error('somebody waited')),
};

const openState = () => openAttempts({ home: homeOf(film.lockfile), clock: impatient });
const lockPath = () => `${film.lockfile}.lck`;

it('all that would write is refused while a run is at work, and told by whom', async () => {
  const { requests } = film.server;
  const asked = requests.length;
  for (const words of [['run', '--yes'], ['resolve', 'a', '--not-charged'], ['prune', '--yes'], ['unlock']]) {
    const [command = '', ...options] = words;
    const { exitCode, stderr } = await cli([command, film.manifest, ...options], { env });
    expect(exitCode, command).toBe(3);
    expect(stderr, command).toContain(`process ${first.child.pid ?? ''} on ${hostname()}`);
  }
  expect(requests).toHaveLength(asked);
  await expect(openState()).rejects.toMatchObject({ code: 'locked-by-another-run', exitCode: 3 });
  expect(await cli(['plan', film.manifest, '--offline'], { env })).toMatchObject({ exitCode: 0 });
  expect(await cli(['status', film.manifest], { env })).toMatchObject({ exitCode: 0 });
  letGo();
  expect(await first.ended).toMatchObject({ code: 0 });
});

it('a run that was killed is no obstacle, and costs no wait', async () => {
  first.kill();
  await first.ended;
  expect(existsSync(lockPath())).toBe(true);
  await (await openState()).close();
  expect(existsSync(lockPath())).toBe(false);
});

it('a run on another host is not taken for dead, until it is said to be', async () => {
  first.kill();
  await first.ended;
  const holder = JSON.parse(await readFile(lockPath(), 'utf8')) as object;
  await writeFile(lockPath(), JSON.stringify({ ...holder, host: 'render-7', boot: 'another' }));
  const refused = await cli(['run', film.manifest, '--yes'], { env });
  expect(refused).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('render-7') as string });
  expect(refused.stderr).toContain('dailies unlock');
  expect(await unlockRun({ lockfile: film.lockfile, clock: fastClock(100) })).toBe(true);
  expect(await cli(['run', film.manifest, '--yes'], { env })).toMatchObject({ exitCode: 1 });
});
