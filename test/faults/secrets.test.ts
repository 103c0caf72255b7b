import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cli, type CliResult } from '../helpers/cli.js';
import type { Endpoint, Fault } from '../helpers/gateway-server.js';
import { orderedClip } from '../helpers/clips.js';
import { KEY } from './command.js';
import { makeFilm, type Film, type FilmSettings, type Shot } from './film.js';
import { startStranger, type Stranger } from './stranger.js';

/** The key as it stands, in addresses, in JSON of JSON, and in base64 alone and behind a user's name. */
const FORMS = [
  ...[KEY, KEY.toUpperCase(), encodeURIComponent(KEY), encodeURI(KEY), escaped(KEY)],
  ...['', 'u:', 'me:'].flatMap((user) =>
    (['base64', 'base64url'] as const).map((code) =>
      Buffer.from(user + KEY)
        .toString(code)
        .slice(4, -4),
    ),
  ),
];

function escaped(text: string): string {
  return Array.from(text, (c) => `\\u00${c.charCodeAt(0).toString(16)}`).join('');
}

let film: Film;
let stranger: Stranger;
/** All that the commands have written. */
let said: string;

beforeEach(async () => {
  said = '';
  stranger = await startStranger((request, response) => {
    if (request.url === '/clip' || request.url === '/clip?token=secret-1') {
      const [job] = film.server.jobs;
      response.writeHead(200, { 'content-type': 'video/mp4' }).end(job && film.clipOf(job));
    } else if (request.url === '/back') {
      const location = `${film.server.origin}/api/v1/videos/job-1/content?index=0`;
      response.writeHead(302, { location }).end();
    } else if (request.url?.startsWith('/still-') === true) {
      response.writeHead(200, { 'content-type': 'image/png' }).end();
    } else response.writeHead(404).end();
  });
});
afterEach(async () => {
  expect(await placesOfTheKey()).toEqual([]);
  expect(stranger.requests.filter(({ headers }) => JSON.stringify(headers).includes('sk-fault'))).toEqual([]);
  await film.remove();
  await stranger.close();
});

const placesOfTheKey = () => placesOf(FORMS);

/** Where one of these texts was written: the output, or a file or the name of one, but for the manifest itself. */
async function placesOf(texts: readonly string[]): Promise<string[]> {
  const isIn = (where: string | Buffer) => texts.some((text) => where.includes(text));
  const places = isIn(said) ? [`the output: ${said}`] : [];
  const entries = await readdir(film.folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((found) => found.isFile() && found.name !== 'film.yaml')) {
    const path = join(entry.parentPath, entry.name);
    if (isIn(path) || isIn(await readFile(path))) places.push(path);
  }
  return places;
}

async function dailies(command: string, ...words: string[]): Promise<CliResult> {
  const result = await cli([command, film.manifest, ...words], {
    env: { TEST_KEY: KEY, DAILIES_DEBUG: '1', GITHUB_STEP_SUMMARY: join(film.folder, 'summary.md') },
  });
  said += result.stdout + result.stderr;
  return result;
}

const film1 = async (settings: FilmSettings = {}) => {
  film = await makeFilm(['a'], settings);
};

const echo = { error: { code: 400, message: `the key ${KEY} (${encodeURIComponent(KEY)}) may not do that` } };
const page = `<html><title>no ${KEY}</title><body>${KEY}</body></html>`;

