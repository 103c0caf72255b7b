import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { filesIn } from '../composition/films.js';
import { builtCli } from '../helpers/built-cli.js';
import { sampleOf } from '../helpers/long-pass.js';
import { commandHere, diskFaultAt, runCommand, type Ambush } from './command.js';
import { runHere } from './disk-scenarios.js';
import { makeFilm, promptOf, type Film } from './film.js';
import { clipsBelow, inspect, NOTHING_FOUND, sha256 } from './invariants.js';

/*
 * A delivery is done in steps: the receipt, the clip into the store, the journal, the names; and so is a new name. A run
 * may die between any two.
 */

let film: Film;

beforeAll(async () => {
  await builtCli();
}, 120_000);
beforeEach(async () => {
  film = await makeFilm(['a']);
});
afterEach(async () => {
  expect(await inspect(film)).toEqual(NOTHING_FOUND);
  await film.remove();
});

const RECEIPTS = '/receipts/';
const CLIP = '/clips/\\w\\w/';
const JOURNAL = '\\.lock\\.journal$';
const DELIVERED = '"type":"delivered"';

async function dieAt(ambush: Ambush, ...words: string[]): Promise<void> {
  const [command = 'run'] = words;
  const { signal } = await runCommand([command, film.manifest, '--yes'], { diskFault: diskFaultAt(ambush) });
  expect(signal).toBe('SIGKILL');
  expect(await inspect(film)).toEqual(NOTHING_FOUND);
}

/** The clip of the only job is in the store, under this name and no other, and nothing is left of the way there. */
async function expectInPlace(id: string, downloads = 1): Promise<void> {
  const [job] = film.server.jobs;
  const clip = job ? film.clipOf(job) : Buffer.of();
  const content = sha256(clip);
  expect(await clipsBelow(film.store)).toEqual([`${content.slice(0, 2)}/${content}.mp4`]);
  expect(await filesIn(film.store, 'incoming')).toEqual([]);
  expect(await readFile(join(film.output, id, `${id}.mp4`))).toEqual(clip);
  expect((await readdir(film.output)).sort()).toEqual([id, 'index.html', 'report.json']);
  expect((await readdir(join(film.output, id))).sort()).toEqual([`${id}.json`, `${id}.mp4`]);
  expect(await readFile(join(film.output, id, `${id}.json`), 'utf8')).toContain(`"shot": "${id}"`);
  expect(film.server.counters).toMatchObject({ posts: 1, downloads });
}

describe('a delivery that is cut short', () => {
  it.each(
    sampleOf<[string, Ambush]>([
      ['before its receipt', { before: 'writeFile', path: RECEIPTS, holding: DELIVERED }],
      [
        'in the midst of its receipt',
        { before: 'writeFile', path: RECEIPTS, holding: DELIVERED, torn: true },
      ],
      ['before its part is read-only', { before: 'chmod', path: '\\.part$' }],
      ['before the clip is in the store', { before: 'rename', path: CLIP }],
    ]),
  )('%s, is fetched again', async (_, ambush) => {
    await dieAt(ambush);
    expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
    await expectInPlace('a', 2);
  });

  it.each(
    sampleOf<[string, Ambush]>([
      [
        'before the note of its download is gone',
        { before: 'rm', path: '\\.part\\.json$', after: DELIVERED },
      ],
      ['before the journal', { before: 'writeFile', path: JOURNAL, holding: DELIVERED }],
      ['in the midst of the journal', { before: 'writeFile', path: JOURNAL, holding: DELIVERED, torn: true }],
      ['before the name is made', { before: 'copyFile', path: '/renders/' }],
      ['before the name is in its place', { before: 'rename', path: '/renders/.*\\.mp4$' }],
      ['before the clip is told of beside its name', { before: 'rename', path: '/a\\.json$' }],
      ['before all is in the lockfile', { before: 'rename', path: '\\.lock\\.json$', after: DELIVERED }],
    ]),
  )('%s, goes on where it was', async (_, ambush) => {
    await dieAt(ambush);
    expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
    await expectInPlace('a');
  });
});

it('brings a clip into the store whose delivery was cut short, although its shot has moved on since', async () => {
  await dieAt({ before: 'rename', path: CLIP });
  await film.write([{ id: 'a', prompt: 'something new' }]);
  expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 1 } });
  expect(await clipsBelow(film.store)).toHaveLength(2);
  const { downloads } = film.server.counters;
  expect(await runHere(film)).toMatchObject({ exit_code: 0 });
  expect(film.server.counters.downloads).toBe(downloads);
});

it('does not prune a clip that was paid for and never seen', async () => {
  await dieAt({ before: 'rename', path: CLIP });
  await film.write(['b']);
  expect(await commandHere(['prune', film.manifest, '--yes'])).toMatchObject({ code: 0 });
  await runHere(film);
  expect(await clipsBelow(film.store)).toHaveLength(2);
});

describe('a new name that was half made is made by the next run', () => {
  it.each(
    sampleOf<[string, Ambush]>([
      ['before what was told of the clip is gone', { before: 'rm', path: '/a/a\\.json$' }],
      ['before the old name is gone', { before: 'rm', path: '/a/a\\.mp4$' }],
      ['before its folder is gone', { before: 'rmdir', path: '/a$' }],
      ['before the new one is made', { before: 'copyFile', path: '/renders/' }],
      ['before the new one is in its place', { before: 'rename', path: '/renders/.*\\.mp4$' }],
      ['before the clip is told of beside it', { before: 'rename', path: '/b\\.json$' }],
      ['before all is in the lockfile', { before: 'rename', path: '\\.lock\\.json$' }],
    ]),
  )('%s', async (_, ambush) => {
    await runHere(film);
    await film.write([{ id: 'b', prompt: promptOf('a') }]);
    await dieAt(ambush);
    expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
    await expectInPlace('b');
  });
});

describe('clips that are half pruned', () => {
  it.each(
    sampleOf<[string, Ambush]>([
      ['before the clip is gone', { before: 'rm', path: CLIP }],
      ['before that is in the journal', { before: 'writeFile', path: JOURNAL, holding: '"type":"pruned"' }],
      [
        'before all is in the lockfile',
        { before: 'rename', path: '\\.lock\\.json$', after: '"type":"pruned"' },
      ],
    ]),
  )('%s are pruned by the next command, and fetched again where they are wanted again', async (_, ambush) => {
    await runHere(film);
    await film.write(['b']);
    await runHere(film);
    await dieAt(ambush, 'prune');
    expect(await commandHere(['prune', film.manifest, '--yes'])).toMatchObject({ code: 0 });
    expect(await clipsBelow(film.store)).toHaveLength(1);
    await film.write(['a', 'b']);
    expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
    expect(await clipsBelow(film.store)).toHaveLength(2);
  });
});
