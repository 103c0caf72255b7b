import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RunEvent } from '../../src/events.js';
import type { WorkerHealth } from '../../src/monitor/metrics.js';
import { VERSION } from '../../src/version.js';
import { createWorkerPort, type WorkerPort } from '../../src/monitor/worker-port.js';

const WELL: WorkerHealth = { storeReachable: true, leaseAgeMs: 400, restarts: 0 };
const AT = '2026-10-10T10:00:00.000Z';
const MODEL = 'google/veo-3.1';

async function open(alive: () => WorkerHealth = () => WELL, listen = '127.0.0.1:0'): Promise<WorkerPort> {
  const port = await createWorkerPort({ listen, alive });
  onTestFinished(() => port.close());
  return port;
}

const take = (key: string) => ({ at: AT, id: key, take: 1, key, model: MODEL });
const spent = { spent_usd: 0, spent_estimated: 0, spent_unpriced: 0 };

/** The samples of all metrics, by name and labels. */
async function samples({ address }: WorkerPort): Promise<Record<string, number>> {
  const response = await fetch(`${address}/metrics`);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  );
}

describe('/healthz', () => {
  it('is ok while the worker lives, and says why it does not', async () => {
    let health = WELL;
    const { address } = await open(() => health);
    const ask = async () => {
      const response = await fetch(`${address}/healthz`);
      return [response.status, await response.text()];
    };
    expect(await ask()).toEqual([200, 'ok\n']);
    health = { ...WELL, storeReachable: false, problem: 'the store was last reached 20 s ago' };
    expect(await ask()).toEqual([503, 'the store was last reached 20 s ago\n']);
    health = WELL;
    expect(await ask()).toEqual([200, 'ok\n']);
  });

  it('is not ok where the worker cannot tell', async () => {
    const { address } = await open(() => {
      throw new Error('no lease');
    });
    const response = await fetch(`${address}/healthz`);
    expect([response.status, await response.text()]).toEqual([503, 'no lease\n']);
  });
});

