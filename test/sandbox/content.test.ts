import { expect, it } from 'vitest';

import { ORDER, visit, type Visitor } from './sandbox-client.js';

async function clipOf({ ask }: Visitor, id: string, headers: Record<string, string> = {}) {
  const response = await ask(`/videos/${id}/content?index=0`, { headers });
  return { response, bytes: Buffer.from(await response.arrayBuffer()) };
}

it('serves the whole clip, and any part of it', async () => {
  const visitor = await visit();
  const id = await visitor.finished(ORDER);
  const { response, bytes } = await clipOf(visitor, id);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('video/mp4');
  expect(response.headers.get('accept-ranges')).toBe('bytes');
  expect(Number(response.headers.get('content-length'))).toBe(bytes.length);

  const size = bytes.length;
  const parts: [range: string, start: number, end: number][] = [
    ['bytes=0-99', 0, 99],
    ['bytes=100-', 100, size - 1],
    ['bytes=-10', size - 10, size - 1],
    [`bytes=${size - 1}-${size + 5}`, size - 1, size - 1],
  ];
  for (const [range, start, end] of parts) {
    const part = await clipOf(visitor, id, { range });
    expect(part.response.status, range).toBe(206);
    expect(part.response.headers.get('content-range')).toBe(`bytes ${start}-${end}/${size}`);
    expect(part.bytes.equals(bytes.subarray(start, end + 1)), range).toBe(true);
  }
});

it('answers 416 beyond the end, and ignores a range that makes no sense', async () => {
  const visitor = await visit();
  const id = await visitor.finished(ORDER);
  const { bytes } = await clipOf(visitor, id);
  const beyond = await clipOf(visitor, id, { range: `bytes=${bytes.length}-` });
  expect(beyond.response.status).toBe(416);
  expect(beyond.response.headers.get('content-range')).toBe(`bytes */${bytes.length}`);
  for (const range of ['bytes=9-3', 'bytes=-', 'lines=1-2', 'bytes=0-1,4-5']) {
    expect((await clipOf(visitor, id, { range })).response.status, range).toBe(200);
  }
});

it('gives a part only of the version that the client has begun', async () => {
  const visitor = await visit();
  const id = await visitor.finished(ORDER);
  const etag = (await clipOf(visitor, id)).response.headers.get('etag') ?? '';
  expect(etag).toMatch(/^".+"$/);
  const same = await clipOf(visitor, id, { range: 'bytes=5-9', 'if-range': etag });
  const other = await clipOf(visitor, id, { range: 'bytes=5-9', 'if-range': '"another"' });
  expect([same.response.status, other.response.status]).toEqual([206, 200]);
  expect((await clipOf(visitor, id, { 'if-none-match': etag })).response.status).toBe(304);
});

it('says the size of a clip to a HEAD request', async () => {
  const visitor = await visit();
  const id = await visitor.finished(ORDER);
  const { bytes } = await clipOf(visitor, id);
  const head = await visitor.ask(`/videos/${id}/content`, { method: 'HEAD' });
  expect(Number(head.headers.get('content-length'))).toBe(bytes.length);
});

it('has no clip before the job is done, and none beyond its last', async () => {
  const visitor = await visit();
  const { body } = await visitor.submit(ORDER);
  expect((await clipOf(visitor, body.id)).response.status).toBe(400);
  visitor.clock.pass(60_000);
  expect((await visitor.ask(`/videos/${body.id}/content?index=1`)).status).toBe(404);
  expect((await visitor.ask(`/videos/${body.id}/content?index=x`)).status).toBe(400);
  expect((await visitor.ask(`/videos/${body.id}/content`)).status).toBe(200);
});

it('makes several clips at once, each once', async () => {
  const visitor = await visit();
  const ids = [await visitor.finished(ORDER), await visitor.finished({ ...ORDER, prompt: 'Another' })];
  const clips = await Promise.all([...ids, ...ids].map((id) => clipOf(visitor, id)));
  expect(clips.map(({ response }) => response.status)).toEqual([200, 200, 200, 200]);
  const [first, second, firstAgain, secondAgain] = clips.map(({ bytes }) => bytes.toString('latin1'));
  expect(firstAgain).toBe(first);
  expect(secondAgain).toBe(second);
  expect(second).not.toBe(first);
});
