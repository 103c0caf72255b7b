import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { fastClock } from '../helpers/clock.js';
import { runHere } from './disk-scenarios.js';
import { makeFilm, promptOf, type Film, type Shot } from './film.js';
import { clipsBelow, inspect, NOTHING_FOUND, sha256 } from './invariants.js';

let film: Film;
afterEach(() => film.remove());

/** Runs the film, and stops it when a job is polled. */
async function runUntilPolled(
  job: string,
  options: { readonly withholdClips?: boolean } = {},
): Promise<void> {
  const stopping = new AbortController();
  film.stage.onRequest = ({ endpoint, path }) => {
    if (endpoint === 'content' && options.withholdClips) throw new Error('withheld');
    if (endpoint === 'poll' && path.endsWith(job)) stopping.abort();
  };
  expect(await runHere(film, { signal: stopping.signal })).toMatchObject({ exit_code: 130 });
  film.stage.onRequest = () => undefined;
}

/** The clip of the n-th job that was bought, counted from 1. */
function clipOfJob(number: number): Buffer {
  const job = film.server.jobs[number - 1];
  if (!job) throw new Error(`no job ${number} was bought`);
  return film.clipOf(job);
}

const downloadsOfJob = (number: number) => film.server.jobs[number - 1]?.downloads;
const isStored = async (number: number) =>
  (await clipsBelow(film.store)).some((name) => name.endsWith(`/${sha256(clipOfJob(number))}.mp4`));
const clipAt = (path: string) => readFile(join(film.output, path));

it('fetches a job once that one shot has given up and another one has claimed', async () => {
  film = await makeFilm(['a', 'b']);
  await runUntilPolled('job-2');
  await film.write([
    { id: 'a', prompt: 'something new' },
    { id: 'b', prompt: promptOf('a') },
  ]);
  expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 1 } });
  expect(downloadsOfJob(1)).toBe(1);
  expect(await clipAt('b/b.mp4')).toEqual(clipOfJob(1));
  expect(await isStored(2)).toBe(true);
  expect(await inspect(film)).toEqual(NOTHING_FOUND);
});

it('fetches a job once that serves nobody until its renamed shot knows its source', async () => {
  const chained = (id: string): Shot => ({ id, prompt: 'the rest', previous_job: 'a' });
  film = await makeFilm(['a', chained('b')]);
  await runUntilPolled('job-2');
  await rm(film.output, { recursive: true });
  await rm(film.store, { recursive: true });
  await runUntilPolled('job-2', { withholdClips: true });
  await film.write(['a', chained('c')]);
  expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
  expect(downloadsOfJob(2)).toBe(1);
  expect(await clipAt('c/c.mp4')).toEqual(clipOfJob(2));
});

it('gives an unanswered submit up once when two shots would take its place', async () => {
  film = await makeFilm(['a']);
  film.server.failNext('reset');
  expect(await runHere(film)).toMatchObject({ exit_code: 1, shots: [{ outcome: 'held' }] });
  await film.write([
    { id: 'a', prompt: 'something new' },
    { id: 'b', prompt: promptOf('a') },
  ]);
  const resubmitted = await runHere(film, { onUncertain: 'resubmit' });
  expect(resubmitted).toMatchObject({ exit_code: 0, counts: { delivered: 2, submitted: 2 } });
  expect(film.server.counters.posts).toBe(3);
});

it('asks in each run for a job that was lost, although its shot has moved on', async () => {
  film = await makeFilm(['a']);
  film.stage.onAccepted = (job) => job.vanish();
  expect(await runHere(film, { clock: fastClock(100) })).toMatchObject({ shots: [{ outcome: 'held' }] });
  film.stage.onAccepted = () => undefined;
  await film.write([{ id: 'a', prompt: 'something new' }]);
  expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 1 } });
  film.server.jobs[0]?.restore();
  expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
  expect(await isStored(1)).toBe(true);
});

it('keeps a job whose polls are refused for the key, and buys nothing more', async () => {
  film = await makeFilm(['a', 'b'], { top: 'concurrency: 1' });
  const { server } = film;
  film.stage.onRequest = ({ endpoint }) => {
    if (endpoint === 'poll') server.failNext(401, { on: 'poll' });
  };
  expect(await runHere(film, { clock: fastClock(200) })).toMatchObject({
    exit_code: 3,
    stopped: { kind: 'key' },
    counts: { submitted: 1 },
  });
  film.stage.onRequest = () => undefined;
  expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 1 } });
  expect(await inspect(film)).toEqual(NOTHING_FOUND);
});