describe('the key stays out of all files and all output', () => {
  it.each<[string, Endpoint, Fault]>([
    ['a refusal', 'submit', { status: 400, body: echo }],
    ['a refusal of the key', 'submit', { status: 401, body: echo }],
    ['a request for patience', 'submit', { status: 429, body: echo, headers: { 'retry-after': '0' } }],
    ['an answer that cannot be trusted', 'submit', { status: 500, body: echo }],
    ['an acceptance without an id', 'submit', { status: 202, body: { key: KEY } }],
    ['a page', 'submit', { status: 502, body: page }],
    ['a redirect', 'submit', { status: 307, headers: { location: `https://gateway.example/${KEY}` } }],
    ['a poll', 'poll', { status: 500, body: echo }],
    ['a poll that refuses the key', 'poll', { status: 401, body: echo }],
    ['a status nobody knows', 'poll', { status: 200, body: { id: 'job-1', status: KEY } }],
    ['a failed job', 'poll', { status: 200, body: { id: 'job-1', status: 'failed', error: echo.error } }],
    ['a download', 'content', { status: 403, body: echo }],
    [
      'a page instead of a clip',
      'content',
      { status: 200, body: page, headers: { 'content-type': 'text/html' } },
    ],
    ['the catalogue', 'models', { status: 400, body: echo }],
    ['a catalogue page', 'models', { status: 403, body: page }],
  ])('when it is echoed by %s', async (_, on, fault) => {
    await film1();
    film.server.failNext(fault, { on });
    await dailies('run', '--yes', '--format', 'ndjson');
    await dailies('status');
  });

  it('when the catalogue speaks of it', async () => {
    const { data } = JSON.parse(await readFile('src/sandbox/models.json', 'utf8')) as { data: object[] };
    await film1({
      gateway: { models: { data: data.map((model) => ({ ...model, description: `for ${KEY}` })) } },
    });
    expect(await dailies('run', '--yes')).toMatchObject({ exitCode: 0 });
    await dailies('models', 'google/veo-3.1-lite');
  });

  it('when the gateway names it in the address of a job', async () => {
    await film1({
      gateway: {
        submitAnswer: ({ id }) => ({ polling_url: `/api/v1/${encodeURIComponent(KEY)}/${id}?k=${KEY}` }),
      },
    });
    expect(await dailies('run', '--yes')).toMatchObject({ exitCode: 0 });
  });

  it('when an answer to a settlement echoes it', async () => {
    await film1();
    film.server.failNext('reset');
    await dailies('run', '--yes');
    film.server.failNext({ status: 404, body: echo }, { on: 'poll' });
    expect(await dailies('resolve', 'a', '--job-id', 'job-7')).toMatchObject({ exitCode: 3 });
  });
});

describe('a gateway that echoes the key everywhere', () => {
  const forms = { plain: KEY, url: encodeURIComponent(KEY), json: escaped(KEY), basic: btoa(KEY) };
  const everywhere = { ...forms, [KEY]: KEY, nested: [{ [KEY]: JSON.stringify(forms) }] };

  /** Answers as a gateway does, with the key in whatever can hold it; the id alone is the caller's. */
  async function startEcho(id: string): Promise<Stranger> {
    const models = JSON.parse(await readFile('src/sandbox/models.json', 'utf8')) as { data: object[] };
    const clip = await orderedClip();
    let polls = 0;
    let downloads = 0;
    const echo = await startStranger((request, response) => {
      request.resume();
      const { method = '', url = '' } = request;
      const head = { 'x-echo': KEY, etag: `"${KEY}"`, 'content-type': `application/json; key="${KEY}"` };
      const say = (status: number, body: object) =>
        response.writeHead(status, head).end(JSON.stringify({ ...everywhere, ...body }));
      if (url.endsWith('/videos/models'))
        say(200, { data: models.data.map((model) => ({ ...model, ...everywhere, description: KEY })) });
      else if (url.endsWith('/key')) say(200, { data: { ...everywhere, usage: 1 } });
      else if (method === 'POST')
        say(202, { id, status: KEY, polling_url: `${echo.origin}/api/v1/jobs/${KEY}/${id}?k=${KEY}` });
      else if (url.includes('/content')) {
        const headers = { ...head, 'content-type': `video/mp4; x=${KEY}`, 'content-length': clip.length };
        response.writeHead(200, { ...headers, 'content-disposition': `attachment; filename="${KEY}.mp4"` });
        if (++downloads === 1) response.write(clip.subarray(0, 999), () => response.destroy());
        else response.end(clip);
      } else if (++polls === 1) say(200, { id, status: KEY });
      else if (polls === 2) say(500, { error: { code: KEY, message: KEY, metadata: { raw: KEY } } });
      else if (polls === 3) response.writeHead(502, head).end(page);
      else if (id === 'job-fails') say(200, { status: 'failed', error: everywhere });
      else say(200, { id, status: 'completed', unsigned_urls: [`${stranger.origin}/${KEY}?k=${forms.url}`] });
    });
    return echo;
  }

  it.each([
    ['of a job that is delivered', 'job-1', 'delivered'],
    ['of a job that fails', 'job-fails', 'failed'],
    ['in the id of a job, which is none then', `job-${KEY}`, 'held'],
    ['in the id of a job, URL-encoded', `job-${encodeURIComponent(KEY)}`, 'held'],
  ])('finds it in no file and no output: %s', async (_, id, outcome) => {
    const echo = await startEcho(id);
    await film1({ baseUrl: `${echo.origin}/api/v1` });
    const junit = join(film.folder, 'junit.xml');
    const run = await dailies('run', '--yes', '--format', 'ndjson', '--junit', junit);
    expect(run.stdout).toContain(`"outcome":"${outcome}"`);
    for (const command of ['status', 'plan', 'sheet', 'doctor']) {
      await dailies(command);
      await dailies(command, '--format', 'json');
    }
    await dailies('models', 'google/veo-3.1-lite', '--format', 'json');
    await dailies('resolve', 'a', '--not-charged');
    await echo.close();
  });
});

