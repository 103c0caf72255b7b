import type { Attempt, AttemptState, AttemptStateKind } from './attempt.js';

/*
 * What an attempt is as a purchase, derived from its state: each set of states that the code asks for has its name here.
 * An attempt in none of them was never bought, or brought nothing.
 */
const UNCERTAIN = ['submitting', 'uncertain'] as const;
const IN_FLIGHT = ['pending', 'in_progress'] as const;
const COMPLETED = ['completed', 'downloading'] as const;
const UNFETCHED = [...IN_FLIGHT, ...COMPLETED, 'lost'] as const;
const LIVE = [...UNCERTAIN, ...UNFETCHED, 'delivered'] as const;
const PAID = [...UNFETCHED, 'delivered', 'abandoned'] as const;
const FRUITLESS = ['failed', 'cancelled', 'expired'] as const;
const FREE = ['planned', 'refused', 'not_charged'] as const;

type Standing<Kinds extends readonly AttemptStateKind[]> = Attempt & {
  readonly state: Extract<AttemptState, { readonly kind: Kinds[number] }>;
};

/** Bought, or perhaps bought, and can still give a clip: it can serve a take that asks for the same picture. */
export type LiveAttempt = Standing<typeof LIVE>;
/** A gateway is working on its job. */
export type InFlightAttempt = Standing<typeof IN_FLIGHT>;
export type DeliveredAttempt = Standing<readonly ['delivered']>;

export const isLive = standing(LIVE);
/** Nobody knows whether it was charged. */
export const isUncertain = standing(UNCERTAIN);
export const isInFlight = standing(IN_FLIGHT);
export const isCompleted = standing(COMPLETED);
export const isDelivered = standing(['delivered']);
/** Bought, and may never have had its clip; a lost job may turn up again. */
export function isUnfetched(attempt: Attempt): boolean {
  return isOnItsWay(attempt) || (attempt.state.kind === 'delivered' && attempt.state.unseen === true);
}

const isOnItsWay = standing(UNFETCHED);
/** It brought a clip, or was on its way to one. */
export const isPaid = standing(PAID);
/** Its job ended without a clip. */
export const isFruitless = standing(FRUITLESS);
/** It was certainly never charged. */
export const isFree = standing(FREE);

function standing<const Kinds extends readonly AttemptStateKind[]>(kinds: Kinds) {
  const known: ReadonlySet<string> = new Set(kinds);
  return (attempt: Attempt): attempt is Standing<Kinds> => known.has(attempt.state.kind);
}
