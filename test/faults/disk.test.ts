import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, statfsSync, writeSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/events.js';
import { loadProject } from '../../src/flow/project/project.js';
import { runProject } from '../../src/flow/commands/run.js';
import { readShotState } from '../helpers/state.js';
import { filesIn, picturesOf, standIn } from '../composition/films.js';
import { builtCli } from '../helpers/built-cli.js';
import { KEY, runCommand } from './command.js';
import { runHere } from './disk-scenarios.js';
import { makeFilm, type Film } from './film.js';
import { clipsBelow, inspect, NOTHING_FOUND } from './invariants.js';

let film: Film;
afterEach(() => film.remove());

beforeAll(async () => {
  await builtCli();
}, 120_000);

const statesOf = async () =>
  (await readShotState(film.lockfile)).attempts().map(({ owner, state }) => `${owner.shot} ${state.kind}`);

/** Lets something happen once, right before the gateway handles the n-th request of a kind. */
function whenAsked(endpoint: string, number: number, act: () => unknown): void {
  let left = number;
  film.stage.onRequest = async (request) => {
    if (request.endpoint === endpoint && --left === 0) await act();
  };
}

describe('on a disk that is full', () => {
  let disk: string;
  afterEach(() => execFileSync('umount', [disk]));

  /** A disk of its own, so that it can be filled. */
  async function mountDisk(): Promise<void> {
    disk = await mkdtemp(join(tmpdir(), 'dailies-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk], { stdio: 'pipe' });
  }

  const fill = (leaveBytes = 0) => {
    const file = openSync(join(disk, 'filler'), 'w');
    const block = Buffer.alloc(4096);
    let written = 0;
    try {
      for (;;) written += writeSync(file, block);
    } catch {
      ftruncateSync(file, written - leaveBytes);
      closeSync(file);
    }
  };

  it.runIf(canMount())(
    'the clip waits at the gateway for the next run, and nothing more is bought',
    async () => {
      await mountDisk();
      film = await makeFilm(['a', { id: 'b', prompt: 'the rest', previous_job: 'a' }], { parent: disk });
      whenAsked('content', 1, () => fill());
      const summary = await runHere(film);
      expect(summary).toMatchObject({ exit_code: 3, stopped: { kind: 'disk' } });
      expect(summary.stopped?.message).toContain('the disk is full');
      expect(film.server.counters.posts).toBe(1);
      expect(await inspect(film)).toEqual(NOTHING_FOUND);
      await rm(join(disk, 'filler'));
      expect(await runHere(film)).toMatchObject({ exit_code: 0 });
      expect(film.server.counters.posts).toBe(2);
      expect(await inspect(film)).toEqual(NOTHING_FOUND);
    },
  );

  it.runIf(canMount())('a job whose id cannot be written down is named, and its shot is held', async () => {
    await mountDisk();
    film = await makeFilm(['a', 'b', 'c'], { parent: disk, top: 'concurrency: 1' });
    // The page that the journal ends in has room for a line or two: with long prompts it has none.
    const prompt = 'waves '.repeat(2000);
    await film.write(['a', 'b', 'c'].map((id) => ({ id, prompt: prompt + id })));
    whenAsked('submit', 2, () => fill());
    const summary = await runHere(film);
    expect(summary).toMatchObject({ exit_code: 3, stopped: { kind: 'disk' } });
    expect(film.server.counters.posts).toBe(2);
    const known = await statesOf();
    if (known.includes('b submitting')) expect(JSON.stringify(summary.shots)).toContain('job-2');
    await rm(join(disk, 'filler'));
    expect(await inspect(film)).toEqual(NOTHING_FOUND);
  });

  it.runIf(canMount())('the run warns where the clips go, not where the manifest is', async () => {
    await mountDisk();
    const codes = async (clips: string) => {
      const project = await loadProject({ manifest: film.manifest, env: { TEST_KEY: KEY }, clips });
      const events: RunEvent[] = [];
      await runProject(project, { onEvent: (event) => events.push(event) });
      return events.flatMap((event) => (event.type === 'diagnostic' ? [event.diagnostic.code] : []));
    };
    film = await makeFilm(['a']);
    expect(await codes(join(disk, 'clips'))).toContain('disk-space');
    await film.remove();
    film = await makeFilm(['a'], { parent: disk });
    const elsewhere = await mkdtemp(join(tmpdir(), 'dailies-clips-'));
    expect(await codes(elsewhere)).not.toContain('disk-space');
  });

  it.runIf(canMount())('no intent begins where it would end as a shot that is held', async () => {
    await mountDisk();
    film = await makeFilm(['a', 'b', 'c'], { parent: disk, top: 'concurrency: 1' });
    fill(100 * 1024);
    const elsewhere = await mkdtemp(join(tmpdir(), 'dailies-clips-'));
    for (const options of [{}, { clips: elsewhere }]) {
      const project = await loadProject({ manifest: film.manifest, env: { TEST_KEY: KEY }, ...options });
      if ('clips' in options) fill(50 * 1024);
      const summary = await runProject(project, {});
      expect(summary).toMatchObject({ exit_code: 3, stopped: { kind: 'disk' } });
      expect(summary.stopped?.message).toContain('the disk is full except for');
      expect(summary.shots.map(({ outcome }) => outcome)).toEqual(Array(3).fill('not_submitted'));
    }
    expect(film.server.counters.posts).toBe(0);
    await rm(join(disk, 'filler'));
    expect(await runHere(film)).toMatchObject({ exit_code: 0 });
  });

  it.runIf(canMount())('a download stops before the disk is full, and the next run continues', async () => {
    await mountDisk();
    film = await makeFilm(['large', 'b'], { parent: disk, top: 'concurrency: 1' });
    const summary = await runHere(film);
    expect(summary).toMatchObject({ exit_code: 3, stopped: { kind: 'disk' } });
    expect(summary.stopped?.message).toContain('the disk is full');
    const { bavail, bsize } = statfsSync(disk);
    expect(bavail * bsize).toBeGreaterThan(0);
    expect(await inspect(film)).toEqual(NOTHING_FOUND);
    execFileSync('mount', ['-o', 'remount,size=64m', disk], { stdio: 'pipe' });
    expect(await runHere(film)).toMatchObject({ exit_code: 0 });
    expect(film.server.counters.posts).toBe(2);
  });

  it.runIf(canMount())('a frame that found no room is not sent in part', async () => {
    await mountDisk();
    const env = await standIn({ side: 200 });
    film = await makeFilm(['a', { id: 'b', prompt: 'the rest', first_frame: { from: 'a' } }], {
      parent: disk,
    });
    const summary = await runHere(film, {
      env,
      onEvent: ({ type }) => type === 'shot.delivered' && fill(24 * 1024),
    });
    expect(summary).toMatchObject({ exit_code: 3, stopped: { kind: 'disk' } });
    expect(summary.stopped?.message).toContain('the disk is full');
    expect(film.server.counters.posts).toBe(1);
    expect(await filesIn(film.output, '.frames')).toEqual([]);
    await rm(join(disk, 'filler'));
    expect(await runHere(film, { env })).toMatchObject({ exit_code: 0, counts: { submitted: 1 } });
    expect(picturesOf(film.server.submits[1] ?? {}).first?.width).toBe(200);
  });
});

describe('where nothing can be written', () => {
  it('nothing is bought', async () => {
    film = await makeFilm(['a']);
    const { code, stderr } = await runCommand(['run', film.manifest, '--yes'], { diskFault: 'readonly:1' });
    expect(code).toBe(3);
    expect(stderr).toContain('the file system is read-only');
    expect(film.server.counters.posts).toBe(0);
  });
});

const storeOf = ({ store }: Film) => dirname(store);

describe.each([
  ['vanishes', () => rm(storeOf(film), { recursive: true })],
  [
    'gives way to a file',
    () => rm(storeOf(film), { recursive: true }).then(() => writeFile(storeOf(film), 'a file')),
  ],
  ['vanishes with all of the project', () => rm(film.folder, { recursive: true })],
  ['is moved away with all of the project', () => rename(film.folder, `${film.folder}.away`)],
])('when the folder of the clips %s', (_, happen) => {
  it.each([
    ['a submit', 'submit'],
    ['a poll', 'poll'],
    ['a download', 'content'],
  ])('during %s, the run stops submitting, says so, and loses no job', async (_, endpoint) => {
    film = await makeFilm(['a', 'b', 'c', 'd'], { top: 'concurrency: 1' });
    whenAsked(endpoint, 1, happen);
    const summary = await runHere(film);
    expect(summary).toMatchObject({ exit_code: 3, stopped: { kind: 'disk' } });
    expect(summary.stopped?.message).toMatch(/is gone|was removed|a file is where its folder should be/);
    // While the clip of one is fetched, the next may have been bought.
    expect(film.server.counters.posts).toBeLessThan(3);
    await rename(`${film.folder}.away`, film.folder).catch(() => undefined);
    await rm(storeOf(film)).catch(() => undefined);
    const known = JSON.stringify(await readShotState(film.lockfile).then((state) => state.attempts()));
    for (const { id } of film.server.jobs) expect(known + JSON.stringify(summary)).toContain(id);
  });
});

it('goes on when the folder of the clips is back', async () => {
  film = await makeFilm(['a', 'b', 'c'], { top: 'concurrency: 1' });
  const store = storeOf(film);
  whenAsked('poll', 3, () => rename(store, `${store}.away`));
  expect(await runHere(film)).toMatchObject({ exit_code: 3, stopped: { kind: 'disk' } });
  const bought = film.server.counters.posts;
  await rm(store, { recursive: true, force: true });
  await rename(`${store}.away`, store);
  expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 3 - bought } });
  expect(await inspect(film)).toEqual(NOTHING_FOUND);
});

