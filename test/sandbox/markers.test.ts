import { describe, expect, it } from 'vitest';

import { markersIn } from '../../src/sandbox/markers.js';
import { LONG_MS, ORDER, visit } from './sandbox-client.js';

const marked = (marker: string) => ({ ...ORDER, prompt: `A fox [sandbox: ${marker}] at dawn` });

describe('a prompt with a marker', () => {
  it.each([
    ['fail', 'failed'],
    ['cancel', 'cancelled'],
    ['expire', 'expired'],
  ])('%s ends the job as %s, with a reason and at no cost', async (marker, status) => {
    const { finished, poll } = await visit();
    const job = await poll(await finished(marked(marker)));
    expect(job).toMatchObject({ status, usage: { cost: 0 } });
    expect(job.error).toEqual(expect.any(String));
    expect(job.unsigned_urls).toBeUndefined();
  });

  it('fails once, and not the second time the same is asked', async () => {
    const { finished, poll } = await visit();
    const outcomes = [];
    for (const order of [marked('fail once'), marked('fail once'), { ...marked('fail once'), seed: 2 }]) {
      outcomes.push((await poll(await finished(order))).status);
    }
    expect(outcomes).toEqual(['failed', 'completed', 'failed']);
  });

  it('takes ten times as long', async () => {
    const { submit, poll, clock } = await visit();
    const [plain, slow] = [await submit(ORDER), await submit(marked('slow'))];
    clock.pass(10_000);
    expect((await poll(plain.body.id)).status).toBe('completed');
    expect((await poll(slow.body.id)).status).toBe('in_progress');
    clock.pass(LONG_MS);
    expect((await poll(slow.body.id)).status).toBe('completed');
  });

  it('makes two clips that differ', async () => {
    const { finished, poll, ask } = await visit();
    const id = await finished(marked('two clips'));
    expect((await poll(id)).unsigned_urls).toHaveLength(2);
    const clips = await Promise.all(
      [0, 1].map(async (index) =>
        Buffer.from(await (await ask(`/videos/${id}/content?index=${index}`)).arrayBuffer()),
      ),
    );
    expect(clips[0]?.length).toBeGreaterThan(1000);
    expect(clips[1]?.length).toBeGreaterThan(1000);
    expect(clips[0]?.equals(clips[1] ?? Buffer.alloc(0))).toBe(false);
    expect((await ask(`/videos/${id}/content?index=2`)).status).toBe(404);
  });

  it('completes a job whose clip is gone', async () => {
    const { finished, poll, ask } = await visit();
    const id = await finished(marked('lost clip'));
    expect((await poll(id)).status).toBe('completed');
    expect((await ask(`/videos/${id}/content`)).status).toBe(404);
  });

  it('takes a job and breaks the connection before the answer', async () => {
    const { submit, ask, clock } = await visit();
    await expect(submit(marked('lost answer'))).rejects.toThrow('fetch failed');
    clock.pass(LONG_MS);
    const key = (await (await ask('/key')).json()) as { data: { usage: number } };
    expect(key.data.usage).toBeGreaterThan(0);
  });

  it('is refused as flagged, with what a moderation says', async () => {
    const { submit } = await visit();
    const { status, body } = await submit(marked('refuse'));
    expect(status).toBe(403);
    expect(body.error.metadata).toMatchObject({
      reasons: expect.any(Array) as unknown,
      flagged_input: expect.any(String) as unknown,
    });
  });

  it('finds no credits', async () => {
    const { submit } = await visit();
    expect((await submit(marked('no credits'))).status).toBe(402);
  });

  it('is asked to come back, once', async () => {
    const { ask } = await visit();
    const submit = () => ask('/videos', { method: 'POST', body: JSON.stringify(marked('busy')) });
    const first = await submit();
    expect([first.status, first.headers.get('retry-after')]).toEqual([429, '1']);
    expect((await submit()).status).toBe(202);
  });
});

it('reads markers whatever their case and spacing, several in one, and leaves other words alone', () => {
  expect([...markersIn('[SANDBOX:Fail-Once] x [sandbox: slow,two_clips]')]).toEqual([
    'fail once',
    'slow',
    'two clips',
  ]);
  expect([...markersIn('[sandbox: explode] a failing fox (sandbox: fail)')]).toEqual([]);
  expect([...markersIn(undefined)]).toEqual([]);
});
