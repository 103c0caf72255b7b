import { afterEach, describe, expect, it } from 'vitest';
import { readShotState } from '../../src/store/shot-store.js';
import { runCommand, startCommand } from './command.js';
import { makeFilm, type Film } from './film.js';
import { inspect, NOTHING_FOUND } from './invariants.js';

let film: Film;
afterEach(async () => {
  expect(await inspect(film)).toEqual(NOTHING_FOUND);
  await film.remove();
});

const statesOf = async () => (await readShotState(film.lockfile)).attempts().map(({ state }) => state.kind);

/** Starts a run, and signals to it when it asks the gateway for this. */
async function signalAt(endpoint: string, signals: readonly NodeJS.Signals[]) {
  const run = await startCommand(['run', film.manifest, '--yes']);
  film.stage.onRequest = (request) => {
    if (request.endpoint !== endpoint) return;
    film.stage.onRequest = () => undefined;
    for (const signal of signals) run.kill(signal);
  };
  return run.ended;
}

describe.each(['SIGINT', 'SIGTERM'] as const)('%s', (signal) => {
  it('stops submitting, writes the state, and leaves with 130; the next run goes on', async () => {
    film = await makeFilm(['a', 'b', 'c'], { top: 'concurrency: 1' });
    const { code, stdout, stderr } = await signalAt('poll', [signal]);
    expect(code, stderr).toBe(130);
    expect(stdout).toContain('dailies run');
    expect(await statesOf()).toEqual(['pending']);
    expect(film.server.counters.posts).toBe(1);
    expect(await runCommand(['run', film.manifest, '--yes'])).toMatchObject({ code: 0 });
    expect(film.server.counters.posts).toBe(3);
  });
});

it('waits for the answer to a submit that is on its way', async () => {
  film = await makeFilm(['a']);
  const run = await startCommand(['run', film.manifest, '--yes']);
  const { promise: stopping, resolve: stops } = deferred();
  let said = '';
  run.child.stderr?.on('data', (text: string) => {
    said += text;
    if (said.includes('stopping')) stops();
  });
  film.stage.onRequest = async ({ endpoint }) => {
    if (endpoint !== 'submit') return;
    run.kill('SIGINT');
    await stopping;
  };
  expect(await run.ended).toMatchObject({ code: 130 });
  expect(await statesOf()).toEqual(['pending']);
});

it('does not wait for ever: what is not answered in time is uncertain', async () => {
  film = await makeFilm(['a']);
  film.server.failNext('hang');
  expect(await signalAt('submit', ['SIGINT'])).toMatchObject({ code: 130 });
  expect(await statesOf()).toEqual(['uncertain']);
});

it('leaves at once when it is told twice', async () => {
  film = await makeFilm(['a']);
  film.server.failNext('hang');
  expect(await signalAt('submit', ['SIGINT', 'SIGTERM'])).toMatchObject({ code: 130 });
  // Nothing was written any more: the intent on the disk says all that can be known.
  expect(await statesOf()).toEqual(['submitting']);
  expect(await runCommand(['run', film.manifest, '--yes'])).toMatchObject({ code: 1 });
  expect(await statesOf()).toEqual(['uncertain']);
  expect(film.server.counters.posts).toBe(1);
});

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
