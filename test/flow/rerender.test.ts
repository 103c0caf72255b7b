import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/events.js';
import { runProject, type RunOptions } from '../../src/flow/commands/run.js';
import { planProject } from '../../src/flow/plan/plan.js';
import { loadProject } from '../../src/flow/project/project.js';
import { readState } from '../../src/store/read-state.js';
import { stateHome } from '../../src/flow/project/state-home.js';
import { orderedClip } from '../helpers/clips.js';
import { fastClock } from '../helpers/clock.js';
import { useGateway } from '../helpers/gateway.js';
import { sampleOf } from '../helpers/long-pass.js';
import { makeProject } from '../helpers/project.js';

const server = useGateway();
const clip = await orderedClip();
beforeEach(() => server.autoComplete(clip, { cost: 0.12 }));

const SHOTS = ['a', 'b', 'c'].map((id) => `  - { id: ${id}, prompt: shot ${id} }`).join('\n');
const CHAIN = '  - { id: a, prompt: a }\n  - { id: b, prompt: b, previous_job: a }\n  - { id: c, prompt: c }';
const AGAIN = { rerender: ['b', 'a'] };

const rendered = async (shots = SHOTS, top = 'concurrency: 1') => {
  const film = await makeProject({ baseUrl: server.baseUrl, top, clock: fastClock(200) }, shots);
  expect(await film.run()).toMatchObject({ exit_code: 0 });
  return film;
};

/** A project as it lies in a folder. */
const at = (folder: string) => {
  const load = () =>
    loadProject({
      manifest: join(folder, 'film.yaml'),
      env: { TEST_KEY: 'sk-test-0123456789' },
      clock: fastClock(200),
    });
  return {
    run: async (options?: RunOptions) => runProject(await load(), options),
    plan: async (options?: RunOptions) => (await planProject(await load(), options)).shots,
    /** How often each shot was bought, or perhaps bought. */
    bought: async () => {
      const { state } = await readState(stateHome(await load()));
      const count = (shot: string) =>
        state.attempts().filter(({ owner, state: { kind } }) => owner.shot === shot && kind !== 'planned')
          .length;
      return ['a', 'b', 'c'].map(count);
    },
  };
};

/** What a kill would leave of a project at this moment: all but the lock, which dies with its process. */
const killedNow = (folder: string): string => {
  const copy = mkdtempSync(join(tmpdir(), 'dailies-killed-'));
  cpSync(folder, copy, { recursive: true, filter: (path) => !/\.lck$/.test(basename(path)) });
  return copy;
};

describe.each([
  ['shots', SHOTS],
  ['a chain', CHAIN],
])('a set of %s that is made anew', (_, shots) => {
  it.each([
    ['with its lockfile', false],
    ['by its receipts alone', true],
  ])('is bought once, wherever a run for it was killed: %s', async (__, isLost) => {
    const film = await rendered(shots);
    const moments: string[] = [];
    await film.run({
      ...AGAIN,
      onEvent: ({ type }) => {
        // When it says that it has finished, it has.
        if (type !== 'run.finished' && type !== 'shot.planned') moments.push(killedNow(film.folder));
      },
    });
    expect(moments.length).toBeGreaterThan(6);
    for (const folder of sampleOf(moments)) {
      if (isLost)
        for (const end of ['json', 'journal']) rmSync(join(folder, `film.lock.${end}`), { force: true });
      const killed = at(folder);
      const summary = await killed.run(AGAIN);
      const isHeld = summary.shots.some(({ outcome }) => outcome === 'held');
      const most = Math.max(...(await killed.bought()));
      expect(most).toBe(2);
      if (!isHeld) expect(await killed.bought()).toEqual([2, 2, 1]);
      rmSync(folder, { recursive: true });
    }
  });
});

