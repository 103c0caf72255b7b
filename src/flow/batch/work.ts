import { join } from 'node:path';
import pLimit from 'p-limit';
import { isoNow, type Clock } from '../../clock.js';
import { DailiesError, messageOf } from '../../errors.js';
import type { RunEvent, StopReason, WorkerEvent } from '../../events.js';
import { createPollTiming, type PollTiming } from '../../shot/poll-timing.js';
import type { Claim } from '../../store/attempt-store.js';
import type { ClipStore } from '../../store/clip-store.js';
import type { LeaseHealth, LeaseTerms } from '../../store/postgres/lease.js';
import type { PostgresStore } from '../../store/postgres/open-store.js';
import type { ReceiptStore } from '../../store/receipt-store.js';
import { connect, gatewayIdentity, type Connections } from '../project/connections.js';
import type { GatewayTarget } from '../project/gateway-target.js';
import type { ProjectPaths } from '../project/paths.js';
import { createInputReader } from '../work/inputs.js';
import { createStopControl, type StopControl } from '../work/stop-control.js';
import { finish } from '../work/take-outcome.js';
import type { WorkTools } from '../work/tools.js';
import { carryOut } from '../work/worker.js';
import type { JobOrder } from '../work/worker.js';
import { orderDocument, parseOrder } from './order-document.js';
import { planBatch } from './plan-batch.js';

export interface WorkerOptions {
  /** The database's address. */
  readonly store: string;
  readonly clips: ClipStore;
  readonly inputs: ClipStore;
  readonly receipts: ReceiptStore;
  /** Where frames and the like are kept: a folder of the worker's own. */
  readonly paths: ProjectPaths;
  /** The gateways it works for, with their keys. */
  readonly targets: readonly GatewayTarget[];
  /** How many orders it is at, at once. */
  readonly places: number;
  /** How many clips it fetches at once. */
  readonly downloads: number;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly onEvent: (event: WorkerEvent) => void;
  /** Hands all work over, and ends. */
  readonly signal: AbortSignal;
  readonly lease?: LeaseTerms;
}

/** A worker at work. */
export interface Worker {
  health(): LeaseHealth;
  /** Resolves when it has ended, with the reason. */
  readonly ended: Promise<StopReason>;
}

/** What goes wrong with a disk or a bucket may be over soon; until then nothing is begun. */
const PAUSE_MS = 30_000;
/** For orders that do not say how their jobs are asked for: late answers. */
const USUAL_POLL = { intervalMs: 10_000, timeoutMs: 1_800_000 };

/**
 * Starts a worker: it takes whatever order there is for its gateways, plans what has become possible, and goes on until it is told to
 * stop, or until its key is refused. Throws as the store does where it cannot be opened.
 */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { clock, onEvent, signal, targets, places } = options;
  const { openPostgresStore } = await import('../../store/postgres/open-store.js');
  let planSoon: () => void = () => undefined;
  const store = await openPostgresStore<JobOrder>({
    ...{ url: options.store, clock, parseOrder, documentOf: orderDocument, receipts: options.receipts },
    accounts: targets.map((target) => ({ gateway: gatewayIdentity(target) })),
    onPlans: () => planSoon(),
    ...(options.lease ? { lease: options.lease } : {}),
  });
  const connections = new Map(
    targets.map((target) => {
      const { env, paths } = options;
      return [
        gatewayIdentity(target),
        connect({ target, env, keys: new Map(), clock, paths }, { usesKey: true }),
      ] as const;
    }),
  );
  const control = workerControl(options);
  const tools = workerTools(options, { store, connections, control });
  planSoon = planner(options, { store, tools });
  const gateways = targets.map(({ name }) => name);
  onEvent({ type: 'worker.started', at: isoNow(clock), worker: store.attempts.worker(), gateways, places });
  const ended = (async (): Promise<StopReason> => {
    try {
      await workOn(options, { store, tools, control });
    } finally {
      control.release();
      await store.close().catch(() => undefined);
      for (const each of connections.values()) await each.close();
    }
    const reason = control.reason ?? { kind: 'interrupted', message: 'interrupted' };
    onEvent({ type: 'worker.stopped', at: isoNow(clock), reason });
    return reason;
  })();
  signal.throwIfAborted();
  return {
    health: () => store.attempts.health(),
    ended,
  };
}

/** What is open while a worker works. */
interface Working {
  readonly store: PostgresStore<JobOrder>;
  readonly tools: WorkTools;
  readonly control: WorkerControl;
}

