import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';

import { parseCatalogue } from '../../src/catalogue/parse.js';
import { DailiesError } from '../../src/errors.js';
import { jobAddresses } from '../../src/gateway/job-address.js';
import { readPoll } from '../../src/gateway/read-poll.js';
import { readLost, readSubmit, type Answer } from '../../src/gateway/read-submit.js';
import { redactor } from '../../src/gateway/redact.js';
import { startGatewayServer, type Endpoint } from '../helpers/gateway-server.js';
import { volume } from '../helpers/long-pass.js';
import { gatewayAt, httpAnswer, KEY, never, NOW, rawServer, REQUEST } from './fixtures.js';

const redact = redactor(KEY);
const addresses = jobAddresses('https://gateway.example/api/v1', redact);
const context = { addresses, redact, now: NOW };
const polling = { ...context, job: { id: 'job-1' } };

/** What JSON can hold and nobody expects, as text: some of it cannot be had of JSON.stringify. */
const ODD = [
  ...['null', 'true', '""', '" "', '"x"', '-0', '1e308', '1e400', '12345678901234567890', '[]', '{}'],
  ...['{"toString":1}', '{"valueOf":null,"toString":null}', '{"toJSON":1}', '{"constructor":null}'],
  ...['{"__proto__":null}', '{"__proto__":{"status":"failed"},"hasOwnProperty":1}', '{"length":-1}'],
  ...['"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', '"\\u009b31m"', '"\\u202e"', '"https://[::1"', '"//"'],
  ...['"pending"', '"completed"', '"failed"', '"job-1"', '"http://%"', '"/\\ud800"', '"1e999"', '"0x10"'],
  `"${KEY}"`,
];
/** What is deeper than the stack, and longer than anybody reads. */
const LARGE = [
  '['.repeat(20_000) + ']'.repeat(20_000),
  '{"error":'.repeat(20_000) + '1' + '}'.repeat(20_000),
  `{"error":{"message":"no","metadata":{"reasons":[${'0,'.repeat(50_000)}0]}}}`,
  `{"status":"completed","urls":[${'0,'.repeat(50_000)}0]}`,
  `{"id":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
];
/** The names that readers look for. */
const NAMES = [
  ...['id', 'status', 'polling_url', 'error', 'message', 'detail', 'code', 'metadata', 'reasons', 'raw'],
  ...['limit_source', 'flagged_input', 'usage', 'cost', 'video_cost', 'is_byok', 'cost_details'],
  ...['upstream_inference_cost', 'urls', 'unsigned_urls', 'url', 'data', 'limit', '__proto__', 'toString'],
  ...['generation_id', 'provider', 'provider_name', 'name', 'slug', 'mirror_urls'],
  ...['pricing_skus', 'supported_durations', 'supported_resolutions', 'upscale_factor', 'min', 'max'],
];
const { value: anyJson } = fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 3, arbitrary: fc.constantFrom(...ODD) },
    fc.json(),
    tie('list'),
    { weight: 4, arbitrary: tie('object') },
  ),
  list: fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
  // A name may come twice.
  object: fc
    .array(fc.tuple(fc.constantFrom(...NAMES), tie('value')), { maxLength: 5 })
    .map((fields) => `{${fields.map(([name, text]) => `"${name}":${text}`).join(',')}}`),
}));
const anyBody = fc.oneof(
  { weight: 6, arbitrary: anyJson },
  { weight: 1, arbitrary: anyJson.map((text) => text.slice(0, text.length / 2)) },
  fc.string({ unit: 'binary' }),
  fc.constantFrom('<html><title>x', '<?xml version="1.0"?><Error><Code>', '\ufeff{}', '\\'.repeat(100_000)),
);
const anyAnswer = fc.record({
  status: fc.integer({ min: 200, max: 599 }),
  headers: fc.record(
    {
      'retry-after': fc.oneof(fc.string(), fc.constantFrom('1e999', '-1', 'Infinity', '0x10')),
      location: fc.oneof(fc.webUrl(), fc.string(), fc.constantFrom('//', 'http://[', '/videos', '\ud800')),
    },
    { requiredKeys: [] },
  ),
  body: anyBody.map((text) => Buffer.from(text)),
});

/** Whether a text that a gateway has spoken may be shown and kept. */
function expectHarmless(text: string): void {
  expect(text.length).toBeLessThan(700);
  expect(text).not.toMatch(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u);
  expect(text).not.toContain(KEY);
}

const numRuns = volume({ short: 300, long: 20_000 });
const runs = (property: fc.IProperty<[Answer]>) => fc.assert(property, { numRuns });

describe('reading JSON never throws, whatever it contains', () => {
  it('in the answer to a submit', () => {
    runs(
      fc.property(anyAnswer, (answer) => {
        const outcome = readSubmit(answer, context);
        if (outcome.kind === 'accepted') {
          expect(outcome.job.id).toMatch(/^[^\p{Cc}\p{Cs}]+$/u);
          expect(JSON.stringify(outcome)).not.toContain(KEY);
          expectHarmless(outcome.status);
        } else expectHarmless(outcome.message);
        const definite = ['refused', 'not_accepted'].includes(outcome.kind);
        expect(definite && answer.status < 400).toBe(false);
      }),
    );
  });

  it('in what is left of an answer that broke off', () => {
    runs(
      fc.property(anyAnswer, (answer) => {
        const outcome = readLost('reset', answer, context);
        expect(['accepted', 'uncertain']).toContain(outcome.kind);
        if (outcome.kind === 'uncertain') expectHarmless(outcome.message);
      }),
    );
  });

  it('in the answer to a poll', () => {
    runs(
      fc.property(anyAnswer, (answer) => {
        const outcome = readPoll(answer, polling);
        if ('message' in outcome) expectHarmless(outcome.message);
        if ('word' in outcome) expectHarmless(outcome.word);
        if ('cost_usd' in outcome) expect(outcome.cost_usd).toBeLessThanOrEqual(2_000_000);
        if (outcome.kind === 'completed' || outcome.kind === 'ended') {
          const { generation_id = '', served_by = '' } = outcome.details ?? {};
          expectHarmless(generation_id + served_by);
        }
        if (outcome.kind === 'completed') expect(outcome.urls.length).toBeGreaterThan(0);
      }),
    );
  });

  it('however deep or long it is', () => {
    for (const text of LARGE)
      for (const status of [200, 202, 403, 500]) {
        const answer = { status, headers: {}, body: Buffer.from(text) };
        readSubmit(answer, context);
        readLost('reset', answer, context);
        readPoll(answer, polling);
      }
  });

  it('in a catalogue', () => {
    fc.assert(
      fc.property(anyJson, (text) => {
        const body: unknown = JSON.parse(text);
        try {
          for (const model of parseCatalogue(body)) expect(typeof model.id).toBe('string');
        } catch (error) {
          expect(error).toBeInstanceOf(DailiesError);
          expect(error).toMatchObject({ code: 'gateway-answer' });
        }
      }),
      { numRuns },
    );
  });

  it('over the wire: a submit is never thrown away, a poll never ends a job, a key has some usage or none', async () => {
    const server = await startGatewayServer();
    onTestFinished(() => server.close());
    const gateway = gatewayAt(server.baseUrl);
    const failNext = (on: Endpoint, { status, body }: Answer) => server.failNext({ status, body }, { on });
    await fc.assert(
      fc.asyncProperty(anyAnswer, async (answer) => {
        failNext('submit', answer);
        expect(await gateway.submit(REQUEST, never())).toHaveProperty('kind');
        failNext('poll', answer);
        const outcome = await gateway.poll({ id: 'job-1' }, never());
        if (answer.status >= 300) expect(['not_found', 'key_refused', 'unavailable']).toContain(outcome.kind);
        failNext('key', answer);
        await gateway.keyUsage(never());
      }),
      { numRuns: 60 },
    );
  });

  it('and takes no time for what is made to take it', () => {
    for (const text of ['\\', '%25', '&#0', '\u001b[', '[[', '{"', ' ', 'https://', 's']) {
      const body = Buffer.from(text.repeat(1_000_000 / text.length));
      const begun = performance.now();
      readSubmit({ status: 500, headers: {}, body }, context);
      redact(body.toString());
      expect(performance.now() - begun).toBeLessThan(2000);
    }
  });
});

describe('a refusal stays a refusal', () => {
  it.each<[string, unknown]>([
    ['{"toString": 1}', [{ toString: 1 }]],
    ['numbers and words', ['violence', 7]],
    ['no list', { toString: null }],
  ])('whatever its reasons are: %s', async (_, reasons) => {
    const server = await startGatewayServer();
    onTestFinished(() => server.close());
    const error = { code: 403, message: 'flagged', metadata: { reasons } };
    server.failNext({ status: 403, body: { error } });
    const outcome = await gatewayAt(server.baseUrl).submit(REQUEST, never());
    expect(outcome).toMatchObject({ kind: 'refused', status: 403 });
    expect(outcome).not.toHaveProperty('stops');
  });
});

describe('what nobody foresaw in an answer', () => {
  /** The clock is asked in the midst of reading. */
  const brokenClock = {
    now(): number {
      throw new TypeError('out of time');
    },
    elapsed: () => 0,
    sleep: () => Promise.resolve(),
  };

  it('makes a submit uncertain, and a poll one that failed', async () => {
    const server = await startGatewayServer();
    onTestFinished(() => server.close());
    const gateway = gatewayAt(server.baseUrl, { clock: brokenClock });
    const message = 'the answer could not be read (out of time)';
    expect(await gateway.submit(REQUEST, never())).toEqual({ kind: 'uncertain', message });
    expect(await gateway.poll({ id: 'job-1' }, never())).toEqual({ kind: 'unavailable', message });
    await expect(gateway.poll({ id: 'job-1' }, AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
  });
});

describe('a key in an answer is taken out where the answer is read', () => {
  it.each([
    ['as it is', KEY],
    ['in capitals', KEY.toUpperCase()],
    ['URL-encoded, every character', Array.from(KEY, (c) => `%${c.charCodeAt(0).toString(16)}`).join('')],
    ['URL-encoded twice', encodeURIComponent(KEY.replaceAll('-', '%2D'))],
    ['escaped for JSON', Array.from(KEY, (c) => `\\u00${c.charCodeAt(0).toString(16)}`).join('')],
    ['escaped for HTML', Array.from(KEY, (c) => `&#${c.charCodeAt(0)};`).join('')],
    ['in base64', Buffer.from(KEY).toString('base64').replace(/=+$/, '').slice(0, -1)],
    ['in base64, behind one byte', Buffer.from(`x${KEY}xx`).toString('base64').slice(2, -4)],
    ['in base64, behind two bytes', Buffer.from(`xx${KEY}x`).toString('base64').slice(3, -4)],
    ['as a bearer in base64url', Buffer.from(`Bearer ${KEY}`).toString('base64url').slice(10)],
    ['cut off', KEY.slice(0, 20)],
  ])('%s', (_, form) => {
    const safe = redact(`it is ${form}`);
    expect(safe).toMatch(/^it is .{0,4}\[key\].{0,4}$/);
  });

  it('and an id that had it in it is none: the shot is held', async () => {
    const server = await startGatewayServer();
    onTestFinished(() => server.close());
    server.failNext({ status: 202, body: { id: `job-${KEY}-1`, status: 'pending' } });
    expect(await gatewayAt(server.baseUrl).submit(REQUEST, never())).toEqual({
      kind: 'uncertain',
      message:
        'the gateway answered 202 without a job id that can be read: {"id":"job-[key]-1","status":"pending"}',
    });
  });

  it('and so is one in an address of a job, where only the parser of addresses puts it together', async () => {
    const server = await startGatewayServer();
    onTestFinished(() => server.close());
    const polling_url = `/api/v1/jobs/${KEY.slice(0, 9)}\n${KEY.slice(9)}`;
    server.failNext({ status: 202, body: { id: 'job-1', polling_url } });
    expect(await gatewayAt(server.baseUrl).submit(REQUEST, never())).toMatchObject({ job: { id: 'job-1' } });
  });

  it('and where an answer breaks off in it', async () => {
    const { origin } = await rawServer((socket) => {
      socket.once('data', () => {
        const whole = httpAnswer('202 Accepted', `{"echo":"${KEY}"}`);
        socket.write(whole.slice(0, -6), () => socket.destroy());
      });
    });
    const outcome = await gatewayAt(`${origin}/api/v1`).submit(REQUEST, never());
    expect(outcome).toMatchObject({
      kind: 'uncertain',
      message: expect.stringContaining('[key]') as unknown,
    });
    expect(JSON.stringify(outcome)).not.toContain(KEY.slice(0, 14));
  });
});
