import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/events.js';
import { loadProject } from '../../src/flow/project/project.js';
import { resolveShots, type Resolution } from '../../src/flow/commands/resolve.js';
import { readShotState } from '../helpers/state.js';
import { cli } from '../helpers/cli.js';
import { startGatewayServer } from '../helpers/gateway-server.js';
import { fastClock } from '../helpers/clock.js';
import { KEY } from './command.js';
import { runHere } from './disk-scenarios.js';
import { makeFilm, promptOf, type Film } from './film.js';
import { inspect, NOTHING_FOUND } from './invariants.js';

/** What the gateway's accounts say of whichever id they are asked for. */
const GENERATION = {
  total_cost: '0.12',
  created_at: new Date().toISOString(),
  model: 'google/veo-3.1-lite',
  provider_name: 'Acme',
};

let film: Film;
beforeEach(async () => {
  film = await makeFilm(['a', 'b', 'c'], {
    gateway: { key: { usage: 12.5, limit: 50 }, generation: GENERATION },
    top: 'concurrency: 1',
  });
});
afterEach(async () => {
  expect(await inspect(film)).toEqual(NOTHING_FOUND);
  await film.remove();
});

/** The answers to the first submits are lost; where `taken`, the gateway has the job nevertheless. */
async function loseAnswers(times: number, taken: boolean): Promise<void> {
  film.server.failNext(taken ? 'drop-after-accept' : 'reset', { times });
  expect(await runHere(film)).toMatchObject({ exit_code: 1 });
  expect(film.server.counters.posts).toBe(3);
}

async function resolve(request: Omit<Parameters<typeof resolveShots>[1], 'signal'>): Promise<Resolution> {
  return resolveShots(await loadProject({ manifest: film.manifest, env: { TEST_KEY: KEY } }), request);
}

const statesOf = async () =>
  (await readShotState(film.lockfile)).attempts().map(({ owner, state }) => `${owner.shot} ${state.kind}`);

