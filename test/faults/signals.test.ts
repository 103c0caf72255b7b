import { beforeAll, describe, expect, it } from 'vitest';
import { readShotState } from '../helpers/state.js';
import { builtCli } from '../helpers/built-cli.js';
import { volume } from '../helpers/long-pass.js';
import { startCommand, type Command } from './command.js';
import { runHere } from './disk-scenarios.js';
import { makeFilm, type Film, type FilmSettings } from './film.js';
import { inspect, NOTHING_FOUND } from './invariants.js';

beforeAll(async () => {
  await builtCli();
}, 120_000);

/** A film for one test. In the end no promise is broken. */
async function withFilm(
  shots: readonly string[],
  settings: FilmSettings,
  test: (film: Film) => Promise<void>,
): Promise<void> {
  const film = await makeFilm(shots, settings);
  try {
    await test(film);
    expect(await inspect(film)).toEqual(NOTHING_FOUND);
  } finally {
    await film.remove();
  }
}

/** Starts a run, and does something about it when it asks the gateway for this the first time. */
async function startUntil(film: Film, endpoint: string, act: (run: Command) => unknown): Promise<Command> {
  const run = await startCommand(['run', film.manifest, '--yes']);
  film.stage.onRequest = async (request) => {
    if (request.endpoint !== endpoint) return;
    film.stage.onRequest = () => undefined;
    await act(run);
  };
  return run;
}

const statesOf = async (film: Film) =>
  (await readShotState(film.lockfile)).attempts().map(({ state }) => state.kind);

describe.concurrent('a run that is told to end', () => {
  it.each(volume<readonly NodeJS.Signals[]>({ short: ['SIGINT'], long: ['SIGINT', 'SIGTERM'] }))(
    'by %s stops submitting, writes the state, and leaves with 130; the next run continues',
    async (signal) => {
      await withFilm(['a', 'b', 'c'], { top: 'concurrency: 1' }, async (film) => {
        const run = await startUntil(film, 'poll', ({ kill }) => kill(signal));
        const { code, stdout, stderr } = await run.ended;
        expect(code, stderr).toBe(130);
        expect(stderr).toContain('Ctrl-C again to leave at once');
        expect(stdout).toMatch(/^Again .*dailies run .* collects a in flight, submits 2 shots$/m);
        expect(await statesOf(film)).toEqual(['pending']);
        expect(film.server.counters.posts).toBe(1);
        expect(await runHere(film)).toMatchObject({ exit_code: 0 });
        expect(film.server.counters.posts).toBe(3);
      });
    },
  );

  it('leaves as quickly where nothing was begun', async () => {
    await withFilm(['a'], {}, async (film) => {
      film.server.failNext('hang', { on: 'models' });
      const run = await startUntil(film, 'models', ({ kill }) => kill('SIGTERM'));
      expect(await run.ended).toMatchObject({ code: 130, stdout: '' });
      expect(await statesOf(film)).toEqual([]);
    });
  });

  it('waits for the answer to a submit that is on its way', async () => {
    await withFilm(['a'], {}, async (film) => {
      const run = await startUntil(film, 'submit', async ({ child, kill }) => {
        kill('SIGINT');
        // The answer comes when the run has said that it is stopping.
        await new Promise((resolve) => child.stderr?.once('data', resolve));
      });
      expect(await run.ended).toMatchObject({ code: 130 });
      expect(await statesOf(film)).toEqual(['pending']);
    });
  });

  it('does not wait for ever: what is not answered in time is uncertain', async () => {
    await withFilm(['a'], {}, async (film) => {
      film.server.failNext('hang');
      const run = await startUntil(film, 'submit', ({ kill }) => kill('SIGINT'));
      expect(await run.ended).toMatchObject({ code: 130 });
      expect(await statesOf(film)).toEqual(['uncertain']);
    });
  });

  it('leaves at once when it is told twice', async () => {
    await withFilm(['a'], {}, async (film) => {
      film.server.failNext('hang');
      const run = await startUntil(film, 'submit', ({ kill }) => {
        kill('SIGINT');
        kill('SIGTERM');
      });
      expect(await run.ended).toMatchObject({ code: 130 });
      // Nothing was written any more: the intent on the disk says all that can be known.
      expect(await statesOf(film)).toEqual(['submitting']);
      expect(await runHere(film)).toMatchObject({ exit_code: 1, shots: [{ outcome: 'held' }] });
      expect(film.server.counters.posts).toBe(1);
    });
  });
});
