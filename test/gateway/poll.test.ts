import { describe, expect, it, onTestFinished } from 'vitest';

import type { JobRef } from '../../src/domain/attempt.js';
import type { Gateway, GatewayOptions } from '../../src/gateway/gateway.js';
import type { PollOutcome } from '../../src/gateway/outcomes.js';
import {
  startGatewayServer,
  type Fault,
  type GatewayServer,
  type HeldJob,
} from '../helpers/gateway-server.js';
import { DAY_MS } from '../helpers/clock.js';
import { closedPort, gatewayAt, httpServer, KEY, never, NOW, rawServer, REQUEST } from './fixtures.js';

interface Scene {
  readonly server: GatewayServer;
  readonly gateway: Gateway;
  readonly job: HeldJob;
  readonly ref: JobRef;
}

/** A gateway with one job that was just submitted. */
async function scene(options: Partial<GatewayOptions> = {}): Promise<Scene> {
  const server = await startGatewayServer({ apiKey: KEY });
  onTestFinished(() => server.close());
  const gateway = gatewayAt(server.baseUrl, options);
  const outcome = await gateway.submit(REQUEST, never());
  if (outcome.kind !== 'accepted') throw new Error(outcome.message);
  return { server, gateway, job: await server.nextJob(), ref: outcome.job };
}

/** What the server tells of its job beside the state. */
const TOLD = { details: { generation_id: 'gen-job-1' } };

async function pollMeeting(fault: Fault, times = 1): Promise<PollOutcome> {
  const endless = fault === 'hang' || fault === 'drip';
  const { server, gateway, ref } = await scene(endless ? { timeouts: { answerMs: 100 } } : {});
  server.failNext(fault, { on: 'poll', times });
  return gateway.poll(ref, never());
}

describe('a poll', () => {
  it.each(['pending', 'in_progress'])('of a job that is %s', async (word) => {
    const { gateway, job, ref, server } = await scene();
    job.status(word);
    expect(await gateway.poll(ref, never())).toEqual({ kind: 'running', status: word });
    expect(server.violations).toEqual([]);
  });

  it('is read in capitals too', async () => {
    const { gateway, job, ref } = await scene();
    job.status('IN_PROGRESS');
    expect(await gateway.poll(ref, never())).toEqual({ kind: 'running', status: 'in_progress' });
  });

  it('does not take a word it does not know for the end', async () => {
    const { gateway, job, ref } = await scene();
    job.status('post\u001b[31mprocessing');
    expect(await gateway.poll(ref, never())).toEqual({ kind: 'unknown_status', word: 'postprocessing' });
  });

  it.each(['failed', 'cancelled', 'expired'] as const)(
    'of a job that %s, in the words of the gateway',
    async (word) => {
      const { gateway, job, ref } = await scene();
      job.end(word, 'Content policy violation', { cost: 0.25 });
      expect(await gateway.poll(ref, never())).toEqual({
        kind: 'ended',
        status: word,
        message: 'Content policy violation',
        cost_usd: 0.25,
        ...TOLD,
      });
    },
  );

  it.each([
    ['an object', { code: 500, message: 'GPU on fire' }, 'GPU on fire'],
    ['an object in an object', { error: 'GPU on fire' }, 'GPU on fire'],
    ['nothing', undefined, 'no reason given'],
    ['null', null, 'no reason given'],
    ['a text with the key in it', `bad ${KEY}`, 'bad [key]'],
  ])('reads an error that is %s', async (_, error, message) => {
    const { gateway, job, ref } = await scene();
    job.fail(error);
    expect(await gateway.poll(ref, never())).toEqual({ kind: 'ended', status: 'failed', message, ...TOLD });
  });

  it.each([
    [0, 0],
    [0.5, 0.5],
    ['1.25', 1.25],
    [null, undefined],
    [undefined, undefined],
    [-1, undefined],
    ['free', undefined],
    ['', undefined],
  ])('reads a cost of %j as %j', async (cost, cost_usd) => {
    const { gateway, job, ref } = await scene();
    job.complete(Buffer.from('clip'), cost === undefined ? {} : { cost });
    const outcome = await gateway.poll(ref, never());
    expect(outcome.kind).toBe('completed');
    expect('cost_usd' in outcome ? outcome.cost_usd : undefined).toBe(cost_usd);
  });
});

