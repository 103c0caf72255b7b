import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';

import { describe, expect, it, onTestFinished } from 'vitest';

import type { SubmitOutcome } from '../../src/gateway/outcomes.js';
import { startGatewayServer, type Fault, type GatewayServer } from '../helpers/gateway-server.js';
import { closedPort, gatewayAt, httpAnswer, KEY, never, NOW, ORDER, rawServer, REQUEST } from './fixtures.js';

/** For what never ends; everything else has all the time it needs on a busy machine. */
const SHORT = { timeouts: { connectMs: 100, submitMs: 100 } };

async function server(options: Parameters<typeof startGatewayServer>[0] = {}): Promise<GatewayServer> {
  const started = await startGatewayServer(options);
  onTestFinished(() => started.close());
  return started;
}

/** Submits once to a server that fails this way; the POST is counted and, whatever happens, stays the only one. */
async function submitMeeting(fault: Fault): Promise<SubmitOutcome> {
  const gatewayServer = await server();
  gatewayServer.failNext(fault);
  const options = fault === 'hang' || fault === 'drip' ? { timeouts: { submitMs: 100 } } : {};
  const outcome = await gatewayAt(gatewayServer.baseUrl, options).submit(REQUEST, never());
  expect(gatewayServer.counters.posts).toBe(1);
  return outcome;
}

function errorBody(code: number, message: string, metadata?: object): object {
  return { error: { code, message, ...(metadata ? { metadata } : {}) } };
}

describe('an accepted submit', () => {
  it('gives the job, and what was sent obeys the contract', async () => {
    const gatewayServer = await server({ apiKey: KEY });
    const outcome = await gatewayAt(gatewayServer.baseUrl).submit(REQUEST, never());
    expect(outcome).toEqual({ kind: 'accepted', job: { id: 'job-1' }, status: 'pending' });
    expect(gatewayServer.submits).toEqual([ORDER]);
    expect(gatewayServer.violations).toEqual([]);
    expect(gatewayServer.requests[0]?.headers).toMatchObject({
      authorization: `Bearer ${KEY}`,
      'content-type': 'application/json',
      'user-agent': expect.stringMatching(/^dailies\/\d/) as unknown,
    });
  });

  it.each([200, 201, 202])('is one whatever 2xx says so: %i', async (status) => {
    const outcome = await submitMeeting({ status, body: { id: 'abc', status: 'in_progress' } });
    expect(outcome).toEqual({ kind: 'accepted', job: { id: 'abc' }, status: 'in_progress' });
  });

  it('reads an id that is a number', async () => {
    expect(await submitMeeting({ status: 202, body: { id: 4711 } })).toMatchObject({ job: { id: '4711' } });
  });

  it('holds the shot, with the digits, where an id is a number that JSON rounds', async () => {
    expect(await submitMeeting({ status: 202, body: '{"id":1234567890123456789}' })).toEqual({
      kind: 'uncertain',
      message: 'the gateway answered 202 without a job id that can be read: {"id":1234567890123456789}',
    });
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['br', brotliCompressSync],
    ['X-Gzip ', gzipSync],
    ['gzip, identity, br', (text: string) => brotliCompressSync(gzipSync(text))],
    ['gzip', (text: string) => gzipSync(text).subarray(0, -8)],
  ])('is read where a proxy packs it unasked: %s', async (encoding, pack) => {
    const body = pack(JSON.stringify({ id: 'abc' }));
    const outcome = await submitMeeting({ status: 202, body, headers: { 'content-encoding': encoding } });
    expect(outcome).toMatchObject({ kind: 'accepted', job: { id: 'abc' } });
  });

  it('is read where it is not packed as its head says', async () => {
    const headers = { 'content-encoding': 'br' };
    const outcome = await submitMeeting({ status: 202, body: { id: 'abc' }, headers });
    expect(outcome).toMatchObject({ kind: 'accepted', job: { id: 'abc' } });
  });

  it('is not one where its packing is torn', async () => {
    const body = gzipSync(JSON.stringify({ id: 'abc' })).subarray(0, 12);
    const outcome = await submitMeeting({ status: 202, body, headers: { 'content-encoding': 'gzip' } });
    expect(outcome).toMatchObject({ kind: 'uncertain' });
  });

  it('is read behind large headers', async () => {
    const outcome = await submitMeeting({
      status: 202,
      body: { id: 'abc' },
      headers: { 'x-trace': 'x'.repeat(40_000) },
    });
    expect(outcome).toMatchObject({ kind: 'accepted', job: { id: 'abc' } });
  });

  it.each([
    ['', (text: string) => Buffer.from(text)],
    [', packed', gzipSync],
  ])('is believed when the connection breaks after all that matters had come%s', async (packed, body) => {
    const { origin } = await rawServer((socket) => {
      socket.once('data', () => {
        const encoding = packed === '' ? '' : 'content-encoding: gzip\r\n';
        socket.write(`HTTP/1.1 202 Accepted\r\n${encoding}content-length: 500\r\n\r\n`);
        socket.write(body('{"id":"job-9","status":"pending"}'), () => socket.resetAndDestroy());
      });
    });
    const outcome = await gatewayAt(`${origin}/api/v1`).submit(REQUEST, never());
    expect(outcome).toMatchObject({ kind: 'accepted', job: { id: 'job-9' } });
  });

  it.each([
    ['the standard address is left out', '/api/v1/videos/abc', undefined],
    ['an address of its own is kept', '/api/v1/jobs/abc?view=full', '/api/v1/jobs/abc?view=full'],
    ['a signed one is not kept', '/api/v1/jobs/abc?token=s3cret', undefined],
    ['one on another host is not kept', 'https://elsewhere.example/api/v1/videos/abc', undefined],
    ['one that is no address is not kept', 'http://', undefined],
  ])('of the polling_url %s', async (_, polling_url, kept) => {
    const gatewayServer = await server();
    gatewayServer.failNext({ status: 202, body: { id: 'abc', polling_url, status: 'pending' } });
    const outcome = await gatewayAt(gatewayServer.baseUrl).submit(REQUEST, never());
    const job = { id: 'abc', ...(kept === undefined ? {} : { polling_url: gatewayServer.origin + kept }) };
    expect(outcome).toEqual({ kind: 'accepted', job, status: 'pending' });
  });
});

