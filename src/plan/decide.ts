import type { Take } from '../domain/take.js';
import { fingerprint, type Order } from '../shot/order.js';
import type { Decision, DecisionContext } from './decision.js';
import { inDependencyOrder, slotKey, sourcesOf } from './graph.js';
import { orderOf, surveySources, type SourceSurvey } from './sources.js';
import { heldReasons, isUncertain, isUnfetched, verdictOnBuying, verdictOnServing } from './verdict.js';

/** An order and what it is known by. */
interface Printed {
  readonly order: Order;
  readonly print: string;
}

/**
 * Decides about all takes, each after its sources. What a take owns it is given first, for every take whose
 * inputs are known; only then may the others look for what nobody claims: two shots that have swapped their
 * prompts find each other's clips.
 */
export function decideAll(
  takes: readonly Take[],
  context: Omit<DecisionContext, 'decided'>,
): ReadonlyMap<string, Decision> {
  const decisions = new Map<string, Decision>();
  const full: DecisionContext = { ...context, decided: (ref) => decisions.get(slotKey(ref)) };
  const printed = new Map<Take, Printed>();
  for (const take of takes) {
    if (sourcesOf(take, context.picks).length > 0) continue;
    const order = orderOf(take, full);
    if (!order) continue;
    const print = fingerprint(order);
    printed.set(take, { order, print });
    context.claims.claimOwn(take, print);
    context.claims.settle(take);
  }
  for (const take of inDependencyOrder(takes, context.picks)) {
    const known = printed.get(take);
    decisions.set(slotKey(take), known ? decideOrder(known, full) : decide(take, full));
  }
  return decisions;
}

/** Decides about one take whose sources have been decided about. */
export function decide(take: Take, context: DecisionContext): Decision {
  const sources = surveySources(take, context);
  const isReady = sources.blockedBy === undefined && sources.waitsFor.length === 0;
  const order = isReady ? orderOf(take, context) : undefined;
  return order
    ? decideOrder({ order, print: fingerprint(order) }, context)
    : decideWaiting(take, sources, context);
}

/** A take that cannot be claimed yet: its picture hangs on clips that are still to come. */
function decideWaiting(
  take: Take,
  { waitsFor, blockedBy }: SourceSurvey,
  context: DecisionContext,
): Decision {
  const owned = context.claims.owned(take);
  const uncertain = owned.find(isUncertain);
  // While the sources are on their way nothing is settled: what the take owns may yet serve it.
  const collect = blockedBy === undefined ? [] : owned.filter(isUnfetched);
  const base = { take, collect, waits_for: waitsFor };
  if (uncertain && !context.resubmitUncertain)
    return { ...base, action: 'held', reasons: heldReasons(uncertain), attempt: uncertain };
  const had = owned.some((attempt) => attempt.state.kind === 'delivered');
  if (blockedBy !== undefined) {
    const needsPick = context.approve && waitsFor.includes(blockedBy);
    const reason = needsPick ? `waits for a pick of ${blockedBy}` : `needs a clip of ${blockedBy}`;
    return {
      ...base,
      action: had ? 'rerender' : 'render',
      reasons: [reason],
      blocked_by: blockedBy,
    };
  }
  const reasons = had ? waitsFor.map((shot) => `${shot} gets a new clip`) : ['new'];
  return { ...base, action: had ? 'rerender' : 'render', reasons };
}

function decideOrder({ order, print }: Printed, context: DecisionContext): Decision {
  const { claims, rerender } = context;
  const { take } = order;
  const own = claims.claimOwn(take, print);
  const before = claims.owned(take);
  const base = { take, order, fingerprint: print, waits_for: [] };
  const found = own ?? claims.claimAnywhere(print);
  const uncertain = [...new Set([...before, ...(found ? [found] : [])])].filter(isUncertain);
  const attempt = uncertain[0] ?? found;
  claims.settle(take);
  const collect = before.filter((older) => older !== attempt && isUnfetched(older));
  if (uncertain[0] && context.resubmitUncertain) {
    const reasons = ['resubmitted', ...heldReasons(uncertain[0])];
    return {
      ...base,
      collect,
      action: 'render',
      reasons,
      give_up: uncertain,
    };
  }
  if (attempt?.state.kind === 'delivered' && rerender.has(slotKey(take)))
    return { ...base, collect, action: 'rerender', reasons: ['asked for'] };
  if (attempt) return { ...base, collect, attempt, ...verdictOnServing(attempt, take, context) };
  return { ...base, collect, ...verdictOnBuying(order, before, context) };
}
