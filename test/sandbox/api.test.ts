import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';

import { contractViolations } from '../helpers/contract.js';
import { dataUrl, image, ORDER, visit, type ErrorAnswer } from './sandbox-client.js';

describe('the sandbox', () => {
  it('lists its models to anyone, as the contract has them', async () => {
    const { ask } = await visit();
    const response = await ask('/videos/models', { headers: { authorization: '' } });
    const catalogue = (await response.json()) as { data: { id: string }[] };
    expect(response.status).toBe(200);
    expect(catalogue.data.map(({ id }) => id)).toContain('google/veo-3.1-lite');
    expect(contractViolations('VideoModelsListResponse', catalogue)).toEqual([]);
  });

  it('takes a job through pending and in_progress to completed, by the clock alone', async () => {
    const { submit, poll, clock } = await visit();
    const { status, body } = await submit(ORDER);
    expect(status).toBe(202);
    expect(body).toMatchObject({ status: 'pending', polling_url: `/api/v1/videos/${body.id}` });
    const seen = new Set<string>();
    for (let waited = 0; waited < 8_000; waited += 250) {
      seen.add((await poll(body.id)).status);
      clock.pass(250);
    }
    expect([...seen]).toEqual(['pending', 'in_progress', 'completed']);
  });

  it('takes as long for the same request, and another time for another model', async () => {
    const lengthOf = async (model: string) => {
      const { submit, poll, clock } = await visit();
      // Nobody wants the clip here, so none is made.
      const { body } = await submit({ model, prompt: '[sandbox: expire]', duration: 5 });
      let ms = 0;
      for (; (await poll(body.id)).status !== 'expired'; ms += 90) clock.pass(90);
      return ms;
    };
    const fast = await lengthOf('bytedance/seedance-2.0-fast');
    expect(await lengthOf('bytedance/seedance-2.0-fast')).toBe(fast);
    expect(await lengthOf('kwaivgi/kling-v3.0-pro')).not.toBe(fast);
    expect(fast).toBeGreaterThan(2_000);
    expect(fast).toBeLessThan(8_000);
  });

  it('says what a finished job cost, and where its clip is', async () => {
    const { finished, poll, ask, sandbox } = await visit();
    const order = {
      model: 'google/veo-3.1-lite',
      prompt: 'A fox',
      duration: 4,
      resolution: '720p',
      generate_audio: false,
    };
    const id = await finished(order);
    const job = await poll(id);
    expect(job.usage).toEqual({ cost: 0.12, is_byok: false });
    expect(job.unsigned_urls).toEqual([`${sandbox.baseUrl}/videos/${id}/content?index=0`]);
    const generation = await (
      await ask(`/generation?id=${String((job as { generation_id?: string }).generation_id)}`)
    ).json();
    const entry = { total_cost: 0.12, model: 'google/veo-3.1-lite', provider_name: 'sandbox' };
    expect(generation).toMatchObject({ data: entry });
    expect((await ask('/generation?id=gen-none')).status).toBe(404);
    const key = (await (await ask('/key')).json()) as { data: { usage: number } };
    expect(key.data.usage).toBe(0.12);
  });

  it('wants a key, and takes any', async () => {
    const { ask, finished } = await visit();
    const id = await finished(ORDER);
    for (const path of [`/videos/${id}`, `/videos/${id}/content`, '/key']) {
      for (const authorization of ['', 'Bearer', 'Bearer ', 'Basic eDp5']) {
        const response = await ask(path, { headers: { authorization } });
        expect(response.status, `${path} with "${authorization}"`).toBe(401);
        expect(contractViolations('UnauthorizedResponse', await response.json())).toEqual([]);
      }
    }
    const submit = await ask('/videos', { method: 'POST', body: '{}', headers: { authorization: '' } });
    expect(submit.status).toBe(401);
  });

  it.each([
    ['GET', '/videos/job-0123456789abcdef'],
    ['GET', '/videos/..%2f..%2fetc%2fpasswd'],
    ['GET', '/videos/job-0123456789abcdef/content'],
    ['GET', '/videos'],
    ['DELETE', '/videos/models'],
    ['POST', '/video'],
    ['GET', '/'],
  ])('answers 404 to %s %s', async (method, path) => {
    const { ask } = await visit();
    const response = await ask(path, { method });
    expect(response.status).toBe(404);
    expect(contractViolations('NotFoundResponse', await response.json())).toEqual([]);
  });

  it('answers 413 to a body beyond 30 MB, after reading it', async () => {
    const { submit } = await visit();
    const { status, body } = await submit({ ...ORDER, prompt: 'x'.repeat(31_000_000) });
    expect(status).toBe(413);
    expect(body.error.message).toContain('31 MB');
  });

  it('answers 400 to a body that is not JSON', async () => {
    const { ask } = await visit();
    const response = await ask('/videos', { method: 'POST', body: '{"model":' });
    expect(response.status).toBe(400);
    expect(contractViolations('BadRequestResponse', await response.json())).toEqual([]);
  });

  it.each([
    ['a list', [], 'the body'],
    ['no model', { prompt: 'x' }, 'model'],
    ['an unknown model', { ...ORDER, model: 'google/veo-9' }, 'google/veo-9'],
    ['neither prompt nor image', { model: ORDER.model }, 'prompt'],
    ['a length as a text', { ...ORDER, duration: '4' }, 'duration'],
    ['a length of no whole seconds', { ...ORDER, duration: 4.5 }, 'duration'],
    ['a length the model does not make', { ...ORDER, duration: 99 }, '99'],
    ['a resolution nobody knows', { model: ORDER.model, prompt: 'x', resolution: '333p' }, 'resolution'],
    ['a resolution the model does not make', { model: ORDER.model, prompt: 'x', resolution: '4K' }, '4K'],
    [
      'a ratio the model does not make',
      { model: 'google/veo-3.1-lite', prompt: 'x', aspect_ratio: '1:1' },
      '1:1',
    ],
    ['a size the model does not make', { ...ORDER, size: '100x100' }, '100x100'],
    [
      'a size larger than the sandbox makes',
      { model: 'runway/aleph-2', prompt: 'x', size: '9000x9000' },
      '8192',
    ],
    [
      'a length beyond what the sandbox makes',
      { model: 'runway/aleph-2', prompt: 'x', duration: 3600 },
      '120 s',
    ],
    ['a seed for a model without', { model: 'kwaivgi/kling-v3.0-std', prompt: 'x', seed: 1 }, 'seed'],
    ['sound from a silent model', { model: 'runway/gen-4.5', prompt: 'x', generate_audio: true }, 'audio'],
    [
      'a frame without its place',
      { ...ORDER, frame_images: [image('https://example.com/a.png')] },
      'frame_type',
    ],
    [
      'a reference of no known kind',
      { ...ORDER, input_references: [{ type: 'text', text: 'x' }] },
      'input_references',
    ],
    [
      'a job to go on from that does not exist',
      { ...ORDER, previous_job_id: 'job-0123456789abcdef' },
      'previous_job_id',
    ],
  ])('answers 400 to %s, and says which', async (_, body, word) => {
    const { submit } = await visit();
    const answer = await submit(body);
    expect(answer.status).toBe(400);
    expect(answer.body.error.message).toContain(word);
  });

  it('goes on from a job that is completed, and from no other', async () => {
    const { submit, clock } = await visit();
    const { body: first } = await submit(ORDER);
    const next = { ...ORDER, previous_job_id: first.id };
    expect((await submit(next)).body.error.message).toContain('pending');
    clock.pass(60_000);
    expect((await submit(next)).status).toBe(202);
  });

  it('lets fields through that the contract does not know', async () => {
    const { submit } = await visit();
    expect((await submit({ ...ORDER, tomorrow: true })).status).toBe(202);
  });
});