describe('the key goes to the gateway alone', () => {
  it('when jobs are said to be elsewhere', async () => {
    await film1({ gateway: { submitAnswer: () => ({ polling_url: `${stranger.origin}/jobs/1` }) } });
    expect(await dailies('run', '--yes')).toMatchObject({ exitCode: 0 });
    expect(stranger.requests).toEqual([]);
  });

  it('when clips lie elsewhere', async () => {
    await film1();
    film.server.autoComplete(film.clipOf, {
      answer: { unsigned_urls: [`${stranger.origin}/clip?token=secret-1`] },
    });
    expect(await dailies('run', '--yes')).toMatchObject({ exitCode: 0 });
    expect(stranger.requests.map(({ path }) => path)).toEqual(['/clip?token=secret-1']);
    expect(said).not.toContain('secret-1');
    expect(await readFile(film.lockfile, 'utf8')).not.toContain('secret-1');
  });

  it('when a download is redirected', async () => {
    await film1();
    film.server.failNext(
      { status: 302, headers: { location: `${stranger.origin}/clip` } },
      { on: 'content' },
    );
    expect(await dailies('run', '--yes')).toMatchObject({ exitCode: 0 });
    expect(stranger.requests).toHaveLength(1);
  });

  it('and is not taken up again when a stranger redirects back', async () => {
    await film1();
    film.server.autoComplete(film.clipOf, { answer: { unsigned_urls: [`${stranger.origin}/back`] } });
    expect(await dailies('run', '--yes')).toMatchObject({ exitCode: 0 });
    const keys = film.server.requests
      .filter(({ endpoint }) => endpoint === 'content')
      .map(({ headers }) => headers.authorization !== undefined);
    // Sent back without it, and then asked for at the gateway itself.
    expect(keys).toEqual([false, true]);
  });

  it('when the images of a shot are looked at', async () => {
    await film1();
    await film.write([{ id: 'a', prompt: 'waves', first_frame: `${stranger.origin}/frame.png` }]);
    await dailies('run', '--yes');
    expect(stranger.requests.length).toBeGreaterThan(0);
  });

  it('when it is asked for elsewhere with another key', async () => {
    await film1();
    await dailies('run', '--yes', '--gateway', `${stranger.origin}/api/v1`);
    expect(stranger.requests.length).toBeGreaterThan(0);
  });
});

