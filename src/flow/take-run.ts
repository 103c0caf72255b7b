import type { Attempt } from '../domain/attempt.js';
import type { Take } from '../domain/take.js';
import { DailiesError, messageOf, unreachable } from '../errors.js';
import type { Decision } from '../plan/decision.js';
import { clipPlace } from './clip-place.js';
import { bringHome, clearPlace } from './clip-moves.js';
import { deliver } from './deliver.js';
import { askForLost, follow, isInFlight } from './follow.js';
import { readyOrder } from './order-inputs.js';
import { record, type RunContext } from './run-context.js';
import { submit } from './submit.js';
import { finish, messageFor, outcomeOf, tell, type End, type TakeOutcome } from './take-outcome.js';

/**
 * Takes one take from its decision to its end: buys what has to be bought, follows the job, fetches the clip.
 * Never rejects: whatever goes wrong is the outcome of this take, or stops the run.
 */
export async function runTake(context: RunContext, decision: Decision): Promise<TakeOutcome> {
  try {
    const end = await act(context, decision);
    return finish(context, decision, end);
  } catch (error) {
    return finish(context, decision, whatWentWrong(context, decision.take, error));
  }
}

async function act(context: RunContext, decision: Decision): Promise<End> {
  const { take, action } = decision;
  if (decision.blocked_by !== undefined)
    return { attempt: undefined, outcome: 'blocked', message: decision.reasons.join('; ') };
  switch (action) {
    case 'render':
    case 'rerender':
    case 'retry':
      return buy(context, decision);
    case 'resume':
      return resume(context, take, await owned(context, decision));
    case 'download':
      return fetch(context, take, await fetchable(context, await owned(context, decision)));
    case 'reuse':
      return reuse(context, take, await owned(context, decision));
    case 'held':
      return hold(context, decision);
    case 'orphan':
      throw new DailiesError('internal', `take ${take.key} cannot be an orphan`);
    default:
      return unreachable(action);
  }
}

/** The attempt that serves the take, in the take's own name from now on. */
async function owned(context: RunContext, { take, attempt }: Decision): Promise<Attempt> {
  if (!attempt) throw new DailiesError('internal', `nothing serves take ${take.key}`);
  context.serving.set(take.key, attempt.id);
  const current = context.store.get(attempt.id);
  if (current.owner.shot === take.shot && current.owner.take === take.take) return current;
  await context.store.assign(current.id, { shot: take.shot, take: take.take });
  return context.store.get(current.id);
}

async function buy(context: RunContext, decision: Decision): Promise<End> {
  const { take, order, fingerprint } = decision;
  const estimate = context.priceOf(take);
  if (!order || fingerprint === undefined) {
    // Nobody waited for the sources of a take in a run that was stopped.
    if (context.control.reason) return { attempt: undefined };
    throw new DailiesError('internal', `take ${take.key} has inputs that are not known`);
  }
  let giveUp = decision.give_up ?? [];
  for (let retriesLeft = context.project.manifest.retries; ; retriesLeft--) {
    const end = await context.limits.job(slotOf(context, take), async (): Promise<FollowedEnd> => {
      if (context.control.reason) return { attempt: undefined };
      // Inlined files are large: they are read when the slot is there, not before.
      const purchase = { take, fingerprint, estimate, giveUp, ...(await readyOrder(context, order)) };
      const attempt = await submit(context, purchase);
      return attempt ? followTake(context, take, attempt, true) : { attempt };
    });
    if (end.attempt && isCompleted(end.attempt)) return fetch(context, take, end.attempt, end);
    const hasFailed = end.attempt && ['failed', 'cancelled', 'expired'].includes(end.attempt.state.kind);
    if (!hasFailed || retriesLeft === 0 || context.control.reason) return end;
    giveUp = [];
    const { attempt } = end;
    tell(context, take, { outcome: 'failed', message: messageFor(attempt), willRetry: true, attempt });
  }
}

async function resume(context: RunContext, take: Take, attempt: Attempt): Promise<End> {
  const end = await context.limits.job(slotOf(context, take), () =>
    followTake(context, take, attempt, false),
  );
  return end.attempt && isCompleted(end.attempt) ? fetch(context, take, end.attempt, end) : end;
}

