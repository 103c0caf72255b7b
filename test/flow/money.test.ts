import { beforeEach, describe, expect, it } from 'vitest';
import { orderedClip } from '../helpers/clips.js';
import { fastClock } from '../helpers/clock.js';
import { useGateway } from '../helpers/gateway.js';
import type { Fault } from '../helpers/gateway-server.js';
import { makeProject } from '../helpers/project.js';

const server = useGateway();
const clip = await orderedClip();
beforeEach(() => server.autoComplete(clip, { cost: 0.12 }));

const SEA = '  - { id: sea, prompt: waves }';
const THREE = ['a', 'b', 'c'].map((id) => `  - { id: ${id}, prompt: shot ${id} }`).join('\n');

const project = (shots = SEA, top = '') =>
  makeProject({ baseUrl: server.baseUrl, top, clock: fastClock(200) }, shots);

const body = (code: number, metadata?: object) => ({
  status: code,
  body: { error: { code, message: 'no', ...(metadata ? { metadata } : {}) } },
});

describe('what a submit comes to', () => {
  it.each<[string, Fault]>([
    ['a reset connection', 'reset'],
    ['a 502 page', 'html'],
    ['half a JSON answer', 'half-json'],
    ['an answer without an id', 'no-id'],
    ['a connection lost after the job was taken', 'drop-after-accept'],
    ['500', 500],
    ['504', 504],
    ['408', 408],
    ['an unlisted 418', 418],
    ['503 without a well-formed error', { status: 503, body: 'busy' }],
  ])('posts once and holds the shot after %s, in this run and the next', async (_, fault) => {
    server.failNext(fault);
    const film = await project();
    const first = await film.run();
    expect(first).toMatchObject({ exit_code: 1, shots: [{ id: 'sea', outcome: 'held' }] });
    const second = await film.run();
    expect(second).toMatchObject({ exit_code: 1, shots: [{ outcome: 'held', action: 'held' }] });
    expect((await film.plan()).shots).toMatchObject([{ action: 'held', settle: 'unanswered' }]);
    expect(server.counters.posts).toBe(1);
  });

  it.each([400, 404, 413, 422])('reports a definite %i and renders the rest', async (status) => {
    server.failNext(body(status));
    const summary = await (await project(THREE, 'concurrency: 1')).run();
    expect(summary.exit_code).toBe(1);
    expect(summary.shots.map(({ outcome }) => outcome)).toEqual(['refused', 'delivered', 'delivered']);
    expect(summary.spent_usd).toBe(0.24);
  });

  it('never follows a redirect, holds the shot, and submits no other one', async () => {
    server.failNext({ status: 303, headers: { location: `${server.baseUrl}/videos/job-1` } }, { times: 3 });
    const summary = await (await project(THREE, 'concurrency: 1')).run();
    expect(summary.shots.map(({ outcome }) => outcome)).toEqual(['held', 'not_submitted', 'not_submitted']);
    expect(summary).toMatchObject({ exit_code: 3, stopped: { kind: 'gateway' } });
    expect(summary.stopped?.hint).toContain('dailies resolve');
    expect(server.counters.posts).toBe(1);
  });

  it('holds a submit that is answered with the job of another shot, names both, and submits no more', async () => {
    server.failNext({ status: 202, body: { id: 'job-1', status: 'pending' } }, { times: 0 });
    const film = await project(THREE, 'concurrency: 1');
    let answered = 0;
    server.onRequest(({ endpoint }) => {
      if (endpoint === 'submit' && ++answered === 2)
        server.failNext({ status: 202, body: { id: 'job-1', status: 'pending' } });
    });
    const summary = await film.run();
    expect(summary.shots.map(({ id, outcome }) => [id, outcome])).toEqual([
      ['a', 'delivered'],
      ['b', 'held'],
      ['c', 'not_submitted'],
    ]);
    expect(summary.shots[1]?.message).toMatch(/job job-1, which is already the job of a/);
    expect(summary.stopped?.message).toMatch(/job-1/);
    expect((await film.run()).shots.map(({ outcome }) => outcome)).toEqual([
      'delivered',
      'held',
      'delivered',
    ]);
    expect(server.counters.posts).toBe(3);
  });

  it('counts a job that a key of the user paid at its estimate, where nobody says what it cost', async () => {
    server.autoComplete(clip, { answer: { usage: { cost: 0, is_byok: true } } });
    const summary = await (await project()).run();
    expect(summary.shots).toMatchObject([{ outcome: 'delivered' }]);
    expect(summary.spent_usd).toBeGreaterThan(0);
    server.autoComplete(clip, {
      answer: { usage: { cost: 0, is_byok: 'true', cost_details: { upstream_inference_cost: '0.07' } } },
    });
    expect((await (await project()).run()).spent_usd).toBe(0.07);
  });

  it.each([1e308, '1e400', -5, 'NaN'])(
    'has a sum to hold against a ceiling, whatever a job says to have cost: %s',
    async (cost) => {
      server.autoComplete(clip, { cost: cost as number });
      const { spent_usd } = await (await project(THREE, 'concurrency: 1')).run();
      expect(Number.isFinite(spent_usd) && spent_usd > 0).toBe(true);
    },
  );

  it('stops one shot for a flagged prompt, and no other', async () => {
    server.failNext(body(403, { reasons: ['violence'], flagged_input: 'waves' }));
    const summary = await (await project(THREE, 'concurrency: 1')).run();
    expect(summary.shots.map(({ outcome }) => outcome)).toEqual(['refused', 'delivered', 'delivered']);
    expect(summary.exit_code).toBe(1);
  });

  it.each([
    ['401', body(401)],
    ['402', body(402)],
    ['403 about a limit of the key', body(403, { limit_source: 'api_key' })],
    ['403 without a word', { status: 403, body: '' }],
  ])('stops the batch on %s, with exit 3', async (_, fault) => {
    server.failNext(fault);
    const summary = await (await project(THREE, 'concurrency: 1')).run();
    expect(summary.exit_code).toBe(3);
    expect(server.counters.posts).toBe(1);
  });

  it('finishes and fetches what is in flight when the batch stops', async () => {
    const film = await project(THREE, 'concurrency: 2');
    server.failNext({ status: 202, body: {} }, { times: 0 });
    const running = film.run({
      onEvent: (event) => {
        if (event.type === 'shot.submitted') server.failNext(body(402));
      },
    });
    const summary = await running;
    expect(summary.exit_code).toBe(3);
    const delivered = summary.shots.filter(({ outcome }) => outcome === 'delivered');
    expect(delivered).toHaveLength(server.counters.accepted);
    expect(delivered.length).toBeGreaterThan(0);
  });

  it.each<[string, Fault]>([
    ['429 with Retry-After', { ...body(429), headers: { 'retry-after': '3' } }],
    ['429 without', body(429)],
    ['a well-formed 503', body(503)],
    [
      '402 for the in-flight budget',
      { ...body(402, { limit_source: 'openrouter_in_flight_budget' }), headers: { 'retry-after': '1' } },
    ],
  ])('waits and submits again after %s', async (_, fault) => {
    server.failNext(fault, { times: 2 });
    const summary = await (await project()).run();
    expect(summary.exit_code).toBe(0);
    expect(server.counters).toMatchObject({ posts: 3, accepted: 1 });
    expect(summary.events.filter(({ type }) => type === 'run.slowed')).not.toHaveLength(0);
  });

  it('gives up with exit 3 when nothing was accepted for ten minutes, and loses nothing', async () => {
    server.failNext(body(429), { times: 100_000 });
    const film = await makeProject({ baseUrl: server.baseUrl, clock: fastClock(4000) }, SEA);
    const summary = await film.run();
    expect(summary).toMatchObject({ exit_code: 3, stopped: { kind: 'gateway' } });
    expect(summary.shots[0]).toMatchObject({ outcome: 'not_submitted' });
    expect((await film.plan()).shots[0]).toMatchObject({ action: 'render' });
  });
});