describe('when the folder of the names', () => {
  it('vanishes, the run goes on, and the next one makes all names again', async () => {
    film = await makeFilm(['a', 'b', 'c'], { top: 'concurrency: 1' });
    whenAsked('poll', 3, () => rm(film.output, { recursive: true }));
    expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 3 } });
    const { downloads } = film.server.counters;
    expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
    expect(await clipsBelow(film.output)).toEqual(['a/a.mp4', 'b/b.mp4', 'c/c.mp4']);
    expect(film.server.counters.downloads).toBe(downloads);
  });

  it('gives way to a file, the clips wait in the store, and the file is left alone', async () => {
    film = await makeFilm(['a', 'b'], { top: 'concurrency: 1' });
    whenAsked('content', 1, async () => {
      await mkdir(dirname(film.output), { recursive: true });
      await writeFile(film.output, 'a file');
    });
    const summary = await runHere(film);
    expect(summary).toMatchObject({
      exit_code: 1,
      counts: { submitted: 2 },
      shots: [{ outcome: 'waiting' }, { outcome: 'waiting' }],
    });
    expect(summary.shots[0]?.message).toContain(`${film.output} is in the way`);
    expect(await readFile(film.output, 'utf8')).toBe('a file');
    expect(await clipsBelow(film.store)).toHaveLength(2);
    await rm(film.output);
    expect(await runHere(film)).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
    expect(await clipsBelow(film.output)).toEqual(['a/a.mp4', 'b/b.mp4']);
  });
});

/** Only root may mount. */
function canMount(): boolean {
  const can = process.platform === 'linux' && process.getuid?.() === 0;
  if (!can) console.warn('a full disk is only simulated: mounting one takes root on Linux');
  return can;
}
