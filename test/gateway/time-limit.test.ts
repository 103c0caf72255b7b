import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { timeLimit } from '../../src/gateway/time-limit.js';
import { DAY_MS, settable } from '../helpers/clock.js';
import { gatewayAt, never, REQUEST } from './fixtures.js';

describe('a limit of time', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** A limit of a minute, and how often it was reached. */
  const minute = (clock = settable(systemClock)) => {
    const seen = { reached: 0 };
    return { seen, clock, limit: timeLimit(60_000, () => (seen.reached += 1), clock) };
  };
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  it('is reached when nothing comes', async () => {
    const { seen } = minute();
    await pass(59_999);
    expect(seen.reached).toBe(0);
    await pass(100);
    expect(seen.reached).toBe(1);
    await pass(DAY_MS);
    expect(seen.reached).toBe(1);
  });

  it('counts anew from whatever comes, and not any more once it is lifted', async () => {
    const { seen, limit } = minute();
    await pass(40_000);
    limit.refresh();
    await pass(40_000);
    expect(seen.reached).toBe(0);
    limit.clear();
    limit.refresh();
    expect(vi.getTimerCount()).toBe(0);
    await pass(DAY_MS);
    expect(seen.reached).toBe(0);
  });

  it('gives a machine that slept, as the time of day tells, some seconds more, and no more', async () => {
    const { seen, clock } = minute();
    clock.set(DAY_MS);
    await pass(60_100);
    expect(seen.reached).toBe(0);
    await pass(10_100);
    expect(seen.reached).toBe(1);
  });

  it('gives nothing for a clock that is set back', async () => {
    const { seen, clock } = minute();
    clock.set(-DAY_MS);
    await pass(60_100);
    expect(seen.reached).toBe(1);
  });
});

describe('an answer that has come while the program could not listen, and past its limit', () => {
  const LIMIT_MS = 1000;
  const CLIP = Buffer.alloc(100_000, 'clip');

  it('is that of a submit: it is accepted, not uncertain', async () => {
    const server = await serverElsewhere();
    const gateway = gatewayAt(server.baseUrl, { timeouts: { submitMs: LIMIT_MS } });
    const submitted = gateway.submit(REQUEST, never());
    await server.sleepThroughTheAnswer(LIMIT_MS + 50);
    expect(await submitted).toMatchObject({ kind: 'accepted', job: { id: 'job-1' } });
  });

  it('is that of a submit that nobody waits for any more, because the run was stopped', async () => {
    const server = await serverElsewhere();
    const gateway = gatewayAt(server.baseUrl);
    const stop = new AbortController();
    const submitted = gateway.submit(REQUEST, stop.signal);
    await server.sleepThroughTheAnswer(0);
    stop.abort();
    expect(await submitted).toMatchObject({ kind: 'accepted', job: { id: 'job-1' } });
  });

  it('is that of a poll', async () => {
    const server = await serverElsewhere();
    const gateway = gatewayAt(server.baseUrl, { timeouts: { answerMs: LIMIT_MS } });
    const polled = gateway.poll({ id: 'job-1' }, never());
    await server.sleepThroughTheAnswer(LIMIT_MS + 50);
    expect(await polled).toMatchObject({ kind: 'running', status: 'pending' });
  });

  it('is that of a download', async () => {
    const server = await serverElsewhere();
    const gateway = gatewayAt(server.baseUrl, { timeouts: { idleMs: LIMIT_MS } });
    const target = join(await mkdtemp(join(tmpdir(), 'dailies-late-')), 'clip.part');
    const source = gateway.contentUrl({ id: 'job-1' }, 0);
    const downloaded = gateway.download({
      source,
      target,
      identity: 'job-1 0',
      maxBytes: 1e9,
      signal: never(),
    });
    await server.sleepThroughTheAnswer(LIMIT_MS + 50);
    expect(await downloaded).toMatchObject({ kind: 'downloaded', bytes: CLIP.length });
    expect((await readFile(target)).equals(CLIP)).toBe(true);
  });

  /** A gateway on a thread of its own, which answers although this one sleeps. */
  async function serverElsewhere() {
    const stage = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(GATEWAY, { eval: true, workerData: { stage, clip: CLIP } });
    onTestFinished(async () => {
      await worker.terminate();
    });
    const port = await new Promise<number>((resolve) => worker.once('message', resolve));
    return {
      baseUrl: `http://127.0.0.1:${port}/api/v1`,
      /** From when the request has arrived until the answer has left, and so much longer. */
      async sleepThroughTheAnswer(ms: number): Promise<void> {
        while (Atomics.load(stage, 0) === 0) await new Promise(setImmediate);
        Atomics.wait(stage, 0, 1, 10_000);
        Atomics.wait(stage, 0, 2, ms);
      },
    };
  }
});

const GATEWAY = `
  const { parentPort, workerData: { stage, clip } } = require('node:worker_threads');
  const tell = (word) => { Atomics.store(stage, 0, word); Atomics.notify(stage, 0); };
  const server = require('node:http').createServer((request, response) => {
    request.resume().on('end', () => {
      const isClip = request.url.includes('/content');
      const body = isClip ? Buffer.from(clip) : JSON.stringify({ id: 'job-1', status: 'pending' });
      response.writeHead(200, { 'content-type': isClip ? 'video/mp4' : 'application/json', 'content-length': body.length });
      response.write(body.slice(0, 5));
      tell(1);
      setTimeout(() => response.end(body.slice(5), () => tell(2)), 20);
    });
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;