/** Takes orders as long as there is room for them; ends when it is stopped, and all that was begun has been put down. */
async function workOn(
  { places, clock, onEvent }: WorkerOptions,
  { store, tools, control }: Working,
): Promise<void> {
  const active = new Set<Promise<void>>();
  const toolsFor = orderTools(tools, onEvent);
  const one = async (claim: Claim<JobOrder>): Promise<void> => {
    const { order } = claim;
    const own = toolsFor(order);
    const end = await carryOut(own, claim);
    if (end.outcome === undefined && end.attempt === undefined) return;
    if (order.take && !control.working.aborted)
      finish(own, { take: order.take, action: order.kind === 'buy' ? 'render' : 'resume' }, end);
  };
  const isStopped = () => control.reason !== undefined;
  while (!isStopped()) {
    await clock.sleep(control.pauseMs(), control.submitting).catch(() => undefined);
    try {
      const claims = await store.attempts.claim(places - active.size, control.submitting);
      for (const claim of claims) {
        const done = one(claim)
          .catch((error: unknown) => {
            onEvent({ type: 'worker.trouble', at: isoNow(clock), message: messageOf(error) });
          })
          .finally(() => active.delete(done));
        active.add(done);
      }
    } catch (error) {
      if (isStopped()) break;
      control.stumble(error);
    }
    if (active.size >= places) await Promise.race([...active, aborted(control.submitting)]);
  }
  await Promise.all(active);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Plans batches one after the other, whenever there may be some; gives what asks for that. */
function planner(options: WorkerOptions, { store, tools }: Pick<Working, 'store' | 'tools'>): () => void {
  const { clock, onEvent, paths, env, clips, targets } = options;
  const { control, timing } = tools;
  let isPlanning = false;
  const planNext = async (): Promise<boolean> => {
    const batch = await store.toPlan();
    if (!batch) return false;
    try {
      const place = { paths, env, clock };
      const target = targets.find((one) => gatewayIdentity(one) === batch.gateway);
      if (!target) return true;
      const offered = await store.whilePlanning(batch.project, batch.batch, (attempts) =>
        planBatch(attempts, batch, { place: { ...place, target }, clips, timing, signal: control.working }),
      );
      if (!offered) return true;
      const counts = { offered: offered.buying + offered.fetching, waiting: offered.waiting };
      const about = { project: batch.name, batch: batch.batch };
      onEvent({ type: 'worker.planned', at: isoNow(clock), ...about, ...counts });
    } catch (error) {
      if (control.working.aborted) return false;
      const isPassing =
        error instanceof DailiesError && ['store-unreachable', 'bucket', 'disk'].includes(error.code);
      const message = `${batch.name} cannot be planned: ${messageOf(error)}`;
      onEvent({ type: 'worker.trouble', at: isoNow(clock), message });
      if (isPassing) return false;
      await store.stopBatch(batch.batch, { message });
    }
    return true;
  };
  const planAll = async (): Promise<void> => {
    isPlanning = true;
    while (!control.reason && (await planNext()));
  };
  return () => {
    if (isPlanning) return;
    planAll()
      .catch((error: unknown) => {
        onEvent({ type: 'worker.trouble', at: isoNow(clock), message: messageOf(error) });
      })
      .finally(() => (isPlanning = false));
  };
}

/** The will of a worker: what only ends a run is here a matter of the account, which the store has, or passes. */
interface WorkerControl extends StopControl {
  /** How long nothing is begun, milliseconds. */
  pauseMs(): number;
  /** Something that may pass: nothing is begun for a while. */
  stumble(error: unknown): void;
}

function workerControl({ signal, clock, onEvent }: WorkerOptions): WorkerControl {
  let pausedUntilMs = -Infinity;
  const own = createStopControl({ signal, clock, onStop: () => undefined });
  const pause = (message: string, hint?: string) => {
    pausedUntilMs = clock.elapsed() + PAUSE_MS;
    onEvent({ type: 'worker.trouble', at: isoNow(clock), message, ...(hint === undefined ? {} : { hint }) });
  };
  return {
    get reason() {
      return own.reason;
    },
    submitting: own.submitting,
    working: own.working,
    answering: own.answering,
    release: () => own.release(),
    pauseMs: () => Math.max(0, pausedUntilMs - clock.elapsed()),
    stumble(error) {
      pause(messageOf(error), error instanceof DailiesError ? error.hint : undefined);
    },
    stop(reason) {
      switch (reason.kind) {
        case 'disk':
          pause(reason.message, reason.hint);
          break;
        case 'budget':
        case 'credits':
          // The store has stopped the batch, or the account, for all.
          break;
        default:
          own.stop(reason);
      }
    },
  };
}

function workerTools(
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
  const { clips, inputs, paths, env, clock, downloads, onEvent } = options;
  const { attempts } = store;
  return {
    ...{ attempts, clips, clock, control, emit: onEvent },
    // A row of the table names no gateway that the worker was not started for.
    gatewayOf: async ({ gateway }) => connections.get(gateway)?.current(),
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

/** Gives the tools for an order: polls as its manifest says. What is learned of jobs is learned for all that are asked for as often. */
function orderTools(tools: WorkTools, onEvent: WorkerOptions['onEvent']): (order: JobOrder) => WorkTools {
  const timings = new Map<number, PollTiming>();
  return ({ poll = USUAL_POLL, project }) => {
    const { intervalMs, timeoutMs } = poll;
    const timing = timings.get(intervalMs) ?? createPollTiming({ intervalMs });
    timings.set(intervalMs, timing);
    const emit = (event: RunEvent) => onEvent(project === undefined ? event : { ...event, project });
    return { ...tools, emit, timing, pollTimeoutMs: timeoutMs };
  };
}