/** As much of a WebP as tells it from other files. */
const WEBP = Buffer.concat([Buffer.from('RIFF\x24\0\0\0WEBPVP8 '), Buffer.alloc(24)]);

describe('an input image', () => {
  const submitFrame = async (url: string) => {
    const { submit } = await visit();
    return submit({ ...ORDER, frame_images: [{ ...image(url), frame_type: 'first_frame' }] });
  };

  it.each([
    ['is no base64', 'data:image/png;base64,###'],
    ['is no image', dataUrl('image/png', Buffer.from('<html>'))],
    ['is a cut PNG', dataUrl('image/png', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'))],
    ['is a cut JPEG', dataUrl('image/jpeg', Buffer.from('ffd8ffe000104a464946', 'hex'))],
    ['would travel in the clear', 'http://example.com/a.png'],
    ['is a file', 'file:///etc/passwd'],
    ['has no address at all', 'a.png'],
    ['is not among the assets', 'http://sandbox.localhost/assets/..%2Fa.png'],
  ])('that %s is refused with 400', async (_, url) => {
    const { status, body } = await submitFrame(url);
    expect(status).toBe(400);
    expect(body.error.message).toMatch(/image|fetch/i);
  });

  it('that nobody answers for is stood in for by a picture with its address', async () => {
    const { status } = await submitFrame('http://127.0.0.1:1/a.png');
    expect(status).toBe(202);
  });

  it('is fetched from where it lies, and refused where that answers with anything else', async () => {
    const { ask, submit, sandbox } = await visit();
    const png = Buffer.from(await (await ask('/../../assets/dawn.png')).arrayBuffer());
    const site = createServer((request, response) => {
      if (request.url === '/dawn.png') response.end(png);
      else response.writeHead(302, { location: '/dawn.png' }).end();
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void site.close());
    const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    const withReference = (url: string) => submit({ ...ORDER, input_references: [image(url)] });
    expect((await withReference(`${origin}/dawn.png`)).status).toBe(202);
    expect((await withReference(`${origin}/elsewhere`)).body.error.message).toContain('302');
    expect((await withReference(`${new URL(sandbox.baseUrl).origin}/assets/dawn.png`)).status).toBe(202);
  });

  it.each(['http://sandbox.localhost/assets/dawn.jpg', 'https://sandbox.localhost/assets/dawn%20chorus.png'])(
    'of the sandbox itself is taken by its lasting name %s',
    async (url) => {
      expect((await submitFrame(url)).status).toBe(202);
    },
  );

  it('of many megabytes is taken while the body as a whole is small enough', async () => {
    const large = Buffer.concat([WEBP, Buffer.alloc(20_000_000)]);
    expect((await submitFrame(dataUrl('image/webp', large))).status).toBe(202);
  });

  it('of a kind that is not decoded here is taken all the same', async () => {
    expect((await submitFrame(dataUrl('image/webp', WEBP))).status).toBe(202);
  });
});

describe('an asset', () => {
  it('is a still drawn from its name, for whoever asks, the same each time', async () => {
    const { ask } = await visit();
    const get = async (name: string) => {
      const response = await ask(`/../../assets/${name}`, { headers: { authorization: '' } });
      return { type: response.headers.get('content-type'), bytes: Buffer.from(await response.arrayBuffer()) };
    };
    const [png, again, other, jpeg] = await Promise.all(['a.png', 'a.png', 'b.png', 'a.jpg'].map(get));
    expect(png?.type).toBe('image/png');
    expect(png?.bytes.subarray(1, 4).toString()).toBe('PNG');
    expect(again?.bytes.equals(png?.bytes ?? Buffer.alloc(0))).toBe(true);
    expect(other?.bytes.equals(png?.bytes ?? Buffer.alloc(0))).toBe(false);
    expect(jpeg?.type).toBe('image/jpeg');
    expect(jpeg?.bytes.subarray(0, 3).toString('hex')).toBe('ffd8ff');
  });

  it('of another kind does not exist', async () => {
    const { ask } = await visit();
    const response = await ask('/../../assets/secrets.json');
    expect(response.status).toBe(404);
    expect((await response.json()) as ErrorAnswer).toMatchObject({ error: { code: 404 } });
  });
});
