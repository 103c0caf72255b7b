import { isoNow, type Clock } from '../../clock.js';
import { messageOf } from '../../errors.js';
import type { StopReason, WorkerEvent } from '../../events.js';
import type { Claim } from '../../store/attempt-store.js';
import type { ClipStore } from '../../store/clip-store.js';
import type { LeaseHealth, LeaseTerms } from '../../store/postgres/lease.js';
import type { PostgresStore } from '../../store/postgres/open-store.js';
import type { ReceiptStore } from '../../store/receipt-store.js';
import { connect, gatewayIdentity } from '../project/connections.js';
import type { GatewayTarget } from '../project/gateway-target.js';
import type { ProjectPaths } from '../project/paths.js';
import type { Callback } from '../work/callback.js';
import { finish } from '../work/take-outcome.js';
import type { WorkTools } from '../work/tools.js';
import { hearing, hearingBeats, type Answer, type WebhookOutcome } from '../work/webhooks.js';
import { carryOut, type JobOrder } from '../work/worker.js';
import { orderDocument, parseOrder } from './order-document.js';
import { planner } from './planner.js';
import { workerControl, type WorkerControl } from './worker-control.js';
import { orderTools, workerTools } from './worker-tools.js';

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
  /** How many orders it carries out at once. */
  readonly places: number;
  /** How many clips it fetches at once. */
  readonly downloads: number;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly onEvent: (event: WorkerEvent) => void;
  /** Hands all work over, and ends. */
  readonly signal: AbortSignal;
  readonly lease?: LeaseTerms;
  /** The address that gateways report the ends of jobs to; absent: none. */
  readonly callback?: Callback | undefined;
}

/** A worker at work. */
export interface Worker {
  health(): LeaseHealth;
  /** Answers webhooks, also those for other workers' jobs. `onOutcome` is called once for each. */
  webhooks(of: { readonly secret: string; readonly onOutcome: (outcome: WebhookOutcome) => void }): Answer;
  /** Resolves when it has ended, with the reason. */
  readonly ended: Promise<StopReason>;
}

/**
 * Starts a worker: it takes any order for its gateways, plans what has become possible, and goes on until it is told to
 * stop, or until its key is refused. Throws as the store does if the store cannot be opened.
 */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { clock, onEvent, signal, targets, places } = options;
  const { openPostgresStore } = await import('../../store/postgres/open-store.js');
  let planSoon: () => void = () => undefined;
  let hear: (document: unknown, job: string) => void = () => undefined;
  const store = await openPostgresStore<JobOrder>({
    ...{ url: options.store, clock, parseOrder, documentOf: orderDocument, receipts: options.receipts },
    accounts: targets.map((target) => ({ gateway: gatewayIdentity(target) })),
    onPlans: () => planSoon(),
    onHint: (document, job) => hear(document, job),
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
  hear = hearingBeats({ attempts: store.attempts, hints: tools.hints });
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
  const { attempts } = store;
  return {
    health: () => attempts.health(),
    ended,
    webhooks: ({ secret, onOutcome }) => hearing({ secret, clock, attempts, hints: tools.hints }, onOutcome),
  };
}

/** What is open while a worker works. */
interface Working {
  readonly store: PostgresStore<JobOrder>;
  readonly tools: WorkTools;
  readonly control: WorkerControl;
}

/** Takes orders as long as there is room for them; ends when it is stopped and none of its orders is in hand any more. */
async function workOn(
  { places, clock, onEvent }: WorkerOptions,
  { store, tools, control }: Working,
): Promise<void> {
  const active = new Set<Promise<void>>();
  const toolsFor = orderTools(tools, onEvent);
  const one = async (claim: Claim<JobOrder>): Promise<void> => {
    const { order } = claim;
    const own = toolsFor(claim);
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