describe('the clips of a completed job', () => {
  const content = (server: GatewayServer, index: number): object => ({
    url: `${server.baseUrl}/videos/job-1/content?index=${index}`,
    withKey: true,
  });

  it('are all of its outputs, fetched with the key where they lie at the gateway', async () => {
    const { server, gateway, job, ref } = await scene();
    job.complete([Buffer.from('a'), Buffer.from('b')]);
    expect(await gateway.poll(ref, never())).toEqual({
      kind: 'completed',
      urls: [content(server, 0), content(server, 1)],
      ...TOLD,
    });
  });

  it('are fetched without the key elsewhere, with the content endpoint behind them', async () => {
    const { server, gateway, job, ref } = await scene();
    job.complete(Buffer.from('a'), {
      answer: { urls: ['https://storage.example/a.mp4?sig=1'], unsigned_urls: ['https://cdn.example/a.mp4'] },
    });
    const cdn = { url: 'https://cdn.example/a.mp4', withKey: false, next: content(server, 0) };
    expect(await gateway.poll(ref, never())).toEqual({
      kind: 'completed',
      urls: [{ url: 'https://storage.example/a.mp4?sig=1', withKey: false, next: cdn }],
      ...TOLD,
    });
  });

  it.each([
    ['is missing', {}],
    ['is null', { unsigned_urls: null }],
    ['is empty', { unsigned_urls: [] }],
    ['is no list', { unsigned_urls: 'https://cdn.example/a.mp4' }],
    ['names what is no address', { unsigned_urls: ['http://['] }],
    ['names a file', { unsigned_urls: ['file:///etc/passwd'] }],
    ['has a number', { unsigned_urls: [7] }],
  ])('come from the content endpoint where the list %s', async (_, answer) => {
    const { server, gateway, job, ref } = await scene();
    job.complete([], { answer });
    expect(await gateway.poll(ref, never())).toEqual({
      kind: 'completed',
      urls: [content(server, 0)],
      ...TOLD,
    });
  });

  it('are fetched from a mirror where the other addresses fail, and a mirror adds none', async () => {
    const { server, gateway, job, ref } = await scene();
    const [url, mirror, other] = ['a', 'b', 'c'].map((name) => `https://${name}.example/a.mp4`);
    job.complete([], { answer: { unsigned_urls: [url], mirror_urls: [mirror, other] } });
    const next = { url: mirror, withKey: false, next: content(server, 0) };
    expect(await gateway.poll(ref, never())).toMatchObject({ urls: [{ url, withKey: false, next }] });
    job.complete([], { answer: { unsigned_urls: null, mirror_urls: [other, mirror] } });
    expect(await gateway.poll(ref, never())).toMatchObject({
      urls: [{ url: other, next: content(server, 0) }],
    });
  });

  it('are found under a relative address too', async () => {
    const { server, gateway, job, ref } = await scene();
    job.complete([], { answer: { unsigned_urls: ['/files/a.mp4'], urls: [{ url: '/signed/a.mp4' }] } });
    const outcome = await gateway.poll(ref, never());
    const second = { url: `${server.origin}/files/a.mp4`, withKey: true, next: content(server, 0) };
    expect(outcome).toMatchObject({
      urls: [{ url: `${server.origin}/signed/a.mp4`, withKey: true, next: second }],
    });
  });

  it('are not looked for in plain http where the gateway speaks https', () => {
    const gateway = gatewayAt('https://gateway.example/api/v1');
    expect(gateway.contentUrl({ id: 'a/../b' }, 3)).toEqual({
      url: 'https://gateway.example/api/v1/videos/a%2F..%2Fb/content?index=3',
      withKey: true,
    });
  });

  it.each([
    [300, 300, undefined],
    [5000, 1000, 4000],
  ])('are all of them, and what is beyond belief is counted: of %i', async (listed, read, leftOut) => {
    const { gateway, job, ref } = await scene();
    job.complete([], {
      answer: { unsigned_urls: Array.from({ length: listed }, (_, n) => `https://cdn.example/${n}`) },
    });
    const outcome = await gateway.poll(ref, never());
    expect(outcome.kind === 'completed' && [outcome.urls.length, outcome.leftOut]).toEqual([read, leftOut]);
  });
});