describe('a submit whose answer was lost or cannot be read is uncertain, and never sent again', () => {
  it.each<Fault>([
    'reset',
    'reset-unread',
    'hang',
    'html',
    'half-json',
    'no-id',
    'drip',
    'huge',
    'drop-after-accept',
  ])('%s', async (fault) => {
    expect(await submitMeeting(fault)).toMatchObject({ kind: 'uncertain' });
  });

  it.each([405, 406, 408, 409, 410, 415, 418, 451, 499, 500, 501, 502, 504, 520, 524, 529])(
    '%i',
    async (status) => {
      expect(await submitMeeting(status)).toMatchObject({ kind: 'uncertain' });
    },
  );

  it('503 that does not come from the gateway itself', async () => {
    expect(await submitMeeting({ status: 503, body: 'no healthy upstream' })).toMatchObject({
      kind: 'uncertain',
    });
    expect(await submitMeeting({ status: 503, body: { error: 'down' } })).toMatchObject({
      kind: 'uncertain',
    });
    expect(await submitMeeting({ status: 503, body: { message: 'down' } })).toMatchObject({
      kind: 'uncertain',
    });
  });

  it.each([
    ['empty', ''],
    ['blank', '  '],
    ['an object', { a: 1 }],
    ['null', null],
    ['a way up', '..'],
    ['with control characters', 'job\u0000\u001b[2J'],
    ['endless', 'x'.repeat(5000)],
  ])('a 2xx with an id that is %s', async (_, id) => {
    expect(await submitMeeting({ status: 200, body: { id, status: 'pending' } })).toMatchObject({
      kind: 'uncertain',
    });
  });

  it('a 2xx without a body', async () => {
    expect(await submitMeeting({ status: 204, body: '' })).toMatchObject({ kind: 'uncertain' });
  });

  it('an answer that is not HTTP', async () => {
    const { origin } = await rawServer((socket) =>
      socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.6\r\n')),
    );
    const outcome = await gatewayAt(`${origin}/api/v1`).submit(REQUEST, never());
    expect(outcome).toEqual({
      kind: 'uncertain',
      message: 'the answer to the submit was lost (the answer is not HTTP)',
    });
  });

  it('a connection closed without a word', async () => {
    const { origin } = await rawServer((socket) => socket.once('data', () => socket.end()));
    expect(await gatewayAt(`${origin}/api/v1`).submit(REQUEST, never())).toMatchObject({ kind: 'uncertain' });
  });

  it('a connection reset in the moment it stands, unless it is certain that nothing left', async () => {
    let bytes = 0;
    let connections = 0;
    const { origin } = await rawServer((socket) => {
      connections += 1;
      socket.on('data', (data) => (bytes += data.length));
      socket.resetAndDestroy();
    });
    const { kind } = await gatewayAt(`${origin}/api/v1`).submit(REQUEST, never());
    expect(['uncertain', 'not_accepted']).toContain(kind);
    expect(kind === 'uncertain' || bytes === 0).toBe(true);
    expect(connections).toBe(1);
  });

  it('says how the answer began, so that the job can be found', async () => {
    const outcome = await submitMeeting('half-json');
    expect(outcome).toMatchObject({ message: expect.stringContaining('it began: {"id":"job-1"') as unknown });
  });

  it('a run that stops waiting for it', async () => {
    const gatewayServer = await server();
    gatewayServer.failNext('hang');
    const stop = new AbortController();
    gatewayServer.onRequest(() => stop.abort(new Error('interrupted')));
    const outcome = await gatewayAt(gatewayServer.baseUrl).submit(REQUEST, stop.signal);
    expect(outcome).toMatchObject({
      kind: 'uncertain',
      message: expect.stringContaining('interrupted') as unknown,
    });
  });
});

