import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runHere } from './disk-scenarios.js';
import { makeFilm, promptOf, type Film } from './film.js';
import { inspect, NOTHING_FOUND } from './invariants.js';

/*
 * A clip changes its name in two steps: the new name is linked, the old one removed. A run that dies between them
 * leaves one clip under two names.
 */

let film: Film;

beforeEach(async () => {
  film = await makeFilm(['a']);
  expect(await runHere(film)).toMatchObject({ exit_code: 0 });
});
afterEach(async () => {
  expect(await inspect(film, () => 2)).toEqual(NOTHING_FOUND);
  await film.remove();
});

/** Gives the clip of shot a another name besides its own. */
async function alsoName(path: string): Promise<void> {
  await mkdir(dirname(join(film.output, path)), { recursive: true });
  await link(join(film.output, 'a/a.mp4'), join(film.output, path));
}

const clipsIn = async (folder: string) =>
  (await readdir(join(film.output, folder))).filter((name) => /\.(mp4|part)$/.test(name));
const clipAt = (path: string) => readFile(join(film.output, path));

it('ends the move of a clip whose shot was renamed', async () => {
  await film.write([{ id: 'b', prompt: promptOf('a') }]);
  await alsoName('b/b.mp4');
  expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
  expect(await clipsIn('a')).toEqual([]);
  expect(await clipsIn('b')).toEqual(['b.mp4']);
});

it('ends the move of a clip whose shot was renamed and is to be rendered anew', async () => {
  await film.write([{ id: 'b', prompt: promptOf('a') }]);
  await runHere(film);
  await film.write([{ id: 'a', prompt: promptOf('a') }]);
  // The run that died had given the clip to its new owner, and was about to move it.
  const lockfile = await readFile(film.lockfile, 'utf8');
  await writeFile(film.lockfile, lockfile.replace('"b": {', '"a": {'));
  await link(join(film.output, 'b/b.mp4'), join(film.output, 'a/a.mp4'));
  expect(await runHere(film, { rerender: ['a'] })).toMatchObject({ exit_code: 0, counts: { submitted: 1 } });
  expect(await clipsIn('a')).toEqual(['a.mp4']);
  expect(await clipsIn('b')).toEqual([]);
});

it('ends the move of a clip that a newer one has replaced', async () => {
  await alsoName('.superseded/a.mp4');
  expect(await runHere(film, { rerender: ['a'] })).toMatchObject({ exit_code: 0 });
  expect(await clipsIn('.superseded')).toEqual(['a.mp4']);
  expect(await clipsIn('a')).toEqual(['a.mp4']);
});

it('does not write the next clip over the last one, which still has the name it grew under', async () => {
  const before = await clipAt('a/a.mp4');
  await alsoName('a/a.part');
  expect(await runHere(film, { rerender: ['a'] })).toMatchObject({ exit_code: 0 });
  expect(await clipAt('.superseded/a.mp4')).toEqual(before);
  expect(await clipAt('a/a.mp4')).not.toEqual(before);
});

it('leaves nothing behind of a clip that moves, and still has the name it grew under', async () => {
  const before = await clipAt('a/a.mp4');
  await alsoName('a/a.part');
  await film.write([{ id: 'b', prompt: promptOf('a') }]);
  expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
  expect(await clipsIn('a')).toEqual([]);
  expect(await clipAt('b/b.mp4')).toEqual(before);
});

it('gives a clip its name again where a power cut took it back', async () => {
  const before = await clipAt('a/a.mp4');
  await rename(join(film.output, 'a/a.mp4'), join(film.output, 'a/a.part'));
  await rm(join(film.output, 'a/a.json'));
  expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
  expect(await clipsIn('a')).toEqual(['a.mp4']);
  expect(await clipAt('a/a.mp4')).toEqual(before);
  expect(String(await clipAt('a/a.json'))).toContain('"shot": "a"');
});

it('finds a clip again whose move was not written down before another took its place', async () => {
  await film.write(['a', 'b']);
  await runHere(film);
  const [one, other] = [await clipAt('a/a.mp4'), await clipAt('b/b.mp4')];
  await film.write([
    { id: 'a', prompt: promptOf('b') },
    { id: 'b', prompt: promptOf('a') },
  ]);
  await runHere(film);
  // As a disk leaves it that took the clips and not the word of it: both clips are said to be b's.
  const swapped = await readFile(film.lockfile, 'utf8');
  await writeFile(film.lockfile, swapped.replace('renders/film/a/a.mp4', 'renders/film/b/b.mp4'));
  expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
  expect([await clipAt('a/a.mp4'), await clipAt('b/b.mp4')]).toEqual([other, one]);
  expect(await readFile(film.lockfile, 'utf8')).toContain('renders/film/a/a.mp4');
  for (const shot of ['a', 'b'])
    expect(String(await clipAt(`${shot}/${shot}.json`))).toContain(`"shot": "${shot}"`);
});
