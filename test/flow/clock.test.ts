import { beforeEach, describe, expect, it } from 'vitest';
import { systemClock, type Clock } from '../../src/clock.js';
import type { RunEvent } from '../../src/events.js';
import { orderedClip } from '../helpers/clips.js';
import { DAY_MS, fastClock, settable } from '../helpers/clock.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject, type TestProject } from '../helpers/project.js';
import { ask, newFolder, openIn, purchase, send, stillClock } from '../store/fixtures.js';

const server = useGateway();
const clip = await orderedClip();
beforeEach(() => server.autoComplete(clip, { afterPolls: 3 }));

const SEA = '  - { id: sea, prompt: waves }';
const HILL = '  - { id: hill, prompt: grass }';

/** A project whose runs have the patience for a job that a fast clock needs on a slow machine. */
async function project(clock: Clock, shots = SEA): Promise<TestProject> {
  const film = await makeProject({ baseUrl: server.baseUrl, clock }, shots);
  await film.write((await film.read('film.yaml')).replace('timeout: 20', 'timeout: 2000'));
  return film;
}

const shortWait = { status: 429, headers: { 'retry-after': '2' } };
const durations = (events: readonly RunEvent[]) =>
  events.flatMap((event) => ('elapsed_ms' in event ? [event.elapsed_ms] : []));

describe('a clock that is set back by a day in the midst of a run', () => {
  it.each(['submit', 'poll', 'content'] as const)(
    'after the first %s, blocks no wait and makes no time negative',
    async (moment) => {
      const clock = settable(fastClock(100));
      let isSet = false;
      server.onRequest(({ endpoint }) => {
        if (endpoint !== moment || isSet) return;
        isSet = true;
        clock.set(-DAY_MS);
      });
      server.failNext(shortWait);
      server.failNext({ status: 429, headers: { 'retry-after': '1' } }, { on: 'poll' });
      server.failNext('cut', { on: 'content' });
      const film = await project(clock, `${SEA}\n${HILL}`);
      const { events, elapsed_ms, ...summary } = await film.run();
      expect(summary).toMatchObject({ exit_code: 0 });
      expect(isSet).toBe(true);
      for (const ms of [elapsed_ms, ...durations(events), ...summary.shots.map((shot) => shot.elapsed_ms)]) {
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThan(DAY_MS / 2);
      }
      const { takes } = JSON.parse(await film.read('renders/film/report.json')) as {
        takes: { times: Record<string, number> }[];
      };
      for (const { times } of takes) {
        const inOrder = ['submitted', 'accepted', 'completed', 'delivered'].map((step) => times[step] ?? NaN);
        expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b));
      }
    },
  );

  it('does not put off the end of a clip that the gateway has no more', async () => {
    const clock = settable(fastClock(100));
    server.failNext(404, { on: 'content', times: 1000 });
    server.onRequest(({ endpoint }) => {
      if (endpoint === 'content') clock.set(-DAY_MS);
    });
    const film = await project(clock);
    expect(await film.run()).toMatchObject({ exit_code: 1, shots: [{ outcome: 'held' }] });
  });

  it('lets the next run take up a job that seems to be of tomorrow', async () => {
    const clock = settable(fastClock(100));
    const film = await project(clock);
    const stopping = new AbortController();
    server.onRequest(({ endpoint }) => {
      if (endpoint === 'poll') stopping.abort();
    });
    expect(await film.run({ signal: stopping.signal })).toMatchObject({ exit_code: 130 });
    server.onRequest(() => undefined);
    clock.set(-DAY_MS);
    const { events, ...summary } = await film.run();
    expect(summary).toMatchObject({ exit_code: 0 });
    for (const ms of durations(events)) expect(ms).toBeLessThan(DAY_MS / 2);
  });
});

describe('a clock that is set forward by a day in the midst of a run', () => {
  it('ends nobody’s patience: neither with a job, nor with one that the gateway does not know yet', async () => {
    const clock = settable(systemClock);
    server.onRequest(({ endpoint }) => {
      if (endpoint === 'poll') clock.set(DAY_MS);
    });
    server.failNext(404, { on: 'poll', times: 4 });
    const film = await project(clock);
    const summary = await film.run();
    expect(summary).toMatchObject({ exit_code: 0 });
    for (const ms of [summary.elapsed_ms, ...durations(summary.events)]) expect(ms).toBeLessThan(DAY_MS / 2);
  });

  it('ends no pause that a gateway has asked for', async () => {
    const clock = settable(stillClock());
    const store = await openIn(newFolder(), { clock });
    const first = await send(store, purchase('sea'));
    const outcome = { kind: 'not_accepted', reason: 'rate_limited', message: '429' } as const;
    await store.settle(first, { ...outcome, retryAfterMs: 60_000 }, clock.elapsed());
    clock.set(DAY_MS);
    expect(await ask(store, purchase('hill'))).toEqual({ kind: 'wait', ms: 60_000 });
    clock.set(-2 * DAY_MS);
    expect(await ask(store, purchase('hill'))).toEqual({ kind: 'wait', ms: 60_000 });
    await clock.sleep(60_000);
    expect(await ask(store, purchase('hill'))).toMatchObject({ kind: 'go' });
  });
});

describe('a catalogue on the disk that seems to be of tomorrow', () => {
  it('is of unknown age', async () => {
    const clock = settable(fastClock(100));
    const film = await project(clock);
    await film.plan();
    clock.set(-DAY_MS);
    const { diagnostics } = await film.plan({ offline: true });
    expect(diagnostics).toMatchObject([
      { code: 'catalogue-stale', message: expect.stringContaining('of unknown age') as string },
    ]);
  });
});