describe('a set that is made anew', () => {
  /** A run that a refusal leaves with one of the two delivered. */
  const half = async () => {
    const film = await rendered();
    server.failNext({ status: 202, body: {} }, { times: 0 });
    let isFirst = true;
    await film.run({
      ...AGAIN,
      onEvent: (event) => {
        if (event.type !== 'shot.submitted' || !isFirst) return;
        isFirst = false;
        server.failNext({ status: 402, body: { error: { code: 402, message: 'no' } } });
      },
    });
    expect(await at(film.folder).bought()).toEqual([2, 2, 1]);
    expect(server.counters.accepted).toBe(4);
    return film;
  };

  it('is shown by a plan as far as it is still to be made', async () => {
    const film = await half();
    const shots = (await film.plan(AGAIN)).shots;
    expect(shots.map(({ action }) => action)).toEqual(['reuse', 'rerender', 'reuse']);
    expect(shots[0]?.reasons).toEqual(['already rendered again']);
  });

  it('begins anew when it was delivered, and not before', async () => {
    const film = await half();
    expect(await film.run(AGAIN)).toMatchObject({ exit_code: 0, counts: { submitted: 1 } });
    expect((await film.plan(AGAIN)).shots.map(({ action }) => action)).toEqual([
      'rerender',
      'rerender',
      'reuse',
    ]);
    expect(await film.run({ rerender: ['a', 'b'] })).toMatchObject({ counts: { submitted: 2 } });
  });

  it('is another one where it names other takes', async () => {
    const film = await half();
    expect(await film.run({ rerender: ['b'] })).toMatchObject({ counts: { submitted: 1 } });
    // With that all of the first set is delivered, too.
    expect((await film.plan(AGAIN)).shots.map(({ action }) => action)).toEqual([
      'rerender',
      'rerender',
      'reuse',
    ]);
  });

  it('leaves to be made anew what waits in vain for a source', async () => {
    const film = await rendered(CHAIN);
    let isFirst = true;
    server.onRequest(({ endpoint }) => {
      if (endpoint !== 'poll' || !isFirst) return;
      isFirst = false;
      server.jobs.at(-1)?.fail('no luck');
    });
    const summary = await film.run(AGAIN);
    expect(summary.shots.map(({ outcome }) => outcome)).toEqual(['failed', 'blocked', 'delivered']);
    expect(summary).toMatchObject({ left_to_rerender: ['a', 'b'], left_usd: 0.12 });
  });

  it('that is whole already, but for the end of its run, says so and is closed', async () => {
    const film = await rendered();
    let killed = '';
    await film.run({
      ...AGAIN,
      onEvent: ({ type }) => {
        if (type === 'shot.delivered') killed = killedNow(film.folder);
      },
    });
    const warnings: string[] = [];
    const onEvent = (event: RunEvent) => {
      if (event.type === 'warning') warnings.push(event.message);
    };
    expect(await at(killed).run({ ...AGAIN, onEvent })).toMatchObject({ counts: { submitted: 0 } });
    expect(warnings).toEqual([
      'an interrupted run already rendered everything that --rerender names: run again to render it once more',
    ]);
    expect((await at(killed).plan(AGAIN)).map(({ action }) => action)).toEqual([
      'rerender',
      'rerender',
      'reuse',
    ]);
    rmSync(killed, { recursive: true });
  });

  it('has only what is in scope', async () => {
    const film = await rendered(`${SHOTS}\n  - { id: d, prompt: d, takes: 2 }`);
    const options = { rerender: ['d'], only: ['d@2'] };
    expect(await film.run(options)).toMatchObject({ counts: { submitted: 1 } });
    expect(await film.run(options)).toMatchObject({ counts: { submitted: 1 } });
  });

  it('says on each purchase what it replaces', async () => {
    const film = await rendered();
    await film.run({ rerender: ['a'] });
    const { state } = await readState(stateHome(await film.load()));
    const [first, , , second] = state.attempts();
    expect(second).toMatchObject({
      replaces: first?.id,
      rerender: { since: state.attempts()[2]?.id, takes: ['a@1'] },
    });
  });
});

describe('an uncertain shot that is to be resubmitted', () => {
  const SEA = '  - { id: sea, prompt: waves }';
  const resubmitting = (shots = SEA) =>
    makeProject({ baseUrl: server.baseUrl, top: 'on_uncertain: resubmit', clock: fastClock(200) }, shots);

  it('is resubmitted once in its life, not once in each run', async () => {
    server.failNext('reset', { times: 9 });
    const film = await resubmitting();
    for (const posts of [1, 2, 2, 2]) {
      expect(await film.run()).toMatchObject({ exit_code: 1, shots: [{ outcome: 'held' }] });
      expect(server.counters.posts).toBe(posts);
    }
    await film.write('  - { id: ocean, prompt: waves }');
    expect(await film.run()).toMatchObject({ shots: [{ outcome: 'held' }] });
    expect(server.counters.posts).toBe(2);
  });

  it('says what it was resubmitted for', async () => {
    server.failNext('reset');
    const film = await resubmitting();
    await film.run();
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    const { state } = await readState(stateHome(await film.load()));
    const [given, bought] = state.attempts();
    expect(given?.state.kind).toBe('abandoned');
    expect(bought?.replaces).toBe(given?.id);
  });
});
