import type { Attempt } from '../../domain/attempt.js';
import { defined } from '../../domain/defined.js';
import { isCompleted, isDelivered, isFruitless, isInFlight, isLive } from '../../domain/standing.js';
import type { Manifest } from '../../domain/manifest.js';
import type { Take } from '../../domain/take.js';
import { DailiesError, messageOf } from '../../errors.js';
import type { Gateway } from '../../gateway/gateway.js';
import type { ClipUrl } from '../../gateway/outcomes.js';
import type { Order } from '../../shot/order.js';
import type { Claim, Purchase, Rest, WorkOrder } from '../../store/attempt-store.js';
import { deliver } from './deliver.js';
import { askForLost, follow } from './follow.js';
import { submit } from './submit.js';
import { messageFor, outcomeOf, tell, type End } from './take-outcome.js';
import type { WorkTools } from './tools.js';

/** What every order says, for a worker that has no project. */
interface OrderBase extends WorkOrder {
  /** The project's name. */
  readonly project?: string;
  /** How its job is asked for. */
  readonly poll?: Manifest['poll'];
}

/** A clip to buy: all that a worker needs to know. */
export interface BuyOrder extends OrderBase {
  readonly kind: 'buy';
  readonly take: Take;
  readonly order: Order;
  readonly purchase: Omit<Purchase, 'request'>;
  /** How often a job that fails is bought again. */
  readonly retries: number;
}

/** A job to follow to its end, and its clip to fetch. */
export interface FollowOrder extends OrderBase {
  readonly kind: 'follow';
  readonly attempt: string;
  /** The take it serves; absent if it no longer serves one. */
  readonly take: Take | undefined;
  /** If it was delivered before: what happened to its clip, which is fetched again. */
  readonly refetch?: 'missing' | 'damaged';
}

export type JobOrder = BuyOrder | FollowOrder;

/**
 * Carries out an order whose place is reserved: buys the clip if needed, follows the job, gives the place back and fetches
 * the clip. Never rejects: a failure ends this order, or stops the run.
 */
export async function carryOut(tools: WorkTools, claim: Claim<JobOrder>): Promise<End> {
  if (claim.end) return endedElsewhere(tools, claim, claim.end);
  const end = await carryOutHere(tools, claim);
  // An interrupted order is handed over with all the rest.
  if (tools.control.working.aborted) return end;
  const { outcome, message, isPassing } = end;
  const rest = outcome === undefined || isPassing ? undefined : defined({ outcome, message });
  // If a worker cannot say that it is done with an order, it is taken for dead in the end.
  await tools.attempts.finish(claim, rest).catch(() => undefined);
  return end;
}

/** The result of an order that others carry out, or why nobody will. */
function endedElsewhere({ control }: WorkTools, { attempt }: Claim<JobOrder>, end: Rest): End {
  const { outcome, message, stopped } = end;
  if (stopped) control.stop({ kind: 'budget', ...stopped });
  return { attempt, ...defined({ outcome, message }) };
}

async function carryOutHere(tools: WorkTools, claim: Claim<JobOrder>): Promise<End> {
  const { order } = claim;
  let attempt: Attempt | undefined;
  let hasPlace = true;
  const leave = () => {
    if (hasPlace) tools.attempts.release(claim);
    hasPlace = false;
  };
  try {
    const end = order.kind === 'buy' ? await buy(tools, claim, order) : await followOn(tools, order);
    attempt = end.attempt;
    leave();
    const refetch = order.kind === 'follow' ? order.refetch : undefined;
    const isToFetch = attempt && (isCompleted(attempt) || (refetch && isDelivered(attempt)));
    if (end.outcome !== undefined || !attempt || !isToFetch) return end;
    const isDamaged = refetch === 'damaged';
    return await fetchClip(tools, { attempt, take: order.take, urls: end.urls ?? [], isDamaged });
  } catch (error) {
    return whatWentWrong(tools, error, attempt ?? lastOf(tools, claim));
  } finally {
    leave();
  }
}

/**
 * Fetches the clip of a completed job, or once more that of a delivered one; `isDamaged`: the clip in the store is
 * damaged, and is set aside when the new one is there. Rejects with `disk`.
 */
export async function fetchClip(
  tools: WorkTools,
  wanted: {
    readonly attempt: Attempt;
    readonly take: Take | undefined;
    readonly urls: readonly ClipUrl[];
    readonly isDamaged: boolean;
  },
): Promise<End> {
  const { attempt, take, urls, isDamaged } = wanted;
  if (!isCompleted(attempt) && !isDelivered(attempt)) return { attempt };
  const gateway = await tools.gatewayOf(attempt);
  if (!gateway) return { attempt, outcome: 'waiting', message: elsewhere(attempt) };
  const { job } = attempt.state;
  const { waiting, ...delivered } = await deliver(tools, { attempt, job, gateway, take, urls, isDamaged });
  if (waiting !== undefined) return { ...delivered, outcome: 'waiting', message: waiting };
  const { state } = delivered.attempt;
  if (state.kind !== 'delivered' || state.lost === undefined) return delivered;
  return { ...delivered, outcome: 'held', message: `its clip is missing, and ${state.lost}` };
}