describe('what signs an address of the manifest', () => {
  const SECRET = 'secret-signature';
  const still = (name: string) => `${stranger.origin}/${name}.png?X-Amz-Signature=${SECRET}&part=${name}`;
  const frame = (name: string) => ({ id: name, prompt: `waves of ${name}`, first_frame: still(name) });

  it('is written to no file and no output, wherever the address stands', async () => {
    await film1({ top: 'output: { dir: renders/film, name: "{id}/{first_frame}-{id}" }' });
    await film.write([
      {
        id: 'a',
        prompt: 'waves',
        callback_url: `https://hooks.example/done?token=${SECRET}`,
        session_id: 'scout',
        model: 'alibaba/wan-2.7',
        duration: 5,
        provider: { options: { alibaba: { images: [still('mask')] } } },
        matrix: { first_frame: [still('still-1'), still('still-2')] },
      },
      {
        id: 'b',
        prompt: 'foam',
        matrix: { references: [[still('still-1')], [{ image: still('still-2') }]] },
      },
      { id: 'c', prompt: 'spray', references: ['{{still}}'] },
    ]);
    const words = ['--var', `still=${still('still-1')}`];
    await dailies('plan', ...words);
    expect(await dailies('run', '--yes', '--junit', join(film.folder, 'junit.xml'), ...words)).toMatchObject({
      exitCode: 0,
    });
    expect(JSON.stringify(film.server.submits).split(SECRET).length).toBeGreaterThan(7);
    for (const command of ['status', 'sheet', 'plan']) await dailies(command, '--format', 'json', ...words);
    await dailies('run', '--yes', '--format', 'ndjson', '--rerender', 'c', ...words);
    const report = await readFile(join(film.output, 'report.json'), 'utf8');
    expect(report).toContain('part=still-1');
    expect(report).not.toContain('scout');
    expect(await placesOf([SECRET])).toEqual([]);
  });

  it('is not shown with what is wrong with it', async () => {
    await film1();
    const away = still('away');
    const shots: readonly (readonly Shot[])[] = [
      [frame('away')],
      [{ id: 'a', prompt: 'waves', first_frame: away.replace('http:', 'ftp:') }],
      [{ id: 'a', prompt: 'waves', first_frame: away.replace('http:', 'http:/') }],
      [{ id: 'a', prompt: 'waves', callback_url: away.replace('http://', '') }],
      [{ id: 'a', prompt: 'waves', callback_url: away.replace('http://', 'https://hooks.example:x/') }],
      [{ id: 'a', prompt: 'waves', first_frame: `//host/x?sig=${SECRET}` }],
      [{ id: 'a', prompt: 'waves', first_frme: away }, frame('b')],
      [{ id: 'a', prompt: 'waves', duration: away }],
      [{ id: 'a', prompt: 'waves', matrix: { first_frame: [away, away] } }],
      [frame('still-1'), { id: 'b', prompt: 'foam', duration: 0.5 }],
      [{ id: 'a', prompt: 'waves', references: [{ picture: away }] }],
    ];
    for (const wrong of shots) {
      await film.write(wrong);
      expect((await dailies('validate')).exitCode).toBe(2);
      await dailies('plan', '--format', 'json');
    }
    expect(await placesOf([SECRET])).toEqual([]);
  });

  it('is not repeated in the command that goes on', async () => {
    await film1();
    await film.write([{ id: 'a', prompt: 'waves', first_frame: '{{still}}' }]);
    film.server.failNext('reset');
    await dailies('run', '--yes', '--var', `still=${still('still-1')}`);
    await dailies('status', '--var', `still=${still('still-1')}`);
    expect(said).toContain('--var');
    expect(said).not.toContain(SECRET);
  });

  it('makes no other shot when it is another', async () => {
    await film1();
    const last = (signature: string) => `https://example.com/last.png?X-Amz-Signature=${signature}`;
    const shot = (signature: string) => ({
      id: 'a',
      prompt: 'waves',
      model: 'alibaba/wan-2.7',
      duration: 5,
      provider: { options: { alibaba: { parameters: { last_image: last(signature) } } } },
    });
    await film.write([shot('one')]);
    await dailies('run', '--yes');
    await film.write([shot('two')]);
    await dailies('run', '--yes');
    expect(film.server.submits).toHaveLength(1);
  });
});
