import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/clock.js';
import { runProject } from '../../src/flow/commands/run.js';
import { loadProject } from '../../src/flow/project/project.js';
import { orderedClip } from '../helpers/clips.js';
import { fastClock } from '../helpers/clock.js';
import { addressOf, freePort, SECRET, sendEvent } from '../helpers/events.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject } from '../helpers/project.js';

const server = useGateway();
const clip = await orderedClip();

let port = 0;
beforeEach(async () => {
  port = await freePort();
});
const base = () => `http://127.0.0.1:${port}/hook`;
const webhooks = () => ({ callback: base(), listen: `127.0.0.1:${port}` });

const SEA = '  - { id: sea, prompt: waves }';

/** Polls come every quarter of an hour: what is noticed sooner was announced. */
async function film(
  shots = SEA,
  { env, top = '', clock }: { env?: NodeJS.ProcessEnv; top?: string; clock?: Clock } = {},
) {
  const project = await makeProject(
    {
      baseUrl: server.baseUrl,
      env: env ?? { OPENROUTER_WEBHOOK_SECRET: SECRET },
      ...(clock ? { clock } : {}),
    },
    shots,
  );
  await project.write(
    [
      'version: 1',
      'project: film',
      `gateway: { base_url: "${server.baseUrl}", api_key_env: TEST_KEY }`,
      'poll: { interval: 60, timeout: 900 }',
      'defaults: { model: google/veo-3.1-lite, duration: 4, resolution: 720p, generate_audio: false }',
      top,
      'shots:',
      shots,
    ].join('\n'),
  );
  return project;
}

const shotsNamed = (count: number) =>
  Array.from({ length: count }, (_, n) => `  - { id: s${n}, prompt: shot ${n} }`).join('\n');

describe('a run with --callback', () => {
  it('polls a job once its end is announced, and never shows the token', async () => {
    const project = await film();
    const running = project.run(webhooks());
    const job = await server.nextJob();
    // The first polls come early, because nothing is known of the model; then there is one a minute.
    job.complete(clip, { cost: 0.12 });
    expect(await sendEvent(addressOf(job), job.id)).toBe(204);
    const summary = await running;
    expect(summary).toMatchObject({ exit_code: 0, shots: [{ outcome: 'delivered' }] });
    expect(summary.webhooks_refused).toBeUndefined();
    const token = addressOf(job).split('/').at(-1) ?? '';
    expect(token).toMatch(/^[\w-]{32}$/);
    expect(await project.read('.dailies/receipts/' + (await receiptName(project.folder)))).toContain(token);
    const shown = ['renders/film/report.json', 'renders/film/index.html', 'renders/film/sea.json'];
    for (const path of [...shown, 'film.lock.json'])
      expect(await project.read(path).catch(() => ''), path).not.toContain(token);
    expect(JSON.stringify(summary)).not.toContain(token);
  });

  it('gives each submit a token of its own, and leaves an address of the user alone', async () => {
    server.autoComplete(clip);
    const own = '  - { id: own, prompt: mine, callback_url: "https://example.com/mine" }';
    const project = await film(`${SEA}\n${own}\n  - { id: sky, prompt: clouds }`, { top: 'concurrency: 3' });
    await project.run(webhooks());
    const sent = server.jobs.map(addressOf);
    expect(sent).toContain('https://example.com/mine');
    const ours = sent.filter((url) => url.startsWith(`${base()}/`));
    expect(new Set(ours).size).toBe(2);
    // What is asked for is the same with and without it.
    expect(await project.run()).toMatchObject({ exit_code: 0, counts: { reused: 3 } });
    expect(server.counters.posts).toBe(3);
  });

  it('counts and survives what is forged, stale, repeated or too large', async () => {
    const project = await film();
    const running = project.run(webhooks());
    const job = await server.nextJob();
    const url = addressOf(job);
    await sendEvent(url, job.id, { secret: 'guessed' });
    await sendEvent(url, job.id, { atMs: Date.now() - 400_000 });
    await sendEvent(url, job.id, { body: 'x'.repeat(100_000) });
    await sendEvent(`${base()}/a-token-that-nobody-sent`, job.id, { key: 'k' });
    const polls = server.counters.polls;
    expect(await sendEvent(url, job.id)).toBe(204);
    await expect.poll(() => server.counters.polls).toBeGreaterThan(polls);
    await sendEvent(url, job.id);
    job.complete(clip);
    const summary = await running;
    expect(summary).toMatchObject({
      exit_code: 0,
      webhooks_refused: { signature: 1, age: 1, size: 1, token: 1, replay: 1 },
    });
    expect(server.counters.posts).toBe(1);
  });

  it('closes the port with its last job, and opens none where nothing is to be done', async () => {
    server.autoComplete(clip);
    const project = await film();
    await project.run(webhooks());
    await expect(sendEvent(`${base()}/a-token-of-0123456789`, 'job-1')).rejects.toThrow(/ECONNREFUSED/);
    expect(await project.run({ ...webhooks(), listen: 'no-such-host.invalid:1' })).toMatchObject({
      exit_code: 0,
    });
  });

  it('asks for nothing without the secret, without a port or over plain http', async () => {
    const missing = await film(SEA, { env: {} });
    await expect(missing.run(webhooks())).rejects.toMatchObject({ code: 'secret-missing', exitCode: 3 });
    const project = await film();
    const refused = (options: object) =>
      expect(project.run(options)).rejects.toMatchObject({ code: 'usage' });
    await refused({ callback: base() });
    await refused({ listen: `127.0.0.1:${port}` });
    await refused({ ...webhooks(), callback: 'http://hooks.example/x' });
    await refused({ ...webhooks(), callback: 'hooks.example' });
    expect(server.counters.posts).toBe(0);
  });
});