interface FollowedEnd extends End {
  readonly urls?: readonly ClipUrl[];
}

async function buy(
  tools: WorkTools,
  claim: Claim<JobOrder>,
  { take, order, purchase, retries }: BuyOrder,
): Promise<FollowedEnd> {
  const { inputs, control } = tools;
  const gateway = await tools.gatewayOf(purchase);
  if (!gateway) throw new DailiesError('internal', `there is no gateway ${purchase.gateway}`);
  // A dead worker has bought it already.
  const bought = claim.attempt && isLive(claim.attempt) ? claim.attempt : undefined;
  if (bought) return followJob(tools, { attempt: bought, gateway, take, isFresh: false });
  const isStopped = () => control.reason !== undefined;
  const { attempt: before, tries = 0 } = claim;
  if (tries > retries) return { attempt: before };
  for (let retriesLeft = retries - tries; ; retriesLeft--) {
    if (isStopped()) return { attempt: undefined };
    // Inlined files are large: they are read only when the order has its place.
    const callback = take.settings.callback_url === undefined ? tools.callback?.next() : undefined;
    const { request, body } = await inputs.ready(order, control.working, callback?.url);
    const wanted = { ...purchase, request, callback: callback?.token };
    const attempt = await submit(tools, { claim, take, purchase: wanted, body, gateway });
    const end = attempt ? await followJob(tools, { attempt, gateway, take, isFresh: true }) : { attempt };
    const hasFailed = end.attempt && isFruitless(end.attempt);
    if (!hasFailed || retriesLeft === 0 || isStopped()) return end;
    const message = messageFor(end.attempt);
    tell(tools, take, { outcome: 'failed', message, willRetry: true, attempt: end.attempt });
  }
}

/** Each run asks again for a lost job. */
async function followOn(tools: WorkTools, { attempt: id, take }: FollowOrder): Promise<FollowedEnd> {
  const before = tools.attempts.get(id);
  const gateway = await tools.gatewayOf(before);
  if (!gateway) return { attempt: before, ...(isInFlight(before) ? waitingElsewhere(before) : {}) };
  const attempt = await askForLost(tools, before, gateway);
  return followJob(tools, { attempt, gateway, take, isFresh: false });
}

async function followJob(
  tools: WorkTools,
  job: {
    readonly attempt: Attempt;
    readonly gateway: Gateway;
    readonly take: Take | undefined;
    readonly isFresh: boolean;
  },
): Promise<FollowedEnd> {
  const { attempt } = job;
  if (!isInFlight(attempt)) return { attempt };
  const { waiting, ...followed } = await follow(tools, { ...job, attempt });
  return waiting === undefined ? followed : { ...followed, outcome: 'waiting', message: waiting };
}

function waitingElsewhere(attempt: Attempt) {
  return { outcome: 'waiting', message: elsewhere(attempt) } as const;
}

function elsewhere({ gateway }: Attempt): string {
  return `its job is at ${gateway}: run once with --gateway ${gateway} to fetch it`;
}

/** The attempt of an order that failed midway. */
function lastOf({ attempts }: WorkTools, claim: Claim<JobOrder>): Attempt | undefined {
  const { order } = claim;
  return order.kind === 'follow' ? attempts.get(order.attempt) : attempts.latest(claim);
}

/** A disk, or a bucket, that cannot be written ends the run; any other failure ends only this order. */
export function whatWentWrong(
  { attempts, control }: Pick<WorkTools, 'attempts' | 'control'>,
  error: unknown,
  before: Attempt | undefined,
): End {
  const isOurs = error instanceof DailiesError && error.code !== 'internal';
  const isDisk = isOurs && (error.code === 'disk' || error.code === 'bucket');
  const isPassing = isDisk || (isOurs && error.code === 'taken-over');
  if (isDisk) {
    const { message, hint } = error;
    control.stop({ kind: 'disk', message, ...(hint === undefined ? {} : { hint }) });
  }
  const attempt = before && attempts.get(before.id);
  // The error that ends the run says once, for all orders, what to do.
  const remedy = isOurs && !isDisk && error.hint !== undefined ? `; ${error.hint}` : '';
  const message = isOurs ? error.message + remedy : `unexpected, please report it: ${messageOf(error)}`;
  return { attempt, outcome: outcomeOf(attempt), message, isPassing };
}
