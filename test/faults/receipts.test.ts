import { copyFile, rename, rm } from 'node:fs/promises';
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