describe('submits whose answers are lost while webhooks arrive', () => {
  it('settle themselves: 20 of 20, and none is bought twice', async () => {
    server.failNext('drop-after-accept', { times: 20 });
    const project = await film(shotsNamed(20), { top: 'concurrency: 8' });
    const running = project.run(webhooks());
    for (let n = 0; n < 20; n++) {
      const job = await server.nextJob();
      job.complete(clip, { cost: 0.1 });
      expect(await sendEvent(addressOf(job), job.id)).toBe(204);
    }
    const summary = await running;
    expect(summary.shots.map(({ outcome }) => outcome)).toEqual(Array(20).fill('delivered'));
    expect(summary).toMatchObject({ exit_code: 0, spent_usd: 2 });
    expect(server.counters.posts).toBe(20);
    expect(await project.run()).toMatchObject({ exit_code: 0, counts: { reused: 20 } });
    expect(server.counters.posts).toBe(20);
  });

  it('are settled by a later run, if the event comes then', async () => {
    server.failNext('drop-after-accept');
    const project = await film();
    const stopping = new AbortController();
    const first = project.run({ ...webhooks(), signal: stopping.signal });
    const job = await server.nextJob();
    await expect.poll(() => project.read('film.lock.journal')).toContain('answer_lost');
    stopping.abort();
    expect(await first).toMatchObject({ exit_code: 130 });
    const second = project.run(webhooks());
    job.complete(clip);
    const send = () => sendEvent(addressOf(job), job.id).catch(() => 0);
    await expect.poll(send, { interval: 20 }).toBe(204);
    expect(await second).toMatchObject({ exit_code: 0, shots: [{ outcome: 'delivered' }] });
    expect(server.counters.posts).toBe(1);
  });

  it('take in no job that another shot has, and the right one afterwards', async () => {
    const project = await film(`${SEA}\n  - { id: sky, prompt: clouds }`, { top: 'concurrency: 1' });
    const running = project.run(webhooks());
    const first = await server.nextJob();
    server.failNext('drop-after-accept');
    first.complete(clip);
    await sendEvent(addressOf(first), first.id);
    const second = await server.nextJob();
    // Right by its signature, and about the job of the other shot.
    expect(await sendEvent(addressOf(second), first.id, { key: 'k1' })).toBe(204);
    second.complete(clip);
    await expect
      .poll(() => sendEvent(addressOf(second), second.id, { key: String(Math.random()) }))
      .toBe(204);
    const summary = await running;
    expect(summary).toMatchObject({
      shots: [{ job_id: 'job-1' }, { job_id: 'job-2', outcome: 'delivered' }],
    });
    expect(server.counters.posts).toBe(2);
  });

  it('stay held where no event comes in time, or the gateway knows no such job', async () => {
    server.failNext('reset', { times: 2 });
    const project = await film(`${SEA}\n  - { id: sky, prompt: clouds }`, { clock: fastClock(300) });
    const running = project.run(webhooks());
    await expect.poll(() => server.submits.length).toBe(2);
    const [url = ''] = server.submits.map((body) => addressOf({ body }));
    expect(await sendEvent(url, 'job-77', { atMs: Date.now() + 60_000 })).toBe(204);
    const summary = await running;
    expect(summary).toMatchObject({ exit_code: 1, shots: [{ outcome: 'held' }, { outcome: 'held' }] });
    expect(summary.events.map((event) => ('message' in event ? event.message : ''))).toContainEqual(
      expect.stringContaining('names job job-77 for'),
    );
    expect(server.counters.posts).toBe(2);
  });
});

async function receiptName(folder: string): Promise<string> {
  const { project_id } = JSON.parse(await readFile(join(folder, 'film.lock.json'), 'utf8')) as {
    readonly project_id: string;
  };
  return `${project_id}.jsonl`;
}

describe('the sandbox', () => {
  it('sends what it takes to try all this for free', async () => {
    const shots = [
      '  - { id: lost, prompt: "waves [sandbox: lost answer]" }',
      '  - { id: twice, prompt: "waves [sandbox: repeated event]" }',
      '  - { id: fails, prompt: "waves [sandbox: fail]", seed: 1 }',
    ];
    const { manifest } = await film(shots.join('\n'));
    const project = await loadProject({ manifest, gateway: 'sandbox', env: { DAILIES_SANDBOX_SPEED: '20' } });
    const { shots: found, webhooks_refused } = await runProject(project, webhooks());
    expect(found.map(({ outcome }) => outcome)).toEqual(['delivered', 'delivered', 'failed']);
    expect(webhooks_refused).toEqual({ replay: 1 });
    expect(server.counters.posts).toBe(0);
  });
});