describe('a submit of which nothing left is not accepted, and says why', () => {
  const unreachable = (message: RegExp | string): object => ({
    kind: 'not_accepted',
    reason: 'unreachable',
    message: typeof message === 'string' ? message : (expect.stringMatching(message) as unknown),
  });

  it('nobody listens', async () => {
    const gateway = gatewayAt(`http://127.0.0.1:${await closedPort()}/api/v1`);
    expect(await gateway.submit(REQUEST, never())).toEqual(unreachable('connection refused'));
  });

  it('the name does not resolve', async () => {
    const gateway = gatewayAt('https://nosuch.invalid/api/v1');
    expect(await gateway.submit(REQUEST, never())).toEqual(
      unreachable('the host name could not be resolved'),
    );
  });

  it('TLS cannot be agreed on', async () => {
    const gatewayServer = await server();
    const gateway = gatewayAt(gatewayServer.baseUrl.replace('http:', 'https:'));
    expect(await gateway.submit(REQUEST, never())).toEqual(unreachable(/^TLS: /));
    expect(gatewayServer.counters.posts).toBe(0);
  });

  it('TLS breaks off before it stands', async () => {
    const { origin } = await rawServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    const gateway = gatewayAt(`${origin.replace('http:', 'https:')}/api/v1`);
    expect(await gateway.submit(REQUEST, never())).toEqual(unreachable(/./));
  });

  it('TLS never answers', async () => {
    const { origin } = await rawServer(() => undefined);
    const gateway = gatewayAt(`${origin.replace('http:', 'https:')}/api/v1`, SHORT);
    expect(await gateway.submit(REQUEST, never())).toEqual(unreachable(/./));
  });

  it('it was stopped before it began', async () => {
    const gatewayServer = await server();
    const gateway = gatewayAt(gatewayServer.baseUrl);
    expect(await gateway.submit(REQUEST, AbortSignal.abort(new Error('interrupted')))).toEqual(
      unreachable('interrupted'),
    );
    expect(gatewayServer.counters.posts).toBe(0);
  });
});

describe('a redirect of a submit is uncertain, is never followed, and would meet the next one too', () => {
  it.each([300, 301, 302, 303, 304, 307, 308])('%i', async (status) => {
    const elsewhere = await server();
    const outcome = await submitMeeting({ status, headers: { location: `${elsewhere.baseUrl}/videos` } });
    expect(outcome).toEqual({
      kind: 'uncertain',
      message: `the gateway redirects to ${elsewhere.origin} (${status}); a submit follows no redirect, so it is unknown whether a job was started`,
      stops: { hint: expect.stringMatching(/^check the base URL .* dailies resolve$/) as unknown },
    });
    expect(elsewhere.requests).toEqual([]);
  });

  it.each([
    ['https://www.gateway.example/api/v1/videos', 'https://www.gateway.example/api/v1'],
    ['https://www.gateway.example/videos/', 'https://www.gateway.example'],
    ['https://www.gateway.example/login', undefined],
    ['https://www.gateway.example/videos?token=s3cret', undefined],
    [`https://${KEY}.gateway.example/videos`, undefined],
    ['/api/v1/videos/job-1', undefined],
    ['', undefined],
  ])('and where it leads to another base URL, that is named: %s', async (location, baseUrl) => {
    const outcome = await submitMeeting({ status: 308, headers: { location } });
    const hint = outcome.kind === 'uncertain' ? outcome.stops?.hint : undefined;
    const remedy = /^write base_url: (\S+) under gateway: in the manifest; /.exec(hint ?? '')?.[1];
    expect(remedy).toBe(baseUrl);
  });

  it('as does a page that is no answer of this API', async () => {
    expect(await submitMeeting({ status: 200, body: '<html><title>Welcome</title>' })).toMatchObject({
      kind: 'uncertain',
      stops: { hint: expect.stringContaining('base URL') as unknown },
    });
    expect(await submitMeeting({ status: 200, body: {} })).not.toHaveProperty('stops');
  });
});

