import type { Attempt } from '../domain/attempt.js';
import { isDelivered, isUncertain, isUnfetched } from '../domain/standing.js';
import { plainText } from '../domain/plain-settings.js';
import type { Take } from '../domain/take.js';
import { fingerprint, recordedSettings, type Order } from '../shot/order.js';
import type { Wish } from './claims.js';
import type { Decision, DecisionContext } from './decision.js';
import { buys } from '../domain/plan.js';
import { generations, slotKey } from './graph.js';
import { orderOf, surveySources, type Block, type SourceSurvey } from './sources.js';
import { heldReasons, verdictOnBuying, verdictOnServing } from './verdict.js';

/** An order and its fingerprint. */
interface KnownOrder {
  readonly order: Order;
  readonly wish: Wish;
}

/**
 * Decides about all takes, each after its sources. Within a generation, each take first gets what it owns; only
 * then may the others look for unclaimed attempts: two shots with swapped prompts find each other's clips.
 */
export function decideAll(
  takes: readonly Take[],
  context: Omit<DecisionContext, 'decided'>,
): ReadonlyMap<string, Decision> {
  const decisions = new Map<string, Decision>();
  const full: DecisionContext = { ...context, decided: (ref) => decisions.get(slotKey(ref)) };
  for (const generation of generations(takes, context.picks)) {
    const known = generation.map((take) => ({ take, wanted: knownOrder(take, full) }));
    for (const { take, wanted } of known) {
      if (!wanted) continue;
      context.claims.claimOwn(take, wanted.wish);
      context.claims.settle(take);
    }
    for (const { take, wanted } of known) decisions.set(slotKey(take), decideKnown(take, wanted, full));
  }
  return decisions;
}

/** Decides about one take whose sources have been decided about. */
export function decide(take: Take, context: DecisionContext): Decision {
  return decideKnown(take, knownOrder(take, context), context);
}

function knownOrder(take: Take, context: DecisionContext): KnownOrder | undefined {
  const order = orderOf(take, context);
  return order && { order, wish: wishOf(order, context) };
}

function wishOf(order: Order, { spell }: DecisionContext): Wish {
  const { settings } = order.take;
  let plain: string | undefined;
  return {
    fingerprint: fingerprint(order),
    prompt: () => plainText(settings.prompt ?? ''),
    plain: () => (plain ??= fingerprint({ ...order, take: { settings: spell(settings) } })),
  };
}

function decideKnown(take: Take, known: KnownOrder | undefined, context: DecisionContext): Decision {
  const sources = surveySources(take, context);
  if (!known) return decideWaiting(take, sources, context);
  const decision = decideOrder(known, context);
  // A take that is delivered or in flight no longer needs its sources.
  if (!sources.block || !buys(decision.action)) return decision;
  return { ...decision, ...blockedBy(sources.block) };
}

/** A take that cannot be claimed yet, because its picture depends on clips that do not exist yet. */
function decideWaiting(take: Take, { waitsFor, block }: SourceSurvey, context: DecisionContext): Decision {
  const owned = context.claims.owned(take);
  const uncertain = owned.find(isUncertain);
  // While the sources are missing nothing is settled: what the take owns may still serve it.
  const collect = block ? owned.filter((older) => isToFetch(older, context)) : [];
  const base = { take, collect, waits_for: waitsFor };
  if (uncertain && !mayResubmit(owned, context)) {
    // The clips of its sources are not known yet: only the settings can be compared.
    const now = { ...uncertain.request, ...recordedSettings(take) };
    return { ...base, action: 'held', reasons: heldReasons(uncertain, now), attempt: uncertain };
  }
  const had = owned.some((attempt) => attempt.state.kind === 'delivered');
  const action = had ? 'rerender' : 'render';
  if (block) return { ...base, action, ...blockedBy(block) };
  const reasons = had ? waitsFor.map((shot) => `${shot} gets a new clip`) : ['new'];
  return { ...base, action, reasons };
}

function blockedBy({
  shot,
  reason,
  isPick,
}: Block): Pick<Decision, 'reasons' | 'blocked_by' | 'waits_for_pick'> {
  return { reasons: [reason], blocked_by: shot, ...(isPick ? { waits_for_pick: true } : {}) };
}

/** Whether an uncertain submit of a take is given up for a new one: only once, because the gateway may lose the next answer too. */
function mayResubmit(owned: readonly Attempt[], { resubmitUncertain, claims }: DecisionContext): boolean {
  return resubmitUncertain && !owned.some((attempt) => claims.isResubmit(attempt));
}

/** A purchase whose clip is not downloaded yet: it is downloaded, whether or not it serves a take. */
export function isToFetch(attempt: Attempt, { clipStatus }: Pick<DecisionContext, 'clipStatus'>): boolean {
  return isUnfetched(attempt) && (!isDelivered(attempt) || clipStatus(attempt) === 'missing');
}

function decideOrder({ order, wish }: KnownOrder, context: DecisionContext): Decision {
  const { claims, rerender } = context;
  const { take } = order;
  const own = claims.claimOwn(take, wish);
  const before = claims.owned(take);
  const base = { take, order, fingerprint: wish.fingerprint, waits_for: [] };
  const open = before.filter(isUncertain);
  const isFirst = mayResubmit(before, context);
  // A held take claims nothing else: no take ever has more than one uncertain submit to settle.
  const found = own ?? (open.length > 0 && !isFirst ? undefined : claims.claimAnywhere(take, wish));
  const resubmits = isFirst && !(found && isUncertain(found) && claims.isResubmit(found));
  const uncertain = found && isUncertain(found) && !open.includes(found) ? [...open, found] : open;
  const attempt = resubmits ? found : (uncertain[0] ?? found);
  claims.settle(take);
  const collect = before.filter((older) => older !== attempt && isToFetch(older, context));
  if (resubmits && uncertain[0] && (!found || isUncertain(found))) {
    const reasons = ['resubmitted', ...heldReasons(uncertain[0])];
    return {
      ...base,
      collect,
      action: 'render',
      reasons,
      give_up: uncertain,
      replaces: uncertain[0],
    };
  }
  if (attempt?.state.kind === 'delivered' && rerender.has(slotKey(take)))
    return { ...base, collect, action: 'rerender', reasons: ['asked for'], replaces: attempt };
  if (!attempt) return { ...base, collect, ...verdictOnBuying(order, before, context) };
  const { action, reasons } = verdictOnServing(attempt, order, context);
  const isRemade = action === 'reuse' && context.remade.has(slotKey(take));
  return { ...base, collect, attempt, action, reasons: isRemade ? ['already rendered again'] : reasons };
}
