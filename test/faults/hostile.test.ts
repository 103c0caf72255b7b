import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readShotState } from '../helpers/state.js';
import { makeClip } from '../helpers/clips.js';
import { fastClock } from '../helpers/clock.js';
import { KEY } from './command.js';
import { runHere } from './disk-scenarios.js';
import { makeFilm, type Film } from './film.js';
import { startStranger, type Stranger } from './stranger.js';

let film: Film;
afterEach(() => film.remove());

describe('an answer without end', () => {
  const MEGABYTE = 1024 * 1024;

  it.each([
    ['a poll', 'poll', 'delivered'],
    ['a submit', 'submit', 'held'],
    ['a download', 'content', 'delivered'],
    ['the catalogue', 'models', 'delivered'],
    ['a question about the key', 'key', 'delivered'],
  ] as const)('to %s does not fill the memory', async (_, on, outcome) => {
    film = await makeFilm(['a']);
    film.server.failNext('huge', { on });
    let most = 0;
    const before = process.memoryUsage().rss;
    const watching = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss - before);
    }, 5);
    const summary = await runHere(film, { clock: fastClock(5) });
    clearInterval(watching);
    expect(most).toBeLessThan(200 * MEGABYTE);
    expect(summary.shots).toMatchObject([{ outcome }]);
    expect(film.server.counters.posts).toBe(1);
  });
});

describe('a job id', () => {
  let gateway: Stranger;
  afterEach(() => gateway.close());

  /** A gateway whose one job has this id, and is done. */
  async function startGatewayWithId(id: unknown): Promise<void> {
    const clip = await makeClip();
    const models = await readFile('src/sandbox/models.json', 'utf8');
    const answer = (request: IncomingMessage, response: ServerResponse) => {
      request.resume();
      const { method, url = '' } = request;
      if (url.endsWith('/videos/models')) response.end(models);
      else if (method === 'POST') response.writeHead(202).end(JSON.stringify({ id, status: 'pending' }));
      else if (url.includes('/content')) response.writeHead(200, { 'content-type': 'video/mp4' }).end(clip);
      else response.end(JSON.stringify({ id, status: 'completed' }));
    };
    gateway = await startStranger(answer);
    film = await makeFilm(['a'], { baseUrl: `${gateway.origin}/api/v1` });
  }

  const filesOf = async () =>
    (await readdir(film.folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(film.folder.length + 1))
      // What is named by content, or at random.
      .map((name) =>
        name.replace(/\/[0-9a-f]{2}\/[0-9a-f]{64}\b/, '/SHA').replace(/\b[0-9a-f]{12,16}\b/, 'HEX'),
      )
      .sort();

  it.each([
    '../../x',
    '..\\..\\x',
    '/etc/passwd',
    'a/b?c#d',
    '%2e%2e%2f',
    'C:x',
    '𝔍🎬',
    17,
    '-rf',
    '__proto__',
  ])('becomes no path: %j', async (id) => {
    await startGatewayWithId(id);
    expect(await runHere(film)).toMatchObject({ exit_code: 0, shots: [{ job_id: String(id) }] });
    expect(await filesOf()).toEqual([
      '.dailies/catalogue-HEX.json',
      '.dailies/clips/SHA.mp4',
      '.dailies/film.lock.json.seen.json',
      '.dailies/receipts/HEX.jsonl',
      'film.lock.json',
      'film.yaml',
      'renders/film/a/a.json',
      'renders/film/a/a.mp4',
      'renders/film/index.html',
      'renders/film/report.json',
    ]);
    const asked = gateway.requests.filter(({ path }) => /\/videos\/(?!models$)/.test(path));
    const own = `/api/v1/videos/${encodeURIComponent(id)}`;
    expect(new Set(asked.map(({ path }) => path))).toEqual(new Set([own, `${own}/content?index=0`]));
  });

  it.each(['', ' ', '.', '..', 'x\0y', 'x\ny', 'x'.repeat(600), null, {}, ['job'], true])(
    'that cannot be one leaves the shot held: %j',
    async (id) => {
      await startGatewayWithId(id);
      expect(await runHere(film)).toMatchObject({ exit_code: 1, shots: [{ outcome: 'held' }] });
      expect((await readShotState(film.lockfile)).attempts()).toMatchObject([
        { state: { kind: 'uncertain' } },
      ]);
      expect(gateway.requests.map(({ path }) => path)).not.toContain(KEY);
    },
  );
});
