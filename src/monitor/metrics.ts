import type { Counter, Gauge } from 'prom-client';
import { packageError } from '../errors.js';
import type { RunEvent } from '../events.js';
import { VERSION } from '../version.js';

/** The state of a worker, as it knows it. */
export interface WorkerHealth {
  /** Why it does not work; absent while its lease holds. */
  readonly problem?: string;
  /** Whether the store gave an answer when it was last asked. */
  readonly storeReachable: boolean;
  /** How long ago the store renewed the lease. */
  readonly leaseAgeMs: number;
  /** How many times it was taken for dead and continued as a new worker. */
  readonly restarts: number;
}

/** The figures of a worker, by its events. */
export interface Metrics {
  /** Counts an event. `project` keeps takes of one key apart; an event alone does not say whose it is. */
  handle(event: RunEvent, project?: string): void;
  /** Counts a webhook by what came of it. */
  webhook(outcome: string): void;
  readonly contentType: string;
  /** All figures, as Prometheus reads them. */
  text(): Promise<string>;
}

/** The lengths of jobs that are told apart, seconds. */
const JOB_SECONDS = [15, 30, 60, 120, 240, 480, 900, 1800, 3600];

/** Begins to count. Throws `tool-missing` if the package for it is not installed. */
export async function startMetrics(health: () => WorkerHealth): Promise<Metrics> {
  const client = await import('prom-client').catch((cause: unknown) => {
    throw packageError('prom-client', { code: 'tool-missing', what: '--listen', cause });
  });
  const registry = new client.Registry();
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new client.Counter({ name: `dailies_${name}`, help, labelNames, registers });
  /** What is read at each request. */
  const gauge = (name: string, help: string, value: () => number) =>
    new client.Gauge({ name: `dailies_${name}`, help, registers, collect: setTo(value) });

  const takes = counter('takes_total', 'Takes that this worker finished', ['model', 'outcome']);
  const retries = counter('retries_total', 'Jobs that failed and were bought again', ['model']);
  const submits = counter('submits_total', 'Submits sent, answered or not', ['model']);
  const accepted = counter('jobs_accepted_total', 'Submits that the gateway accepted', ['model']);
  const spent = counter('spent_usd_total', 'Cost of jobs as the gateway reported it, in US dollars', [
    'model',
  ]);
  const slowdowns = counter('slowdowns_total', 'Times the gateway asked to wait', []);
  const stops = counter('stops_total', 'Times this worker stopped submitting', ['reason']);
  const warnings = counter('warnings_total', 'Warnings', []);
  const webhooks = counter('webhooks_total', 'Webhooks received: heard, or why they were refused', [
    'outcome',
  ]);
  const seconds = new client.Histogram({
    ...{ name: 'dailies_job_duration_seconds', help: 'From the submit to the end of the job' },
    ...{ labelNames: ['model'] as const, buckets: JOB_SECONDS, registers },
  });
  const inFlight = new Set<string>();
  gauge('jobs_in_flight', 'Jobs at the gateway that this worker follows', () => inFlight.size);
  gauge('store_reachable', '1 while the store answers', () => Number(health().storeReachable));
  gauge(
    'worker_lease_age_seconds',
    'Seconds since the store renewed the lease',
    () => health().leaseAgeMs / 1000,
  );
  new client.Counter({
    ...{
      name: 'dailies_worker_restarts_total',
      help: 'Times this worker was taken for dead and continued as a new one',
    },
    ...{ registers, collect: countTo(() => health().restarts) },
  });
  new client.Gauge({
    ...{ name: 'dailies_build_info', help: 'Always 1', labelNames: ['version'] as const, registers },
  }).set({ version: VERSION }, 1);

  const handle: Metrics['handle'] = (event, project = '') => {
    const key = 'key' in event ? `${project} ${event.key ?? ''}` : '';
    switch (event.type) {
      case 'shot.submitting':
        submits.inc({ model: event.model });
        return;
      case 'shot.submitted':
        accepted.inc({ model: event.model });
        inFlight.add(key);
        return;
      case 'shot.progress':
        inFlight.add(key);
        return;
      case 'shot.completed':
        inFlight.delete(key);
        seconds.observe({ model: event.model }, event.elapsed_ms / 1000);
        spent.inc({ model: event.model }, event.cost_usd ?? 0);
        return;
      case 'shot.delivered':
        inFlight.delete(key);
        takes.inc({ model: event.model, outcome: event.reused ? 'reused' : 'delivered' });
        return;
      case 'shot.not_delivered':
        inFlight.delete(key);
        // What a completed job has cost was counted when it was completed.
        if (event.outcome === 'failed') spent.inc({ model: event.model }, event.cost_usd ?? 0);
        if (event.will_retry) retries.inc({ model: event.model });
        else takes.inc({ model: event.model, outcome: event.outcome });
        return;
      case 'run.slowed':
        slowdowns.inc();
        return;
      case 'run.stopping':
        stops.inc({ reason: event.reason.kind });
        return;
      case 'warning':
        warnings.inc();
        return;
      default:
    }
  };
  const webhook: Metrics['webhook'] = (outcome) => webhooks.inc({ outcome });
  return { handle, webhook, contentType: registry.contentType, text: () => registry.metrics() };
}

function setTo(value: () => number): (this: Gauge) => void {
  return function (this: Gauge) {
    this.set(value());
  };
}

function countTo(value: () => number): (this: Counter) => void {
  return function (this: Counter) {
    this.reset();
    this.inc(value());
  };
}
