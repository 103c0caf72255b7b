import { join } from 'node:path';
import pLimit from 'p-limit';
import type { Attempt } from '../../domain/attempt.js';
import type { RunEvent } from '../../events.js';
import { createPollTiming, type PollTiming } from '../../shot/poll-timing.js';
import type { Claim } from '../../store/attempt-store.js';
import type { PostgresStore } from '../../store/postgres/open-store.js';
import type { Connections } from '../project/connections.js';
import { adoptNamed } from '../work/adopt.js';
import { createHints } from '../work/hints.js';
import { createInputReader } from '../work/inputs.js';
import type { StopControl } from '../work/stop-control.js';
import type { WorkTools } from '../work/tools.js';
import type { JobOrder } from '../work/worker.js';
import type { WorkerOptions } from './work.js';

/** For orders that do not say how to poll their jobs: late answers. */
const USUAL_POLL = { intervalMs: 10_000, timeoutMs: 1_800_000 };

/** What a worker has at hand for any order. */
export function workerTools(
  options: WorkerOptions,
  {
    store,
    connections,
    control,
  }: {
    readonly store: PostgresStore<JobOrder>;
    readonly connections: ReadonlyMap<string, Connections>;
    readonly control: StopControl;
  },
): WorkTools {
  const { clips, inputs, paths, env, clock, downloads, onEvent, callback } = options;
  const { attempts } = store;
  // A row of the table names no gateway that the worker was not started for.
  const gatewayOf: WorkTools['gatewayOf'] = async ({ gateway }) => connections.get(gateway)?.current();
  const asking = { attempts, gatewayOf, control, clock, emit: onEvent };
  const adopt = (attempt: Attempt, job: string) => adoptNamed(asking, attempt, job);
  return {
    ...{ attempts, clips, clock, control, emit: onEvent, gatewayOf, callback },
    hints: createHints({ attempts, clock, adopt, isListening: callback !== undefined }),
    account: () => attempts.account(),
    inputs: createInputReader({
      paths: { folder: paths.folder, cache: join(paths.folder, '.dailies') },
      files: ({ sha256 }, use) => inputs.asFile(sha256, use),
      attempts: () => attempts.attempts(),
      ...{ clips, env },
    }),
    timing: createPollTiming({ intervalMs: USUAL_POLL.intervalMs }),
    pollTimeoutMs: USUAL_POLL.timeoutMs,
    downloads: pLimit(downloads),
  };
}

/** Gives the tools for an order: polls as its manifest says. What is learned about jobs is shared by all orders with the same polling. */
export function orderTools(
  tools: WorkTools,
  onEvent: WorkerOptions['onEvent'],
): (claim: Claim<JobOrder>) => WorkTools {
  const timings = new Map<number, PollTiming>();
  return (claim) => {
    const { poll = USUAL_POLL, project } = claim.order;
    const { intervalMs, timeoutMs } = poll;
    const timing = timings.get(intervalMs) ?? createPollTiming({ intervalMs });
    timings.set(intervalMs, timing);
    const emit = (event: RunEvent) => onEvent(project === undefined ? event : { ...event, project });
    const account = () => tools.attempts.account(claim);
    return { ...tools, emit, timing, account, pollTimeoutMs: timeoutMs };
  };
}