describe('what a gateway tells of a job', () => {
  it.each<[string, object, object | undefined]>([
    ['nothing', { generation_id: null }, undefined],
    ['its number in the accounts', { generation_id: 'gen-vid-1' }, { generation_id: 'gen-vid-1' }],
    ['who has made it', { generation_id: '', provider: 'Acme' }, { served_by: 'Acme' }],
    ['… as other answers have it', { generation_id: 7, provider_name: 'Acme' }, { served_by: 'Acme' }],
    ['… in a map', { generation_id: [], provider: { slug: 'acme', id: 3 } }, { served_by: 'acme' }],
    ['the request again', { generation_id: '', provider: { only: ['acme'] } }, undefined],
    [
      'controls of a terminal',
      { generation_id: '\u001b[31mgen', provider: '\u202e' },
      { generation_id: 'gen' },
    ],
    ['the key', { generation_id: `gen-${KEY}`, provider: KEY }, undefined],
    ['a novel', { generation_id: 'g'.repeat(201) }, undefined],
  ])('is read: %s', async (_, answer, details) => {
    const { gateway, job, ref } = await scene();
    job.complete([], { answer: { ...answer } });
    const outcome = await gateway.poll(ref, never());
    expect(outcome.kind === 'completed' && outcome.details).toEqual(details);
  });
});

describe('what a job has cost', () => {
  it.each<[string, object | null, number | undefined]>([
    ['a number', { cost: 0.5 }, 0.5],
    ['a numeric string', { cost: ' 0.50 ' }, 0.5],
    ['in video_cost, as a relative of this API has it', { video_cost: '0.18' }, 0.18],
    ['nothing', { cost: 0 }, 0],
    ['not reported', { cost: null }, undefined],
    ['no usage', null, undefined],
    ['below nothing', { cost: -1 }, undefined],
    ['beyond all sense', { cost: 1e308 }, undefined],
    ['in no decimal digits', { cost: '0x10' }, undefined],
    ['without end', { cost: 'Infinity' }, undefined],
    ['paid by a key of the user, and nobody says how much', { is_byok: true, cost: 0 }, undefined],
    ['… not even that', { is_byok: true }, undefined],
    [
      '… at the price of the provider',
      { is_byok: true, cost: 0, cost_details: { upstream_inference_cost: '0.4' } },
      0.4,
    ],
    [
      '… and a fee of the gateway',
      { is_byok: true, cost: 0.25, cost_details: { upstream_inference_cost: 0.5 } },
      0.75,
    ],
    ['… at a price that nobody knows beside the fee', { is_byok: true, cost: 0.02 }, undefined],
    [
      'without such a key, whatever the gateway itself pays',
      { is_byok: false, cost: 0.5, cost_details: { upstream_inference_cost: 9 } },
      0.5,
    ],
  ])('is read: %s', async (_, usage, costUsd) => {
    const { gateway, job, ref } = await scene();
    job.complete([], { answer: { usage } });
    const outcome = await gateway.poll(ref, never());
    expect(outcome.kind === 'completed' && outcome.cost_usd).toBe(costUsd);
  });
});