describe('a shot whose answer was lost', () => {
  it('is submitted again when the manifest says so, once a run, and the first try stays counted', async () => {
    server.failNext('reset');
    const film = await project(SEA, 'on_uncertain: resubmit\nbudget_usd: 5');
    expect(await film.run()).toMatchObject({ exit_code: 1 });
    expect(await film.run()).toMatchObject({ exit_code: 0, spent_usd: 0.24 });
    expect(server.counters.posts).toBe(2);
    expect(await film.run()).toMatchObject({ exit_code: 0 });
    expect(server.counters.posts).toBe(2);
  });

  it('stays held although its prompt was changed meanwhile', async () => {
    server.failNext('reset');
    const film = await project();
    await film.run();
    await film.write('  - { id: sea, prompt: calm water }');
    expect(await film.run()).toMatchObject({ exit_code: 1, shots: [{ outcome: 'held' }] });
    expect(server.counters.posts).toBe(1);
  });
});

describe('a budget', () => {
  it('refuses beforehand what could cross it', async () => {
    const film = await project(THREE, 'budget_usd: 0.3');
    expect(await film.run()).toMatchObject({ exit_code: 3, stopped: { kind: 'budget' } });
    expect(server.counters.posts).toBe(0);
  });

  it('counts what was spent in earlier runs', async () => {
    const film = await project(SEA, 'budget_usd: 0.3');
    await film.run();
    await film.write(`${SEA}\n  - { id: b, prompt: b }\n  - { id: c, prompt: c }`);
    expect(await film.run()).toMatchObject({ exit_code: 3, stopped: { kind: 'budget' } });
    expect(server.counters.posts).toBe(1);
  });

  it('holds for one run with --max-cost', async () => {
    expect(await (await project(THREE)).run({ maxCostUsd: 0.3 })).toMatchObject({ exit_code: 3 });
    expect(server.counters.posts).toBe(0);
  });

  it('lets go through what fits', async () => {
    expect(await (await project(THREE, 'budget_usd: 0.36')).run()).toMatchObject({
      exit_code: 0,
      spent_usd: 0.36,
    });
  });
});
