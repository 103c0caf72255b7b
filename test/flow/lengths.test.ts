import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { orderedClip } from '../helpers/clips.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject, type TestProject } from '../helpers/project.js';

const server = useGateway();
const clip = await orderedClip();

const SEA = '  - { id: sea, prompt: waves }';
const HOURS = 3_600_000;

/** What a run of one more shot takes such jobs to last, before it has begun one itself. */
async function expectedMs(film: TestProject): Promise<number | undefined> {
  server.autoComplete(clip);
  await film.write(`${SEA}\n  - { id: hill, prompt: grass }`);
  const { events } = await film.run();
  const planned = events.flatMap((event) =>
    event.type === 'shot.planned' && event.id === 'hill' ? [event] : [],
  );
  expect(planned).toHaveLength(1);
  return planned[0]?.expected_ms;
}

describe('how long a job is expected to take', () => {
  it('is told by jobs of earlier runs', async () => {
    const film = await makeProject({ baseUrl: server.baseUrl }, SEA);
    server.autoComplete(clip);
    await film.run();
    expect(await expectedMs(film)).toBeGreaterThan(0);
  });

  it('is not told by a job whose end nobody saw before the next morning', async () => {
    let lateMs = 0;
    const clock = { ...systemClock, now: () => systemClock.now() + lateMs };
    const film = await makeProject({ baseUrl: server.baseUrl, clock }, SEA);
    const controller = new AbortController();
    const running = film.run({ signal: controller.signal });
    const job = await server.nextJob();
    controller.abort();
    await running;
    job.complete(clip);
    lateMs = 20 * HOURS;
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    expect(await expectedMs(film)).toBeUndefined();
  });

  it('is not told by a job that was refused as soon as it began', async () => {
    const film = await makeProject({ baseUrl: server.baseUrl }, SEA);
    const running = film.run();
    (await server.nextJob()).fail('Content policy violation');
    expect(await running).toMatchObject({ exit_code: 1 });
    expect(await expectedMs(film)).toBeUndefined();
  });
});
