import { describe, expect, it } from 'vitest';
import { orderedClip } from '../helpers/clips.js';
import { fastClock } from '../helpers/clock.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject, type TestProject } from '../helpers/project.js';

const server = useGateway();
const clip = await orderedClip();

const SEA = '  - { id: sea, prompt: waves }';
const NEW = '  - { id: new, prompt: clouds }';

/** Room for one clip, and not for two. */
const BUDGET = 'budget_usd: 0.2';

const project = (shots: string, top = BUDGET) =>
  makeProject({ baseUrl: server.baseUrl, top, clock: fastClock(200) }, shots);

/** A project whose run was interrupted with a job in flight, which has come to its end since. */
async function interrupted(top = BUDGET): Promise<TestProject> {
  const film = await project(SEA, top);
  const controller = new AbortController();
  const running = film.run({ signal: controller.signal });
  const job = await server.nextJob();
  controller.abort();
  await running;
  job.complete(clip, { cost: 0.12 });
  return film;
}

describe('a ceiling that stops all buying', () => {
  it('lets the job of a shot be fetched that was edited meanwhile', async () => {
    const film = await interrupted();
    await film.write('  - { id: sea, prompt: calm water }');
    const summary = await film.run();
    expect(summary).toMatchObject({
      exit_code: 3,
      stopped: { kind: 'budget' },
      shots: [{ outcome: 'not_submitted' }],
    });
    expect(await film.stored()).toHaveLength(1);
    expect(server.counters.posts).toBe(1);
  });

  it('lets the job of a shot be fetched that has left the manifest', async () => {
    const film = await interrupted();
    await film.write(NEW);
    expect(await film.run()).toMatchObject({
      exit_code: 3,
      shots: [{ id: 'new', outcome: 'not_submitted' }],
    });
    expect(await film.stored()).toHaveLength(1);
    expect(server.counters.posts).toBe(1);
  });

  it('lets lost jobs be asked for', async () => {
    const film = await project(SEA);
    await film.write((await film.read('film.yaml')).replace('timeout: 20', 'timeout: 200'));
    const running = film.run();
    const job = await server.nextJob();
    job.vanish();
    expect(await running).toMatchObject({ shots: [{ outcome: 'held' }] });
    job.restore();
    job.complete(clip, { cost: 0.12 });
    await film.write(`${SEA}\n${NEW}`);
    expect(await film.run()).toMatchObject({
      exit_code: 3,
      shots: [{ outcome: 'delivered' }, { outcome: 'not_submitted' }],
    });
  });

  it('lets jobs in flight be fetched where the price of the others is not known', async () => {
    const models = { data: [{ id: 'google/veo-3.1-lite', pricing_skus: {} }] };
    server.failNext({ status: 200, body: models }, { on: 'models', times: 2 });
    const film = await interrupted('');
    await film.write(`${SEA}\n${NEW}`);
    const summary = await film.run({ maxCostUsd: 5 });
    expect(summary).toMatchObject({
      exit_code: 3,
      stopped: { kind: 'unpriced' },
      shots: [{ outcome: 'delivered' }, { outcome: 'not_submitted' }],
    });
    expect(server.counters.posts).toBe(1);
  });

  it('asks for no money that it does not let go', async () => {
    const film = await interrupted();
    await film.write(`${SEA}\n${NEW}`);
    const summary = await film.run({ confirm: () => Promise.reject(new Error('was asked')) });
    expect(summary.shots).toMatchObject([{ outcome: 'delivered' }, { outcome: 'not_submitted' }]);
  });
});

describe('a ceiling that is met on the way', () => {
  it('is crossed by neither of two shots that take the place of unanswered submits at once', async () => {
    const flux = 'model: black-forest-labs/flux-3-video, duration: 5';
    const film = await project(
      [
        `  - { id: a, prompt: A, ${flux} }`,
        `  - { id: b, prompt: B, ${flux}, previous_job: a }`,
        `  - { id: c, prompt: C, ${flux}, previous_job: a }`,
      ].join('\n'),
      'budget_usd: 10\non_uncertain: resubmit',
    );
    server.autoComplete(clip, { cost: 0.85 });
    await film.run({ only: ['a'] });
    server.failNext('reset', { times: 2 });
    expect(await film.run()).toMatchObject({ exit_code: 1, spent_usd: 4.95 });
    // Dearer than its estimate: there is room for one of the others now, not for both.
    server.autoComplete(clip, { cost: 2 });
    const summary = await film.run({ rerender: ['a'] });
    expect(summary).toMatchObject({ exit_code: 3, stopped: { kind: 'budget' } });
    expect(summary.spent_usd).toBeLessThanOrEqual(10);
  });
});