describe('a submit whose answer was lost', () => {
  it('gets its job back by the id, and the next run fetches the clip without paying', async () => {
    await loseAnswers(1, true);
    const { settled, usage_usd } = await resolve({ shots: ['a'], settlement: { as: 'job', jobId: 'job-1' } });
    expect(settled).toMatchObject([
      { owner: { shot: 'a', take: 1 }, as: 'job', at: expect.any(String) as string },
    ]);
    expect(usage_usd).toBe(12.5);
    expect(await statesOf()).toEqual(['a pending', 'b delivered', 'c delivered']);
    expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
    expect(film.server.counters.posts).toBe(3);
  });

  it('gets its job back although another gateway has one of the same id', async () => {
    expect(await runHere(film)).toMatchObject({ exit_code: 0 });
    const second = await startGatewayServer({ validate: false });
    second.failNext('drop-after-accept');
    await writeFile(
      film.manifest,
      `${(await readFile(film.manifest, 'utf8')).replace(film.server.baseUrl, second.baseUrl)}\n  - { id: d, prompt: d }`,
    );
    expect(await runHere(film)).toMatchObject({ exit_code: 1 });
    const { settled } = await resolve({ shots: ['d'], settlement: { as: 'job', jobId: 'job-1' } });
    expect(settled).toMatchObject([{ owner: { shot: 'd' } }]);
    await second.close();
  });

  it('is free to be bought again when it was not charged', async () => {
    await loseAnswers(1, false);
    await resolve({ shots: ['a@1'], settlement: { as: 'not_charged' } });
    expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 1 }, spent_usd: 0.3 });
  });

  it('counts as spent when it is given up', async () => {
    await loseAnswers(1, false);
    await resolve({ shots: ['a'], settlement: { as: 'abandoned' } });
    expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 1 }, spent_usd: 0.42 });
  });

  it('is settled once, however often it is named', async () => {
    await loseAnswers(2, false);
    const { settled } = await resolve({ shots: ['a', 'b', 'a@1', 'a'], settlement: { as: 'not_charged' } });
    expect(settled.map(({ owner }) => owner.shot)).toEqual(['a', 'b']);
  });

  it('is settled together with all others', async () => {
    await loseAnswers(3, false);
    const { settled } = await resolve({ shots: [], all: true, settlement: { as: 'not_charged' } });
    expect(settled).toHaveLength(3);
    expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 3 } });
  });

  it('is settled at the gateway it went to, and at no other', async () => {
    await loseAnswers(1, true);
    const other = await makeFilm([]);
    const text = await readFile(film.manifest, 'utf8');
    await writeFile(film.manifest, text.replace(film.server.baseUrl, other.server.baseUrl));
    const asked = resolve({ shots: ['a'], settlement: { as: 'job', jobId: 'job-1' } });
    await expect(asked).rejects.toMatchObject({
      code: 'usage',
      message: `the submit of a went to ${film.server.baseUrl}`,
      hint: expect.stringContaining(`--gateway ${film.server.baseUrl}`) as string,
    });
    await writeFile(film.manifest, text);
    await other.remove();
  });

  it('is told of, and ends the run with 1, also when its shot has left the manifest', async () => {
    await loseAnswers(1, true);
    await film.write(['b', 'c']);
    const warnings: string[] = [];
    const onEvent = (event: RunEvent) => {
      if (event.type === 'warning') warnings.push(event.message);
    };
    expect(await runHere(film, { onEvent })).toMatchObject({ exit_code: 1, counts: { submitted: 0 } });
    expect(warnings).toEqual([expect.stringContaining('dailies resolve settles a')]);
    await film.write(['a', 'b', 'c']);
    await resolve({ shots: ['a'], settlement: { as: 'job', jobId: 'job-1' } });
    await film.write(['b', 'c']);
    expect(await runHere(film)).toMatchObject({ exit_code: 0 });
  });

  it('is given up for the new one where its shot was renamed', async () => {
    await loseAnswers(1, false);
    await film.write([{ id: 'z', prompt: promptOf('a') }, 'b', 'c']);
    expect(await runHere(film, { onUncertain: 'resubmit' })).toMatchObject({ exit_code: 0 });
    expect(await statesOf()).toContain('a abandoned');
  });

  it.each([
    ['that the gateway does not know', 'job-99', 'job-unknown'],
    ['that another shot has', 'job-2', 'job-taken'],
    ['that would lead elsewhere', '../../../etc/passwd', 'job-unknown'],
  ])('does not take a job %s, and stays as it is', async (_, jobId, code) => {
    await loseAnswers(1, true);
    await expect(resolve({ shots: ['a'], settlement: { as: 'job', jobId } })).rejects.toMatchObject({ code });
    expect(await statesOf()).toEqual(['a uncertain', 'b delivered', 'c delivered']);
    expect(film.server.violations).toEqual([]);
  });

  it('stays as it is while the gateway cannot say whether it has the job', async () => {
    await loseAnswers(1, true);
    film.server.failNext(500, { on: 'poll' });
    const settlement = { as: 'job', jobId: 'job-1' } as const;
    await expect(resolve({ shots: ['a'], settlement })).rejects.toMatchObject({
      code: 'gateway-unreachable',
    });
    expect(await statesOf()).toContain('a uncertain');
  });

  it('has one job at most', async () => {
    await loseAnswers(2, true);
    const settlement = { as: 'job', jobId: 'job-1' } as const;
    await expect(resolve({ shots: ['a', 'b'], settlement })).rejects.toMatchObject({
      code: 'usage',
      exitCode: 2,
      hint: 'name one of these with --job-id: a@1, b@1',
    });
  });

  it('is settled by the name of the shot that a plan holds for it, after a rename', async () => {
    await loseAnswers(1, false);
    await film.write([{ id: 'z', prompt: promptOf('a') }, 'b', 'c']);
    const { settled } = await resolve({ shots: ['z'], settlement: { as: 'not_charged' } });
    expect(settled).toMatchObject([{ owner: { shot: 'a', take: 1 } }]);
    expect(await runHere(film)).toMatchObject({ exit_code: 0 });
  });
});

describe('a shot of a matrix', () => {
  const settlement = { as: 'not_charged' } as const;
  const matrix = { id: 'rain', prompt: 'rain on {{place}}', matrix: { place: ['tin', 'sand', 'moss'] } };

  it('is settled by the id in the manifest, where that leaves no doubt', async () => {
    await film.write([matrix]);
    await loseAnswers(1, false);
    const { settled } = await resolve({ shots: ['rain'], settlement });
    expect(settled).toMatchObject([{ owner: { shot: 'rain.tin' } }]);
    expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 1 } });
  });

  it('has to be named where several wait for an answer', async () => {
    await film.write([matrix]);
    await loseAnswers(2, false);
    await expect(resolve({ shots: ['rain'], settlement })).rejects.toMatchObject({
      code: 'usage',
      message: 'rain is several shots, and 2 of them have something to settle',
      hint: 'name the ones you mean: rain.tin, rain.sand',
    });
    expect((await resolve({ shots: ['rain.tin', 'rain.sand'], settlement })).settled).toHaveLength(2);
    expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 2 } });
  });
});