describe('a submit that is refused was never charged', () => {
  it.each([400, 404, 413, 422])('%i stops its own shot', async (status) => {
    const outcome = await submitMeeting({ status, body: errorBody(status, 'duration must be 4, 6 or 8') });
    expect(outcome).toEqual({ kind: 'refused', status, message: 'duration must be 4, 6 or 8' });
  });

  it('401 is about the key', async () => {
    const outcome = await submitMeeting({ status: 401, body: errorBody(401, 'User not found.') });
    expect(outcome).toEqual({ kind: 'refused', status: 401, message: 'User not found.', stops: 'key' });
  });

  it('is read although the server closes before it has taken in the body', async () => {
    const { origin } = await rawServer((socket) => {
      socket.once('data', () => {
        socket.end(
          httpAnswer('413 Payload Too Large', '{"error":{"code":413,"message":"too large"}}', [
            'connection: close',
          ]),
        );
      });
    });
    const large = Buffer.from(JSON.stringify({ ...ORDER, prompt: 'x'.repeat(8_000_000) }));
    const outcome = await gatewayAt(`${origin}/api/v1`).submit(large, never());
    expect(outcome).toEqual({ kind: 'refused', status: 413, message: 'too large' });
  });

  it.each([
    ['no credits', errorBody(402, 'Insufficient credits'), 'credits'],
    [
      'more than the account can have in flight',
      errorBody(402, 'x', { limit_source: 'openrouter_credits' }),
      'credits',
    ],
    [
      'in-flight budget without a time',
      errorBody(402, 'x', { limit_source: 'openrouter_in_flight_budget' }),
      'credits',
    ],
    ['limit of the key', errorBody(402, 'x', { limit_source: 'openrouter_key_limit' }), 'key'],
    ['nothing said', '', 'credits'],
  ])('402 stops further submits: %s', async (_, body, stops) => {
    expect(await submitMeeting({ status: 402, body })).toMatchObject({ kind: 'refused', stops });
  });

  it.each([
    ['limit of the key', errorBody(403, 'x', { limit_source: 'openrouter_key_limit' }), 'key'],
    ['budget of a workspace', errorBody(403, 'x', { limit_source: 'openrouter_workspace_budget' }), 'budget'],
    ['budget of a guardrail', errorBody(403, 'x', { limit_source: 'openrouter_guardrail_budget' }), 'budget'],
    ['limit of the key in words', errorBody(403, 'Key limit exceeded (total limit). Manage it'), 'key'],
    ['a disabled key', errorBody(403, 'This API key is disabled'), 'key'],
    ['a budget in words', errorBody(403, 'Monthly budget exceeded'), 'budget'],
    ['nothing said', '', 'key'],
    ['a page', '<html><title>403 Forbidden</title></html>', 'key'],
    ['an empty word', errorBody(403, 'Forbidden'), 'key'],
    ['an object without a word', {}, 'key'],
  ])('403 stops further submits: %s', async (_, body, stops) => {
    expect(await submitMeeting({ status: 403, body })).toMatchObject({ kind: 'refused', status: 403, stops });
  });

  it.each([
    [
      'moderation',
      errorBody(403, 'Your input was flagged', { reasons: ['violence'], flagged_input: 'the key' }),
    ],
    ['a guardrail on content', errorBody(403, 'Request blocked: prompt injection patterns detected')],
    ['a provider', errorBody(403, 'Content policy violation', { provider_name: 'google' })],
    ['a plain string', { error: 'the prompt was flagged' }],
  ])('403 stops one shot: %s', async (_, body) => {
    const outcome = await submitMeeting({ status: 403, body });
    expect(outcome).toMatchObject({ kind: 'refused', status: 403 });
    expect(outcome).not.toHaveProperty('stops');
  });

  it('names the reasons of a moderation', async () => {
    const body = errorBody(403, 'Your input was flagged', { reasons: ['violence', 'gore'] });
    expect(await submitMeeting({ status: 403, body })).toMatchObject({
      message: 'Your input was flagged (violence, gore)',
    });
  });
});

