import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startGatewayServer, type GatewayServer } from '../helpers/gateway-server.js';

const headers = { authorization: 'Bearer any-key', 'content-type': 'application/json' };

let server: GatewayServer;
beforeEach(async () => {
  server = await startGatewayServer();
});
afterEach(() => server.close());

async function submit(body: unknown): Promise<Response> {
  return fetch(`${server.baseUrl}/videos`, { method: 'POST', headers, body: JSON.stringify(body) });
}

describe('the gateway server of the tests', () => {
  it('hands out each accepted job once, and lets the test finish it', async () => {
    const waiting = server.nextJob();
    await submit({ model: 'google/veo-3.1', prompt: 'a fox' });
    const job = await waiting;
    job.complete(Buffer.from('the clip'), { cost: 0.5 });
    const poll = (await (await fetch(`${server.baseUrl}/videos/${job.id}`, { headers })).json()) as Record<
      string,
      unknown
    >;
    expect(poll).toMatchObject({ status: 'completed', usage: { cost: 0.5 } });
    const [url] = poll['unsigned_urls'] as string[];
    const clip = await fetch(String(url), { headers });
    expect(await clip.text()).toBe('the clip');
    expect(server.counters).toMatchObject({
      posts: 1,
      accepted: 1,
      polls: 1,
      downloads: 1,
      inFlight: 0,
      maxInFlight: 1,
    });
    expect(server.violations).toEqual([]);
  });

  it('records what is against the contract', async () => {
    await submit({ model: 'm', duration: 'long', colour: 'red' });
    await fetch(`${server.baseUrl}/jobs`, { headers });
    expect(server.violations).toEqual([
      'VideoGenerationRequest/duration must be integer',
      'VideoGenerationRequest has no field colour',
      'GET /api/v1/jobs is not in the contract',
    ]);
  });

  it('fails as often as it was told to, then answers again', async () => {
    server.failNext(503, { times: 2 });
    const statuses = [];
    for (let n = 0; n < 3; n += 1) statuses.push((await submit({ model: 'm' })).status);
    expect(statuses).toEqual([503, 503, 202]);
    expect(server.counters).toMatchObject({ posts: 3, accepted: 1 });
  });

  it('completes jobs by itself when asked to', async () => {
    server.autoComplete((job) => Buffer.from(`clip of ${job.id}`), { afterPolls: 2 });
    await submit({ model: 'm' });
    const words = [];
    for (let n = 0; n < 2; n += 1) {
      const answer = (await (await fetch(`${server.baseUrl}/videos/job-1`, { headers })).json()) as {
        status: string;
      };
      words.push(answer.status);
    }
    expect(words).toEqual(['pending', 'completed']);
  });
});
