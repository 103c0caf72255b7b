import { copyFile, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runHere } from './disk-scenarios.js';
import { makeFilm, type Film } from './film.js';
import { inspect, NOTHING_FOUND } from './invariants.js';

/* The receipts are the second record of every purchase: what they tell is held against lockfiles that tell less. */

let film: Film;

beforeEach(async () => {
  film = await makeFilm(['a', 'b']);
});
afterEach(() => film.remove());

/** The manifest gets another name, and a run takes the project over. */
async function renameManifest(name: string): Promise<void> {
  await rename(film.manifest, join(film.folder, name));
  film = {
    ...film,
    manifest: join(film.folder, name),
    lockfile: join(film.folder, name.replace('.yaml', '.lock.json')),
  };
  expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
}

/** Runs the film, and stops it when a job is polled. */
async function runUntilPolled(): Promise<void> {
  const stopping = new AbortController();
  film.stage.onRequest = ({ endpoint }) => {
    if (endpoint === 'poll') stopping.abort();
  };
  expect(await runHere(film, { signal: stopping.signal })).toMatchObject({ exit_code: 130 });
  film.stage.onRequest = () => undefined;
}

async function receipts(): Promise<string> {
  const folder = join(film.folder, '.dailies/receipts');
  const [name = ''] = await readdir(folder);
  return join(folder, name);
}

describe('where the lockfile is deleted, a run', () => {
  it('takes up the jobs that are in flight', async () => {
    await runUntilPolled();
    const { posts } = film.server.counters;
    await rm(film.lockfile);
    expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 2 - posts } });
    expect(await inspect(film)).toEqual(NOTHING_FOUND);
  });

  it('holds a shot whose submit was never answered, however often that happens', async () => {
    film.server.failNext('drop-after-accept');
    await runHere(film);
    for (let times = 0; times < 2; times += 1) {
      await rm(film.lockfile);
      const again = await runHere(film);
      expect(again).toMatchObject({ exit_code: 1, counts: { submitted: 0 }, spent_usd: 0.22 });
    }
    expect(await inspect(film)).toEqual(NOTHING_FOUND);
  });

  it('knows what a run knew that went on after its lockfile was deleted', async () => {
    film.stage.onRequest = async ({ endpoint }) => {
      if (endpoint === 'poll') await rm(film.lockfile, { force: true });
    };
    await runHere(film);
    await rm(film.lockfile, { force: true });
    expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 0 }, spent_usd: 0.2 });
  });
});

describe('receipts that are damaged', () => {
  it('are written anew where they were deleted', async () => {
    await runHere(film);
    await rm(await receipts());
    await runHere(film);
    await rm(film.lockfile);
    expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 0 }, spent_usd: 0.2 });
  });

  it.each([
    ['end in half a line', (text: string) => text.slice(0, -40)],
    [
      'have a line with other letters',
      (text: string) => text.replace('"type":"accepted"', '"type":"refused!"'),
    ],
    ['lack their first line', (text: string) => text.slice(text.indexOf('\n') + 1)],
  ])('are made whole from the lockfile where they %s', async (_, spoil) => {
    await runHere(film);
    const path = await receipts();
    await writeFile(path, spoil(await readFile(path, 'utf8')));
    await runHere(film);
    await rm(film.lockfile);
    expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 0 }, spent_usd: 0.2 });
    expect(await inspect(film)).toEqual(NOTHING_FOUND);
  });
});

describe('the receipts of a renamed manifest', () => {
  it('are found by its new name where the lockfile is gone and every shot was edited', async () => {
    await runHere(film);
    await renameManifest('cut.yaml');
    await film.write(['c']);
    await rename(join(film.folder, 'film.yaml'), film.manifest);
    await rm(film.lockfile);
    expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 1 }, spent_usd: 0.3 });
    expect(await inspect(film)).toEqual(NOTHING_FOUND);
  });

  it('are not those of a new manifest that gets the old name', async () => {
    await runHere(film);
    await renameManifest('cut.yaml');
    const other = join(film.folder, 'film.yaml');
    await copyFile(film.manifest, other);
    expect(await runHere({ ...film, manifest: other })).toMatchObject({
      exit_code: 0,
      counts: { submitted: 2 },
    });
    await rm(film.lockfile);
    expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
  });
});
