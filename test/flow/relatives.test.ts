import { expect, it } from 'vitest';
import { orderedClip } from '../helpers/clips.js';
import { fastClock } from '../helpers/clock.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject } from '../helpers/project.js';

const server = useGateway();
const clip = await orderedClip();

it('renders through a related API: its words, its costs and its mirrors', async () => {
  const film = await makeProject(
    { baseUrl: server.baseUrl, clock: fastClock(200) },
    '  - { id: sea, prompt: waves, trace: { trace_id: t }, provider: { only: [a] } }',
  );
  server.onRequest(({ endpoint }) => {
    const [job] = server.jobs;
    if (endpoint !== 'poll' || !job) return;
    if (job.polls < 2) job.status('queued');
    else
      job.complete(clip, {
        answer: {
          unsigned_urls: ['http://127.0.0.1:9/gone.mp4'],
          mirror_urls: [`${server.baseUrl}/videos/${job.id}/content?index=0`],
          usage: { video_cost: '0.180' },
        },
      });
  });
  const { events, ...summary } = await film.run();
  expect(summary).toMatchObject({ exit_code: 0, cost_usd: 0.18 });
  expect(events.filter(({ type }) => type === 'warning')).toMatchObject([
    { message: expect.stringContaining('"queued", a status we do not know') as string },
  ]);
  expect(server.counters.posts).toBe(1);
});