describe('a poll that fails leaves the job as it is', () => {
  it.each<Fault>([
    429,
    500,
    502,
    503,
    524,
    400,
    402,
    'hang',
    'html',
    'half-json',
    'no-id',
    'drip',
    'huge',
    { status: 200, body: '<html>maintenance</html>' },
    { status: 200, body: [] },
    { status: 200, body: { status: 7 } },
    { status: 200, body: { error: { code: 500, message: 'x' } } },
    { status: 302, headers: { location: '/login' } },
  ])('%j', async (fault) => {
    expect(await pollMeeting(fault)).toMatchObject({ kind: 'unavailable' });
  });

  it('reset, twice', async () => {
    expect(await pollMeeting('reset', 2)).toEqual({
      kind: 'unavailable',
      message: 'the connection was reset',
    });
  });

  it('an unreachable gateway', async () => {
    const gateway = gatewayAt(`http://127.0.0.1:${await closedPort()}/api/v1`);
    expect(await gateway.poll({ id: 'a' }, never())).toEqual({
      kind: 'unavailable',
      message: 'connection refused',
    });
  });

  it('and says how long to wait, where the gateway does', async () => {
    expect(await pollMeeting({ status: 429, headers: { 'retry-after': '12' } })).toMatchObject({
      retryAfterMs: 12_000,
    });
  });

  it('and counts a time of day from that of the gateway, not from ours', async () => {
    const headers = { date: new Date(NOW + DAY_MS).toUTCString() };
    const until = new Date(NOW + DAY_MS + 12_000).toUTCString();
    expect(await pollMeeting({ status: 429, headers: { ...headers, 'retry-after': until } })).toMatchObject({
      retryAfterMs: 12_000,
    });
  });

  it('a job that is not there', async () => {
    const { gateway, job, ref } = await scene();
    job.vanish();
    expect(await gateway.poll(ref, never())).toEqual({ kind: 'not_found', message: 'Resource not found' });
  });

  it.each([401, 403])('%i, which is about the key', async (status) => {
    expect(await pollMeeting(status)).toEqual({ kind: 'key_refused', status, message: `status ${status}` });
  });

  it('being stopped, which throws the reason', async () => {
    const { gateway, ref, server } = await scene();
    server.failNext('hang', { on: 'poll' });
    const stop = new AbortController();
    const reason = new Error('interrupted');
    server.onRequest(() => stop.abort(reason));
    await expect(gateway.poll(ref, stop.signal)).rejects.toBe(reason);
  });
});

describe('the connection of a poll', () => {
  it('is kept; where the server has closed it meanwhile, a new one is made', async () => {
    let connections = 0;
    const { origin } = await rawServer((socket) => {
      connections += 1;
      const isFirst = connections === 1;
      let requests = 0;
      socket.on('data', () => {
        requests += 1;
        if (isFirst && requests === 3) socket.resetAndDestroy();
        else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{"status":"pending"}');
      });
    });
    const gateway = gatewayAt(`${origin}/api/v1`);
    for (let n = 0; n < 4; n += 1) {
      expect(await gateway.poll({ id: 'a' }, never())).toEqual({ kind: 'running', status: 'pending' });
    }
    expect(connections).toBe(2);
  });
});

describe('many polls at once', () => {
  it('may hang on one signal without a warning', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): unknown => warnings.push(warning);
    process.on('warning', onWarning);
    onTestFinished(() => void process.off('warning', onWarning));
    const { gateway, ref } = await scene();
    const signal = never();
    await Promise.all(Array.from({ length: 40 }, () => gateway.poll(ref, signal)));
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
  });
});

describe('an answer without end', () => {
  it('is cut off long before it fills the memory', async () => {
    let sent = 0;
    let onClose = (): void => undefined;
    const closed = new Promise<void>((resolve) => (onClose = resolve));
    const { origin } = await rawServer((socket) => {
      const block = Buffer.alloc(65_536, ' ');
      const pour = (): void => {
        while (!socket.destroyed && socket.write(block)) sent += block.length;
        socket.once('drain', pour);
      };
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2000000000\r\n\r\n');
        pour();
      });
      socket.once('close', () => onClose());
    });
    expect(await gatewayAt(`${origin}/api/v1`).poll({ id: 'a' }, never())).toEqual({
      kind: 'unavailable',
      message: 'the answer is larger than 1024 KB',
    });
    await closed;
    expect(sent).toBeLessThan(50_000_000);
  });
});