it('refuses to settle what is settled', async () => {
  await loseAnswers(1, false);
  const settlement = { as: 'not_charged' } as const;
  await expect(resolve({ shots: ['b'], settlement })).rejects.toMatchObject({
    code: 'usage',
    hint: 'did you mean a?',
  });
});

it('gives a lost job up, which stays paid, and renders the shot anew', async () => {
  film.stage.onAccepted = (job) => job.vanish();
  expect(await runHere(film, { clock: fastClock(200) })).toMatchObject({ exit_code: 1 });
  film.stage.onAccepted = () => undefined;
  await expect(resolve({ shots: ['a'], settlement: { as: 'not_charged' } })).rejects.toMatchObject({
    code: 'usage',
  });
  await resolve({ shots: ['a', 'b', 'c'], settlement: { as: 'abandoned' } });
  expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 3 } });
  // Each was bought twice, because it was said so.
  expect(await inspect(film, { wanted: () => 2 })).toEqual(NOTHING_FOUND);
  await film.remove();
  film = await makeFilm([]);
});

describe('dailies resolve', () => {
  const resolveBy = (...words: string[]) =>
    cli(['resolve', film.manifest, ...words], { env: { TEST_KEY: KEY } });

  it('speaks every form', async () => {
    await loseAnswers(3, true);
    expect(await resolveBy('a', '--job-id', 'job-1')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^a@1 +has its job again.*\n.*\$12\.50/) as string,
    });
    expect(await resolveBy('b', '--abandon', '--format', 'json')).toMatchObject({ exitCode: 0 });
    expect(await resolveBy('--all', '--not-charged')).toMatchObject({ exitCode: 0 });
    expect(await statesOf()).toEqual(['a pending', 'b abandoned', 'c not_charged']);
    expect(await resolveBy('--all', '--not-charged')).toMatchObject({
      stdout: expect.stringContaining('nothing to settle') as string,
    });
  });

  it.each([
    ['nobody', ['--not-charged']],
    ['somebody and all', ['a', '--all', '--not-charged']],
    ['to settle nobody knows how', ['--all']],
    ['two settlements', ['a', '--not-charged', '--abandon']],
  ])('refuses to be told %s', async (_, words) => {
    await loseAnswers(1, false);
    expect(await resolveBy(...words)).toMatchObject({ exitCode: 2, stdout: '' });
    expect(await statesOf()).toContain('a uncertain');
  });

  it('shows what was sent when, and what the key has used since, and settles nothing', async () => {
    await loseAnswers(3, true);
    const { stdout, exitCode } = await resolveBy('c');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^c: no certain answer to the submit \(the answer to the submit was lost/);
    expect(stdout).toMatch(/ {2}sent {6}\S+Z to \S+Z, to http:/);
    expect(stdout).toContain('asked for google/veo-3.1-lite');
    expect(stdout).toContain('up $0.00 since $12.50 at ');
    expect(stdout).toMatch(/settle it: dailies resolve \S+ c --job-id ID \| --not-charged/);
    expect((await statesOf()).join()).toBe('a uncertain,b uncertain,c uncertain');
    const all = await resolveBy('--format', 'json');
    expect(JSON.parse(all.stdout)).toMatchObject({
      usage_usd: 12.5,
      unsettled: [{ owner: { shot: 'a' } }, {}, { usage: { before_usd: 12.5, now_usd: 12.5, known_usd: 0 } }],
    });
  });

  it('asks the accounts of the gateway, and says which submit an entry can be', async () => {
    await loseAnswers(2, true);
    const { stdout } = await resolveBy('b', '--generation', 'gen-vid-1/2');
    expect(stdout).toContain('served by Acme, cost $0.12');
    expect(stdout).toContain('it can be 1 submit of those above: b@1');
    expect(film.server.requests.at(-1)?.path).toBe('/api/v1/generation?id=gen-vid-1%2F2');
    expect((await statesOf()).join()).toContain('b uncertain');
  });

  it('takes an empty answer of the accounts for no proof', async () => {
    await loseAnswers(1, true);
    film.server.failNext(404, { on: 'generation' });
    const { stdout, exitCode } = await resolveBy('--generation', 'gen-1');
    expect([exitCode, stdout]).toEqual([
      0,
      expect.stringContaining('does not mean that nothing was charged'),
    ]);
    expect(await statesOf()).toContain('a uncertain');
  });
});
