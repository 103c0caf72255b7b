import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkSignature } from '../../src/monitor/signature.js';
import { startSandbox } from '../../src/sandbox/server.js';
import { ORDER, temporaryFolder } from './sandbox-client.js';

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A sandbox whose jobs take a few milliseconds, and somebody who waits for its events. */
async function open() {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks) });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/token`;
  const sandbox = await startSandbox({
    ...{ stateDir: await temporaryFolder(), speed: 500, webhookSecret: 'its-secret' },
  });
  onTestFinished(async () => {
    await sandbox.close();
    server.closeAllConnections();
    server.close();
  });
  const submit = async (words = '', more: object = {}): Promise<string> => {
    const body = JSON.stringify({ ...ORDER, prompt: `A ferry ${words}`, callback_url: url, ...more });
    const headers = { authorization: 'Bearer any' };
    const answer = await fetch(`${sandbox.baseUrl}/videos`, { method: 'POST', body, headers });
    return ((await answer.json()) as { readonly id: string }).id;
  };
  const jobs = () =>
    received.map(
      ({ body }) => (JSON.parse(body.toString()) as { readonly data: { readonly id: string } }).data.id,
    );
  return { received, submit, jobs };
}

describe('the sandbox, asked for events', () => {
  it('says when a job has ended, and how, signed over the raw body', async () => {
    const { received, submit } = await open();
    const id = await submit();
    await expect.poll(() => received.length).toBe(1);
    const [{ headers, body } = { headers: {}, body: Buffer.alloc(0) }] = received;
    expect(JSON.parse(body.toString())).toMatchObject({
      type: 'video.generation.completed',
      data: { id, status: 'completed', unsigned_urls: [expect.stringContaining(`/videos/${id}/content`)] },
    });
    expect(headers['x-openrouter-idempotency-key']).toBe(`${id}-completed`);
    const signature = String(headers['x-openrouter-signature']);
    expect(checkSignature(signature, { body, secret: 'its-secret' })).toBeDefined();
    expect(checkSignature(signature, { body, secret: 'another' })).toBeUndefined();
    await submit('[sandbox: expire]');
    await expect.poll(() => received.at(-1)?.body.toString()).toContain('"video.generation.expired"');
  });

  it('repeats an event, or sends it late, where the prompt asks for that', async () => {
    const { submit, jobs } = await open();
    const late = await submit('[sandbox: late event, slow]');
    const twice = await submit('[sandbox: repeated event]');
    await expect.poll(jobs).toEqual([twice, twice, late]);
  });

  it('loses one event in ten where the prompt asks for that', async () => {
    const { submit, jobs } = await open();
    const ids = await Promise.all(Array.from({ length: 40 }, () => submit('[sandbox: lossy events]')));
    const isLost = (id: string) => Number.parseInt(id.slice(-7), 16) % 10 === 0;
    const last = await submit();
    await expect.poll(() => jobs().sort()).toEqual([...ids.filter((id) => !isLost(id)), last].sort());
  });

  it('tells nobody but this machine, and is in no trouble if nobody is there', async () => {
    const { received, submit } = await open();
    await submit('', { callback_url: 'http://192.0.2.1/hook' });
    await submit('', { callback_url: 'http://127.0.0.1:9/hook' });
    await submit();
    await expect.poll(() => received.length).toBe(1);
  });

  it('knows a repeated request again, although each has its own address for events', async () => {
    const { received, submit } = await open();
    await submit('[sandbox: fail once]');
    await submit('[sandbox: fail once]', { callback_url: undefined });
    await expect.poll(() => received.length).toBe(1);
    await submit('[sandbox: fail once]');
    await expect
      .poll(() => received.map(({ body }) => body.toString().includes('.failed')))
      .toEqual([true, false]);
  });
});