describe('/metrics', () => {
  it('counts submits, jobs, takes and money by the events of the work', async () => {
    const port = await open();
    const events: readonly RunEvent[] = [
      ...['a', 'b', 'c'].flatMap((key): RunEvent[] => [
        { type: 'shot.submitting', ...take(key) },
        { type: 'shot.submitted', ...take(key), ...spent, job_id: `job-${key}` },
      ]),
      { type: 'shot.submitting', ...take('d') },
      { type: 'shot.completed', ...take('a'), ...spent, elapsed_ms: 90_000, cost_usd: 0.5 },
      { type: 'shot.delivered', ...take('a'), ...spent, reused: false, outputs: [], cost_usd: 0.5 },
      { type: 'shot.delivered', ...take('z'), ...spent, reused: true, outputs: [], cost_usd: 9 },
      {
        ...{ type: 'shot.not_delivered', ...take('b'), ...spent, outcome: 'failed', message: 'nsfw' },
        ...{ will_retry: true, cost_usd: 0.25 },
      },
      {
        ...{ type: 'shot.not_delivered', ...take('d'), ...spent, outcome: 'held', message: 'no answer' },
        ...{ will_retry: false },
      },
      { type: 'run.slowed', at: AT, message: '429', wait_ms: 1000 },
      { type: 'run.stopping', at: AT, reason: { kind: 'credits', message: 'none left' } },
      { type: 'warning', at: AT, message: 'hm' },
    ];
    for (const event of events) port.handle(event);
    const model = `model="${MODEL}"`;
    expect(await samples(port)).toMatchObject({
      [`dailies_submits_total{${model}}`]: 4,
      [`dailies_jobs_accepted_total{${model}}`]: 3,
      [`dailies_takes_total{${model},outcome="delivered"}`]: 1,
      [`dailies_takes_total{${model},outcome="reused"}`]: 1,
      [`dailies_takes_total{${model},outcome="held"}`]: 1,
      [`dailies_retries_total{${model}}`]: 1,
      [`dailies_spent_usd_total{${model}}`]: 0.75,
      [`dailies_job_duration_seconds_bucket{le="60",${model}}`]: 0,
      [`dailies_job_duration_seconds_bucket{le="120",${model}}`]: 1,
      [`dailies_job_duration_seconds_sum{${model}}`]: 90,
      dailies_jobs_in_flight: 1,
      dailies_slowdowns_total: 1,
      'dailies_stops_total{reason="credits"}': 1,
      dailies_warnings_total: 1,
    });
  });

  it('keeps takes of two projects apart, and follows a job that another worker began', async () => {
    const port = await open();
    for (const project of ['one', 'two'])
      port.handle({ type: 'shot.progress', ...take('a'), status: 'in_progress', elapsed_ms: 1 }, project);
    expect(await samples(port)).toMatchObject({ dailies_jobs_in_flight: 2 });
    port.handle({ type: 'shot.completed', ...take('a'), ...spent, elapsed_ms: 2 }, 'one');
    expect(await samples(port)).toMatchObject({ dailies_jobs_in_flight: 1 });
  });

  it('tells how the worker stands with the store when it is asked', async () => {
    let health: WorkerHealth = { storeReachable: true, leaseAgeMs: 400, restarts: 0 };
    const port = await open(() => health);
    expect(await samples(port)).toMatchObject({
      ...{
        dailies_store_reachable: 1,
        dailies_worker_lease_age_seconds: 0.4,
        dailies_worker_restarts_total: 0,
      },
    });
    health = { storeReachable: false, leaseAgeMs: 17_000, restarts: 2, problem: 'away' };
    expect(await samples(port)).toMatchObject({
      ...{
        dailies_store_reachable: 0,
        dailies_worker_lease_age_seconds: 17,
        dailies_worker_restarts_total: 2,
      },
    });
    expect(Object.keys(await samples(port))).toContain(`dailies_build_info{version="${VERSION}"}`);
  });

  it('names all that it counts by the conventions, and lets no label out of its quotes', async () => {
    const port = await open();
    port.handle({ type: 'shot.submitting', ...take('a'), model: 'evil"} 1\nfake_metric 7 #' });
    const text = await (await fetch(`${port.address}/metrics`)).text();
    expect(text).not.toMatch(/^fake_metric/m);
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type]) => ({ name, type }));
    expect(types.length).toBeGreaterThan(12);
    for (const { name, type } of types) {
      expect(name).toMatch(/^dailies_[a-z_]+$/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
    }
  });

  it('has a row for each metric in docs/scale.md', async () => {
    const page = readFileSync(resolve(import.meta.dirname, '../../docs/scale.md'), 'utf8');
    const rows = page.split('\n').filter((line) => line.startsWith('| `dailies_'));
    const told = rows.flatMap((row) => [...row.matchAll(/`(dailies_[a-z_]+)/g)].map(([, name]) => name));
    const text = await (await fetch(`${(await open()).address}/metrics`)).text();
    expect(told.sort()).toEqual([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name).sort());
  });

  it('counts for each worker of a process apart', async () => {
    const [one, two] = [await open(), await open()];
    one.handle({ type: 'warning', at: AT, message: 'hm' });
    expect((await samples(one))['dailies_warnings_total']).toBe(1);
    expect((await samples(two))['dailies_warnings_total']).toBe(0);
  });
});

describe('the port of a worker', () => {
  it('answers nothing else', async () => {
    const { address } = await open();
    expect((await fetch(`${address}/`)).status).toBe(404);
    expect((await fetch(`${address}/healthz`, { method: 'POST', body: 'x' })).status).toBe(405);
    const head = await fetch(`${address}/healthz?from=compose`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it('is refused where another program has it, and free again after the end', async () => {
    const first = await createWorkerPort({ listen: '127.0.0.1:0', alive: () => WELL });
    const listen = new URL(first.address).host;
    await expect(open(undefined, listen)).rejects.toMatchObject({
      ...{ code: 'usage', message: `dailies cannot listen on ${listen}: another program listens there` },
      hint: expect.stringContaining('--listen') as string,
    });
    await fetch(`${first.address}/healthz`);
    await first.close();
    expect((await open(undefined, listen)).address).toBe(first.address);
  });

  it.each(['9464', ':9464', 'localhost', '127.0.0.1:99999', 'http://127.0.0.1:9464', '::1:9464', 'a b:1'])(
    'is not %s',
    async (listen) => {
      await expect(open(undefined, listen)).rejects.toMatchObject({ code: 'usage' });
    },
  );

  it('is none of another machine', async () => {
    await expect(open(undefined, '192.0.2.1:0')).rejects.toThrow(
      'dailies cannot listen on 192.0.2.1:0: this machine does not have that address',
    );
  });
});
