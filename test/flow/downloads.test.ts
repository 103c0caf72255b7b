import { readFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Clock } from '../../src/clock.js';
import { orderedClip } from '../helpers/clips.js';
import type { Fault } from '../helpers/fault.js';
import { fastClock } from '../helpers/clock.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject, type TestProject } from '../helpers/project.js';

const server = useGateway();
const clip = await orderedClip();
const red = await orderedClip({ color: [200, 30, 30] });

const SEA = '  - { id: sea, prompt: waves }';
const project = (factor = 100) => makeProject({ baseUrl: server.baseUrl, clock: fastClock(factor) }, SEA);
const clipAt = (film: TestProject, path: string) => readFile(join(film.folder, 'renders/film', path));

/** A server that clips lie on; gives its address. */
async function storage(answer: RequestListener): Promise<string> {
  const http = createServer(answer);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void http.close());
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

describe('a download', () => {
  it.each(['cut', 'html', 500, 'reset', 'half-json'] as const)('survives %s', async (fault) => {
    server.autoComplete(clip);
    server.failNext(fault, { on: 'content' });
    const film = await project();
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    expect(await clipAt(film, 'sea/sea.mp4')).toEqual(clip);
  });

  it.each([
    ['a refusal of the key', 401],
    ['a refusal', 403],
    ['a bad request', 400],
    ['a conflict', 409],
    ['an answer that it is not ready', { status: 202, body: { status: 'processing' } }],
    ['an answer without a body', { status: 204 }],
    [
      'a page under 200',
      { status: 200, body: '<html>busy</html>', headers: { 'content-type': 'text/html' } },
    ],
    [
      'something that is no clip',
      { status: 200, body: 'x'.repeat(90), headers: { 'content-type': 'video/mp4' } },
    ],
    [
      'a clip that lacks its end',
      { status: 200, body: clip.subarray(0, clip.length / 2), headers: { 'content-type': 'video/mp4' } },
    ],
    ['a redirect to nowhere', { status: 302, headers: { location: 'ftp://nowhere/' } }],
  ] satisfies [string, Fault][])('survives %s, three times over, in the same run', async (_, fault) => {
    server.autoComplete(clip);
    server.failNext(fault, { on: 'content', times: 3 });
    const film = await project();
    expect(await film.run()).toMatchObject({ exit_code: 0, shots: [{ outcome: 'delivered' }] });
    expect(await clipAt(film, 'sea/sea.mp4')).toEqual(clip);
  });

  it('brings 40 clips, each bought once, through 20 faults that pass', async () => {
    server.autoComplete(clip);
    const faults = [
      401,
      403,
      400,
      409,
      500,
      'cut',
      'html',
      'reset',
      { status: 202 },
      { status: 204 },
    ] as const;
    for (const fault of [...faults, ...faults]) server.failNext(fault, { on: 'content' });
    const film = await makeProject(
      { baseUrl: server.baseUrl, clock: fastClock(100), top: 'concurrency: 8' },
      `  - { id: sea, prompt: "waves {{n}}", matrix: { n: [${[...Array(40).keys()].join(', ')}] } }`,
    );
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { delivered: 40 } });
    expect(server.counters.posts).toBe(40);
  });

  it('brings its clip in one run, however often it breaks off, as long as it grows', async () => {
    // A box that players skip makes it large.
    const free = Buffer.alloc(4_000_000);
    free.writeUInt32BE(free.length);
    free.write('free', 4);
    const large = Buffer.concat([clip, free]);
    server.autoComplete(large);
    const film = await project();
    // Each time half of the rest comes.
    server.failNext('cut', { on: 'content', times: 8 });
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    expect((await clipAt(film, 'sea/sea.mp4')).equals(large)).toBe(true);
  });

  it('keeps a job paid and fetchable when what comes is no clip', async () => {
    server.autoComplete(Buffer.from('<!doctype html><p>busy</p>'));
    const film = await project();
    const summary = await film.run();
    expect(summary).toMatchObject({ exit_code: 1, shots: [{ outcome: 'waiting' }] });
    expect(await film.stored()).toEqual([]);
    expect((await film.plan()).shots).toMatchObject([{ action: 'download' }]);
    expect(server.counters.posts).toBe(1);
  });

  it('brings all outputs of a job', async () => {
    server.autoComplete([clip, red]);
    const film = await project();
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    expect(await clipAt(film, 'sea/sea.mp4')).toEqual(clip);
    expect(await clipAt(film, 'sea/sea.2.mp4')).toEqual(red);
  });

  it.each([
    ['first', 0],
    ['second', 1],
  ])('brings what there is of a job, and says so, where its %s clip is gone', async (_, gone) => {
    server.autoComplete([clip, clip]);
    server.onRequest(({ endpoint, path }) => {
      if (endpoint === 'content' && path.endsWith(`index=${gone}`)) server.jobs[0]?.vanish();
      else server.jobs[0]?.restore();
    });
    const film = await project();
    const summary = await film.run();
    expect(summary).toMatchObject({ exit_code: 0 });
    expect(summary.shots[0]?.outputs).toHaveLength(1);
    expect(summary.shots[0]?.outputs[0]?.warnings).toEqual([
      expect.stringMatching(/^1 of the job's 2 clips could not be fetched: the clip is gone/),
    ]);
    expect(await clipAt(film, 'sea/sea.mp4')).toEqual(clip);
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
    expect(server.counters.posts).toBe(1);
  });

  it('goes to the next address where one sends more than any clip of the order has', async () => {
    const origin = await storage((_, response) => {
      response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': 10_000_000_000 });
      response.write(clip);
    });
    server.autoComplete(clip, { answer: { urls: [`${origin}/clip`] } });
    const film = await project();
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    expect(await clipAt(film, 'sea/sea.mp4')).toEqual(clip);
  });

  it('brings all of a job with many outputs', async () => {
    const many = Array.from({ length: 130 }, () => clip);
    server.autoComplete(many);
    const film = await project();
    const summary = await film.run();
    expect(summary).toMatchObject({ exit_code: 0 });
    expect(summary.shots[0]?.outputs).toHaveLength(130);
  });

  it('says how many outputs it leaves where a job lists more than any has, whichever run asks', async () => {
    const urls = Array.from({ length: 1003 }, (_, n) => `https://cdn.example/${n}`);
    server.autoComplete(clip, { answer: { unsigned_urls: urls } });
    const film = await project();
    for (let run = 0; run < 2; run += 1) {
      server.failNext('hang', { on: 'content' });
      const stop = new AbortController();
      server.onRequest(({ endpoint }) => {
        if (endpoint === 'content') stop.abort();
      });
      const { events } = await film.run({ signal: stop.signal });
      const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
      expect(warnings.filter((message) => message.includes('lists 1003 outputs'))).toEqual([
        'job job-1 lists 1003 outputs: 1000 are fetched, 3 stay on the gateway',
      ]);
    }
  });

  it('leaves no clip of a job behind when the gateway cannot say for now how many there are', async () => {
    server.autoComplete([clip, red]);
    const film = await project();
    await film.run();
    await film.lose();
    server.failNext(503, { on: 'poll', times: 3 });
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    expect(await clipAt(film, 'sea/sea.2.mp4')).toEqual(red);

    await film.lose();
    server.failNext(503, { on: 'poll', times: 100 });
    expect(await film.run()).toMatchObject({
      exit_code: 1,
      shots: [
        { outcome: 'waiting', message: expect.stringMatching(/^asking for its clips failed/) as string },
      ],
    });
    expect((await film.plan()).shots).toMatchObject([{ action: 'download' }]);
  });

  it('asks for all the clips it once had, where the gateway has forgotten the job but not its clips', async () => {
    server.autoComplete([clip, red]);
    const film = await project();
    await film.run();
    await film.lose();
    server.failNext(404, { on: 'poll', times: 100 });
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    expect(await clipAt(film, 'sea/sea.mp4')).toEqual(clip);
    expect(await clipAt(film, 'sea/sea.2.mp4')).toEqual(red);
  });

  it('does not take a clip for the one beside it that is gone for good', async () => {
    server.autoComplete([clip, red]);
    const film = await project();
    await film.run();
    const [, second] = await outputsOf(film);
    await film.lose();
    server.jobs[0]?.complete([Buffer.from(''), red]);
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    const [left, ...others] = await outputsOf(film);
    expect(others).toEqual([]);
    expect(left).toMatchObject({ sha256: second?.sha256 });
    expect(left).not.toHaveProperty('first_sha256');
  });

  it('brings what is a clip, and says so, where a job has something else beside it', async () => {
    const at = await storage((_, response) => {
      response.writeHead(200, { 'content-type': 'image/jpeg' }).end('a poster');
    });
    server.autoComplete(clip, {
      answer: { unsigned_urls: ['', `${at}/poster.jpg`] },
    });
    server.onRequest(({ endpoint, path }) => {
      if (endpoint === 'content' && path.endsWith('index=1')) server.failNext(400, { on: 'content' });
    });
    const film = await project();
    const summary = await film.run();
    expect(summary).toMatchObject({ exit_code: 0, shots: [{ outcome: 'delivered' }] });
    expect(summary.shots[0]?.outputs[0]?.warnings).toEqual([
      expect.stringMatching(/^1 of the job's 2 clips could not be fetched: /),
    ]);
    expect(await clipAt(film, 'sea/sea.mp4')).toEqual(clip);
  });

  it('asks for a fresh address where the one it has expired and the gateway serves no clips itself', async () => {
    const at = await storage((request, response) => {
      if (request.url === '/fresh') response.writeHead(200, { 'content-type': 'video/mp4' }).end(clip);
      else response.writeHead(403).end('expired');
    });
    let polls = 0;
    server.onRequest(({ endpoint }) => {
      if (endpoint !== 'poll') return;
      polls += 1;
      server.jobs[0]?.complete(clip, {
        answer: { unsigned_urls: [`${at}/${polls === 1 ? 'old' : 'fresh'}`] },
      });
    });
    server.failNext(404, { on: 'content', times: 50 });
    const film = await project();
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    expect(await clipAt(film, 'sea/sea.mp4')).toEqual(clip);
  });

  it('goes to the content endpoint where an address of the gateway itself refuses the key', async () => {
    server.onRequest(({ endpoint, path }) => {
      const [job] = server.jobs;
      const signed = `${server.baseUrl}/videos/${job?.id}/content?index=00`;
      if (endpoint === 'poll') job?.complete(clip, { answer: { unsigned_urls: [signed] } });
      if (path.endsWith('index=00')) server.failNext(403, { on: 'content' });
    });
    const film = await project();
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    expect(await clipAt(film, 'sea/sea.mp4')).toEqual(clip);
  });

  it('does not wait for a storage that cannot be reached while the gateway has the clip', async () => {
    const at = await storage((request) => request.socket.destroy());
    server.autoComplete(clip, { answer: { unsigned_urls: [`${at}/clip`] } });
    const slept: number[] = [];
    const fast = fastClock(100);
    const clock: Clock = {
      ...fast,
      sleep(ms, signal) {
        slept.push(ms);
        return fast.sleep(ms, signal);
      },
    };
    const film = await makeProject({ baseUrl: server.baseUrl, clock }, SEA);
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    expect(slept.filter((ms) => ms >= 1000)).toEqual([]);
  });

  it('waits for a clip that the gateway does not have yet when its job ends', async () => {
    server.autoComplete(clip);
    server.failNext(404, { on: 'content', times: 8 });
    // The patience after a job's end has room for the answers of a busy machine.
    const film = await project(20);
    expect(await film.run()).toMatchObject({ exit_code: 0, shots: [{ outcome: 'delivered' }] });
  });

  it('stops the run where the gateway refuses the key for its clips and its jobs', async () => {
    server.autoComplete(clip);
    server.failNext(401, { on: 'content', times: 50 });
    server.onRequest(({ endpoint }) => {
      if (endpoint === 'content') server.failNext(401, { on: 'poll', times: 1 });
    });
    const film = await project();
    expect(await film.run()).toMatchObject({
      exit_code: 3,
      stopped: { kind: 'key' },
      shots: [{ outcome: 'waiting' }],
    });
    expect((await film.plan()).shots).toMatchObject([{ action: 'download' }]);
  });

  it('brings the other clips where one address refuses the key and the jobs can be asked for', async () => {
    server.autoComplete(clip);
    server.onRequest(({ endpoint, path }) => {
      if (endpoint === 'content' && path.includes('job-1/')) server.failNext(401, { on: 'content' });
    });
    const film = await makeProject(
      { baseUrl: server.baseUrl, clock: fastClock(100), top: 'concurrency: 1' },
      `${SEA}\n  - { id: turn, prompt: a door }`,
    );
    expect(await film.run()).toMatchObject({
      exit_code: 1,
      shots: [{ outcome: 'waiting' }, { outcome: 'delivered' }],
    });
    expect(server.counters.posts).toBe(2);
  });

  it('warns of a clip unlike the order, and does not buy another', async () => {
    server.autoComplete(await orderedClip({ seconds: 2 }));
    const film = await project();
    const summary = await film.run();
    expect(summary.exit_code).toBe(0);
    expect(summary.shots[0]?.outputs[0]?.warnings).toEqual(['asked for 4 s, got 2 s']);
  });
});

interface StoredOutput {
  readonly sha256: string;
  readonly first_sha256?: string;
}

async function outputsOf(film: TestProject): Promise<readonly StoredOutput[]> {
  const lockfile = (await film.lockfile()) as {
    shots: { sea: { takes: Record<string, { attempts: { state: { outputs: StoredOutput[] } }[] }> } };
  };
  return lockfile.shots.sea.takes['1']?.attempts[0]?.state.outputs ?? [];
}
