import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { openPort } from '../../src/monitor/open-port.js';
import { webhookAnswer, type Refusal, type WebhookEvent } from '../../src/monitor/webhooks.js';
import { eventBody, SECRET, sendEvent, sign, type SentEvent } from '../helpers/events.js';

const TOKEN = 'a-token-of-ours-0123456789';
const NOW = Date.parse('2026-10-10T10:00:00Z');

let elapsedMs = 0;
let heard: WebhookEvent[];
let outcomes: ('heard' | Refusal)[];
let known: (event: WebhookEvent) => Promise<boolean>;
beforeEach(() => {
  heard = [];
  outcomes = [];
  known = ({ token }) => Promise.resolve(token === TOKEN);
});

async function listening() {
  const clock = {
    now: () => NOW + elapsedMs,
    elapsed: () => elapsedMs,
    sleep: () => Promise.resolve(),
  };
  const answer = webhookAnswer({
    ...{ secret: SECRET, clock, onOutcome: (outcome) => outcomes.push(outcome) },
    onEvent(event) {
      heard.push(event);
      return known(event);
    },
  });
  const port = await openPort('127.0.0.1:0', answer);
  onTestFinished(() => port.close());
  return (sent: SentEvent & { readonly job?: string; readonly path?: string } = {}) =>
    sendEvent(`${port.address}${sent.path ?? `/hook/${TOKEN}`}`, sent.job ?? 'job-1', {
      atMs: NOW + elapsedMs,
      ...sent,
    });
}

describe('a webhook', () => {
  it('is heard once it is signed, young and new, whatever path leads to the token', async () => {
    const send = await listening();
    expect(await send()).toBe(204);
    expect(await send({ job: 'job-2', path: `/${TOKEN}?x=1` })).toBe(204);
    expect(heard).toEqual([
      { token: TOKEN, job: 'job-1' },
      { token: TOKEN, job: 'job-2' },
    ]);
    expect(outcomes).toEqual(['heard', 'heard']);
  });

  it.each<[string, SentEvent, Refusal, number]>([
    ['with another secret', { secret: 'guessed' }, 'signature', 401],
    ['without a signature', { signature: '' }, 'signature', 401],
    ['with half a signature', { signature: `t=${NOW / 1000},v1=abc` }, 'signature', 401],
    [
      'with a signature of another body',
      { signature: sign(eventBody('job-9'), { atMs: NOW }) },
      'signature',
      401,
    ],
    [
      'with a later time than was signed',
      { signature: sign(eventBody('job-1'), { atMs: NOW - 400_000 }).replace(/t=\d+/, `t=${NOW / 1000}`) },
      'signature',
      401,
    ],
    ['that is older than five minutes', { atMs: NOW - 301_000 }, 'age', 401],
    ['from the future', { atMs: NOW + 301_000 }, 'age', 401],
    ['that is too large', { body: JSON.stringify({ data: { id: 'x'.repeat(70_000) } }) }, 'size', 413],
    ['that is no JSON', { body: 'hello' }, 'body', 400],
    ['about no job', { body: '{"data":{}}' }, 'body', 400],
    ['about a job whose name leads elsewhere', { body: '{"data":{"id":".."}}' }, 'body', 400],
    ['that is not posted', { method: 'GET' }, 'method', 405],
  ])('%s is refused and counted', async (_, sent, refusal, status) => {
    const send = await listening();
    expect(await send(sent)).toBe(status);
    expect([outcomes, heard]).toEqual([[refusal], []]);
    // And nothing is in the way of the next one.
    expect(await send({ job: 'job-2' })).toBe(204);
  });

  it('is refused where nobody has sent its token, or the path has none', async () => {
    const send = await listening();
    expect(await send({ path: '/hook/another-token-0123456789' })).toBe(404);
    expect(await send({ path: '/hook' })).toBe(404);
    expect(outcomes).toEqual(['token', 'token']);
  });

  it('counts once, however often it comes, under whatever key', async () => {
    const send = await listening();
    expect(await send()).toBe(204);
    expect(await send()).toBe(204);
    expect(await send({ key: 'another-key' })).toBe(204);
    // A retry of the gateway is signed anew, and has the same key.
    elapsedMs += 20_000;
    expect(await send()).toBe(204);
    expect(outcomes).toEqual(['heard', 'replay', 'replay', 'replay']);
    expect(heard).toHaveLength(1);
  });

  it('may be sent again where it could not be passed on', async () => {
    const send = await listening();
    known = () => Promise.reject(new Error('the store is away'));
    expect(await send()).toBe(503);
    known = () => Promise.resolve(true);
    expect(await send()).toBe(204);
    expect(outcomes).toEqual(['heard']);
  });

  it('is remembered no longer than it could come again, and no more of them than fit', async () => {
    const send = await listening();
    await send();
    elapsedMs += 601_000;
    expect(await send()).toBe(204);
    expect(outcomes).toEqual(['heard', 'heard']);
  });
});