describe('a submit that is not accepted for now', () => {
  it.each([
    ['seconds', '7', 7000],
    ['fractions', '0.5', 500],
    ['a date', new Date(NOW + 90_000).toUTCString(), 90_000],
    ['a date that is over', new Date(NOW - 90_000).toUTCString(), 0],
    ['an absurd number', '99999999999', 600_000],
    ['an absurd date', 'Fri, 31 Dec 9999 23:59:59 GMT', 600_000],
    ['nonsense', 'soon', undefined],
    ['a negative number', '-5', undefined],
    ['nothing', '', undefined],
  ])('429 with Retry-After as %s', async (_, value, retryAfterMs) => {
    const outcome = await submitMeeting({
      status: 429,
      body: errorBody(429, 'Rate limit exceeded'),
      headers: { date: new Date(NOW).toUTCString(), 'retry-after': value },
    });
    expect(outcome).toEqual({
      kind: 'not_accepted',
      reason: 'rate_limited',
      message: '429: Rate limit exceeded',
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  });

  it('503 with a well-formed error', async () => {
    const outcome = await submitMeeting({
      status: 503,
      body: errorBody(503, 'No provider'),
      headers: { 'retry-after': '3' },
    });
    expect(outcome).toEqual({
      kind: 'not_accepted',
      reason: 'unavailable',
      message: '503: No provider',
      retryAfterMs: 3000,
    });
  });

  it('402 about the in-flight budget, with a time', async () => {
    const body = errorBody(402, 'Too much in flight', { limit_source: 'openrouter_in_flight_budget' });
    const outcome = await submitMeeting({ status: 402, body, headers: { 'retry-after': '20' } });
    expect(outcome).toMatchObject({ kind: 'not_accepted', reason: 'rate_limited', retryAfterMs: 20_000 });
  });
});

describe('the connection of a submit', () => {
  it('is a new one each time, so that none has lain idle', async () => {
    const requests: string[] = [];
    let connections = 0;
    const { origin } = await rawServer((socket) => {
      connections += 1;
      const connection = connections;
      socket.on('data', (data) => {
        const [verb] = data.toString().split(' ');
        if (verb !== 'POST' && verb !== 'GET') return;
        requests.push(`${verb} on ${connection}`);
        socket.write(httpAnswer('202 Accepted', `{"id":"job","status":"pending"}`));
      });
    });
    const gateway = gatewayAt(`${origin}/api/v1`);
    for (let n = 1; n <= 2; n += 1) {
      await gateway.poll({ id: 'job' }, never());
      expect(await gateway.submit(REQUEST, never())).toMatchObject({ kind: 'accepted' });
    }
    expect(requests).toEqual(['GET on 1', 'POST on 2', 'GET on 1', 'POST on 3']);
  });
});

describe('what a gateway says', () => {
  it('never carries the key, an escape sequence or a novel', async () => {
    const words = `Bad key ${KEY}\u001b[31m red\u0007 sk-or-\u0000v1-0123456789abcdef \u202egnirts ${'x'.repeat(2000)}`;
    const outcome = await submitMeeting({ status: 400, body: errorBody(400, words) });
    expect(outcome).toMatchObject({
      message: expect.stringMatching(/^Bad key \[key\] red \[key\] gnirts x+…$/) as unknown,
    });
    expect(outcome.kind === 'refused' && outcome.message.length).toBe(500);
  });

  it.each([
    [
      'a page',
      '<!DOCTYPE html><html><title>Bad gateway | host</title>',
      'an HTML page, "Bad gateway | host"',
    ],
    ['plain words', 'upstream timed out', 'upstream timed out'],
    ['a list of details', { detail: 'not today' }, 'not today'],
    ['an object without a message', { error: { type: 'x' } }, '{"type":"x"}'],
    [
      'the words of a provider',
      errorBody(502, 'Provider returned error', { raw: 'no GPU' }),
      'Provider returned error (no GPU)',
    ],
    [
      'a signed URL',
      'no GET https://a.example/x?v=1&sig=s3cret today',
      'no GET https://a.example/x?v=1 today',
    ],
    ['nothing', '', 'no reason given'],
  ])('is passed on: %s', async (_, body, words) => {
    expect(await submitMeeting({ status: 502, body })).toEqual({
      kind: 'uncertain',
      message: `the gateway answered 502: ${words}`,
    });
  });
});
