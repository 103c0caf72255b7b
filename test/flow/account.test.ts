import { beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/events.js';
import { orderedClip } from '../helpers/clips.js';
import { fastClock } from '../helpers/clock.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject } from '../helpers/project.js';

const usage = { usage: 10 };
const server = useGateway({ key: usage });
const clip = await orderedClip();
beforeEach(() => {
  usage.usage = 10;
});

const SEA = '  - { id: sea, prompt: waves }';
const HILL = '  - { id: hill, prompt: grass }';

const project = (shots: string, top = '') =>
  makeProject({ baseUrl: server.baseUrl, top, clock: fastClock(200) }, shots);

const hints = (events: readonly RunEvent[]) =>
  events.flatMap((event) => (event.type === 'warning' && /usage/.test(event.message) ? [event.message] : []));

describe('the hint at what a lost answer was charged', () => {
  it('is not given by a run that has lost none itself', async () => {
    server.autoComplete(clip, { cost: 0.12 });
    server.failNext('reset');
    const film = await project(SEA);
    await film.run();
    await film.write(`${SEA}\n${HILL}`);
    const { events, shots } = await film.run();
    expect(shots.map(({ outcome }) => outcome)).toEqual(['held', 'delivered']);
    expect(hints(events)).toEqual([]);
  });

  it('counts all that the run knows to have cost, failed jobs and retried ones too', async () => {
    const film = await project(`${SEA}\n${HILL}`, 'retries: 1\nconcurrency: 1');
    const running = film.run();
    (await server.nextJob()).fail('too dark', { cost: 0.05 });
    (await server.nextJob()).fail('too dark', { cost: 0.06 });
    server.failNext('reset');
    usage.usage = 10.23;
    expect(hints((await running).events)).toEqual([
      "the key's usage rose by $0.23 in this run, and its known jobs cost $0.11: a hint at what was charged",
    ]);
  });
});

describe('what a shot has cost in a run', () => {
  it('has all that the run bought for it, failed jobs too', async () => {
    const film = await project(SEA, 'retries: 1');
    const running = film.run();
    (await server.nextJob()).fail('too dark', { cost: 0.05 });
    (await server.nextJob()).complete(clip, { cost: 0.12 });
    const summary = await running;
    expect(summary).toMatchObject({ cost_usd: 0.17, shots: [{ outcome: 'delivered', cost_usd: 0.17 }] });
    expect(summary.events.filter(({ type }) => type === 'shot.not_delivered')).toMatchObject([
      { will_retry: true, cost_usd: 0.05 },
    ]);
  });

  it('has nothing of what earlier runs have bought', async () => {
    server.autoComplete(clip, { cost: 0.12 });
    const film = await project(SEA);
    await film.run();
    server.failNext(400);
    await film.write(`${SEA}\n${HILL}`);
    const summary = await film.run();
    expect(summary).toMatchObject({ cost_usd: 0, shots: [{ outcome: 'delivered' }, { outcome: 'refused' }] });
    for (const shot of summary.shots) expect(shot).not.toHaveProperty('cost_usd');
  });
});
