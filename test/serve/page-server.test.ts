import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readRange } from '../../src/domain/byte-range.js';
import { startPageServer, type Reply, type Visit } from '../../src/serve/page-server.js';

const CLIP = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251));

async function serve(answer: (visit: Visit) => Promise<Reply> | Reply) {
  const server = await startPageServer({ port: 0, answer: async (visit) => answer(visit) });
  onTestFinished(() => server.close());
  return server.address;
}

const clip = (): Reply => ({
  kind: 'file',
  type: 'video/mp4',
  bytes: CLIP.length,
  read: (range) => Promise.resolve(Readable.from([range ? CLIP.subarray(range.start, range.end + 1) : CLIP])),
});

describe('the server of the page', () => {
  it('serves a clip whole, in ranges, and no more of it than there is', async () => {
    const address = `${await serve(clip)}clips/x`;
    const whole = await fetch(address);
    expect([whole.status, Buffer.from(await whole.arrayBuffer())]).toEqual([200, CLIP]);
    const part = await fetch(address, { headers: { range: 'bytes=10-19' } });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 10-19/1000']);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(CLIP.subarray(10, 20));
    expect((await fetch(address, { headers: { range: 'bytes=1000-' } })).status).toBe(416);
    const head = await fetch(address, { method: 'HEAD' });
    expect([head.headers.get('content-length'), await head.text()]).toEqual(['1000', '']);
  });

  it('gives an open range a part, so that a clip that is not played holds no connection', () => {
    const size = 10_000;
    expect(readRange('bytes=100-', { size, most: 500 })).toEqual({ start: 100, end: 599 });
    expect(readRange('bytes=-300', { size, most: 500 })).toEqual({ start: 9700, end: 9999 });
    expect(readRange('bytes=0-99999', { size, most: 500 })).toEqual({ start: 0, end: 9999 });
    for (const header of [undefined, 'bytes=-', 'bytes=5-4', 'bytes=a-b', 'bytes=0-1,4-5', 'lines=0-1'])
      expect(readRange(header, { size, most: 500 })).toBeUndefined();
  });

  it('says what went wrong as data, and stays up', async () => {
    const address = await serve(() => {
      throw new Error('out of film');
    });
    const answer = await fetch(`${address}do/run`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: new URL(address).origin },
      body: '{}',
    });
    expect([answer.status, await answer.json()]).toEqual([
      409,
      { error: { code: 'internal', message: 'out of film' } },
    ]);
    const broken = {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: new URL(address).origin },
    };
    expect((await fetch(`${address}do/run`, { ...broken, body: '{' })).status).toBe(409);
    expect(
      (
        await fetch(`${address}do/run`, { ...broken, body: `"${'x'.repeat(2_000_000)}"` }).catch(() => ({
          status: 409,
        }))
      ).status,
    ).toBe(409);
  });

  it('lets nobody frame, keep or guess what it serves', async () => {
    const address = await serve(() => ({ kind: 'page', html: ['<p>'], policy: "default-src 'none'" }));
    const { headers } = await fetch(address);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-security-policy': "default-src 'none'",
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    const { origin } = new URL(address);
    expect((await fetch(`${origin}/`)).status).toBe(404);
    expect(new URL(address).pathname.length).toBeGreaterThan(30);
  });
});
