import type { Attempt, AttemptState } from '../domain/attempt.js';

/*
 * How an attempt stands as a purchase, told from its state. What stands as none of these was never bought, or came to
 * nothing.
 */
const UNCERTAIN = ['submitting', 'uncertain'] as const;
const UNFETCHED = ['pending', 'in_progress', 'completed', 'downloading', 'lost'] as const;
const LIVE = [...UNCERTAIN, ...UNFETCHED, 'delivered'] as const;
const PAID = [...UNFETCHED, 'delivered', 'abandoned'] as const;

type Standing<Kinds extends readonly string[]> = Attempt & {
  readonly state: Extract<AttemptState, { readonly kind: Kinds[number] }>;
};

/** Bought, or perhaps bought, and can still give a clip: it can serve a take that asks for the same picture. */
export type LiveAttempt = Standing<typeof LIVE>;

export function isLive(attempt: Attempt): attempt is LiveAttempt {
  return isOneOf(attempt, LIVE);
}

/** Nobody knows whether it was charged. */
export function isUncertain(attempt: Attempt): attempt is Standing<typeof UNCERTAIN> {
  return isOneOf(attempt, UNCERTAIN);
}

/** Bought, and its clip not on disk yet; a lost job may turn up again. */
export function isUnfetched(attempt: Attempt): boolean {
  return isOneOf(attempt, UNFETCHED);
}

/** It brought a clip, or was on its way to one. */
export function isPaid(attempt: Attempt): boolean {
  return isOneOf(attempt, PAID);
}

function isOneOf({ state }: Attempt, kinds: readonly string[]): boolean {
  return kinds.includes(state.kind);
}