describe('where a job is polled', () => {
  /** A gateway that writes down what it is asked, with or without the key. */
  async function recorder(status: (path: string) => number): Promise<{ origin: string; seen: string[] }> {
    const seen: string[] = [];
    const { origin } = await httpServer((request, response) => {
      seen.push(
        `${request.url ?? ''}${request.headers.authorization === `Bearer ${KEY}` ? ' with key' : ''}`,
      );
      response.writeHead(status(request.url ?? '')).end('{"status":"pending"}');
    });
    return { origin, seen };
  }

  it.each([
    ['none', undefined, ['/api/v1/videos/a%2Fb with key']],
    ['a path of its own', '/jobs/1?full=1', ['/jobs/1?full=1 with key']],
    ['a relative one', 'jobs/1', ['/api/v1/jobs/1 with key']],
    ['one on another host', 'http://127.0.0.1:9/steal', ['/api/v1/videos/a%2Fb with key']],
    ['one with another scheme', 'ftp://elsewhere/steal', ['/api/v1/videos/a%2Fb with key']],
    ['a signed one', '/jobs/1?token=x', ['/api/v1/videos/a%2Fb with key']],
  ])('polling_url: %s', async (_, polling_url, expected) => {
    const { origin, seen } = await recorder(() => 200);
    const job = { id: 'a/b', ...(polling_url === undefined ? {} : { polling_url }) };
    await gatewayAt(`${origin}/api/v1`).poll(job, never());
    expect(seen).toEqual(expected);
  });

  it('is the standard address again where its own one is not found', async () => {
    const { origin, seen } = await recorder((path) => (path.startsWith('/proxied') ? 200 : 404));
    const job = { id: 'a', polling_url: '/api/v1/videos/a' };
    const outcome = await gatewayAt(`${origin}/proxied/api/v1`).poll(job, never());
    expect(outcome).toEqual({ kind: 'running', status: 'pending' });
    expect(seen).toEqual(['/api/v1/videos/a with key', '/proxied/api/v1/videos/a with key']);
  });

  it.each([
    ['a page of another program', 200, '<!doctype html><title>Shop</title>'],
    ['a refusal', 401, '{"error":{"message":"log in"}}'],
    ['an outage', 502, ''],
  ])('is the standard address where its own one brings %s', async (_, status, body) => {
    const { origin } = await httpServer((request, response) => {
      if (request.url?.startsWith('/proxied')) response.end('{"status":"in_progress"}');
      else response.writeHead(status).end(body);
    });
    const job = { id: 'a', polling_url: '/api/v1/videos/a' };
    const outcome = await gatewayAt(`${origin}/proxied/api/v1`).poll(job, never());
    expect(outcome).toEqual({ kind: 'running', status: 'in_progress' });
  });

  it('is not believed to know nothing of a job while its own address does not answer', async () => {
    const { origin } = await recorder((path) => (path.startsWith('/proxied') ? 404 : 502));
    const job = { id: 'a', polling_url: '/api/v1/videos/a' };
    const outcome = await gatewayAt(`${origin}/proxied/api/v1`).poll(job, never());
    expect(outcome).toMatchObject({ kind: 'unavailable' });
  });

  it('never leads elsewhere by a redirect', async () => {
    const elsewhere = await recorder(() => 200);
    const { origin } = await httpServer((_, response) => {
      response.writeHead(307, { location: `${elsewhere.origin}/steal` }).end();
    });
    expect(await gatewayAt(`${origin}/api/v1`).poll({ id: 'a' }, never())).toMatchObject({
      kind: 'unavailable',
    });
    expect(elsewhere.seen).toEqual([]);
  });
});

describe('the usage of a key', () => {
  it('is told where the gateway has it', async () => {
    const server = await startGatewayServer({ key: { usage: 12.5, limit: 20 } });
    onTestFinished(() => server.close());
    expect(await gatewayAt(server.baseUrl).keyUsage(never())).toEqual({ usage_usd: 12.5, limit_usd: 20 });
  });

  it('is told without a limit where there is none', async () => {
    const server = await startGatewayServer({ key: { usage: 0, limit: null } });
    onTestFinished(() => server.close());
    expect(await gatewayAt(server.baseUrl).keyUsage(never())).toEqual({ usage_usd: 0 });
  });

  it('is undefined where the gateway has none', async () => {
    const server = await startGatewayServer();
    onTestFinished(() => server.close());
    expect(await gatewayAt(server.baseUrl).keyUsage(never())).toBeUndefined();
  });
});