function slotOf({ order }: RunContext, take: Take) {
  return { model: take.settings.model, rank: order.rankOf(take) };
}

interface FollowedEnd extends End {
  readonly urls?: Parameters<typeof deliver>[1]['urls'];
}

async function followTake(
  context: RunContext,
  take: Take,
  attempt: Attempt,
  isFresh: boolean,
): Promise<FollowedEnd> {
  if (!isInFlight(attempt)) return { attempt };
  const gateway = await context.connections.of(attempt);
  if (!gateway) return { attempt, outcome: 'waiting', message: elsewhere(attempt) };
  const { waiting, ...followed } = await follow(context, { attempt, gateway, take, isFresh });
  return waiting === undefined ? followed : { ...followed, outcome: 'waiting', message: waiting };
}

async function fetch(
  context: RunContext,
  take: Take,
  attempt: Attempt,
  { urls = [] }: Pick<FollowedEnd, 'urls'> = {},
): Promise<End> {
  const gateway = await context.connections.of(attempt);
  if (!gateway) return { attempt, outcome: 'waiting', message: elsewhere(attempt) };
  if (!isCompleted(attempt)) return { attempt };
  const place = clipPlace(context.project, take);
  const { job } = attempt.state;
  const delivered = await deliver(context, { attempt, job, gateway, place, urls, take }, (count) =>
    clearPlace(context, place, { of: attempt, count }),
  );
  return delivered.waiting === undefined
    ? { attempt: delivered.attempt }
    : { attempt: delivered.attempt, outcome: 'waiting', message: delivered.waiting };
}

/** A clip that was delivered and is gone from the disk is fetched again, for free. */
async function fetchable(context: RunContext, attempt: Attempt): Promise<Attempt> {
  return attempt.state.kind === 'delivered' ? record(context, attempt, { type: 'clip_gone' }) : attempt;
}

async function reuse(context: RunContext, take: Take, attempt: Attempt): Promise<End> {
  const isHome = context.survey.context.isInPlace(attempt, take);
  return { attempt: isHome ? attempt : await bringHome(context, attempt.id, take), reused: true };
}

/** A lost job is asked for again by each run; what is uncertain waits for a person. */
async function hold(context: RunContext, decision: Decision): Promise<End> {
  const { take } = decision;
  if (!decision.attempt)
    return { attempt: undefined, outcome: 'failed', message: decision.reasons.join('; ') };
  const attempt = await owned(context, decision);
  if (attempt.state.kind !== 'lost') return { attempt };
  const gateway = await context.connections.of(attempt);
  if (!gateway) return { attempt };
  const asked = await askForLost(context, attempt, gateway);
  return asked.state.kind === 'lost' ? { attempt: asked } : resume(context, take, asked);
}

type Completed = Attempt & {
  readonly state: Extract<Attempt['state'], { kind: 'completed' | 'downloading' }>;
};

function isCompleted(attempt: Attempt): attempt is Completed {
  return attempt.state.kind === 'completed' || attempt.state.kind === 'downloading';
}

function elsewhere({ gateway }: Attempt): string {
  return `its job is at ${gateway}: run once with --gateway ${gateway} to fetch it`;
}

/** A disk that cannot be written ends the run; whatever else goes wrong is this take's own matter. */
function whatWentWrong(context: RunContext, take: Take, error: unknown): End {
  const isDisk = error instanceof DailiesError && error.code === 'disk';
  if (isDisk) {
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    context.control.stop({ kind: 'disk', message: error.message, ...hint });
  }
  const serving = context.serving.get(take.key);
  const attempt = serving === undefined ? undefined : context.store.get(serving);
  const isOurs = error instanceof DailiesError && error.code !== 'internal';
  // What ends the run says once, and for all of them, what to do.
  const remedy = isOurs && !isDisk && error.hint !== undefined ? `; ${error.hint}` : '';
  const message = isOurs ? error.message + remedy : `unexpected, please report it: ${messageOf(error)}`;
  return { attempt, outcome: outcomeOf(attempt), message };
}
