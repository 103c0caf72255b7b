import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Estimate } from '../domain/money.js';
import { buys } from '../domain/plan.js';
import type { InputSource, Take } from '../domain/take.js';
import { recordedSettings } from '../shot/order.js';
import type { Decision } from './decision.js';

/** What a plan is made with, as far as its hash depends on it. */
export interface PlanTerms {
  /** The gateway that is bought from, as attempts call it. */
  readonly gateway: string;
  readonly decisions: readonly Decision[];
  /** The price of a take to buy; null if its model has none. */
  readonly estimate: (take: Take) => Estimate | null;
  /** The sha256 of a local file, by its path in the manifest. */
  readonly localInput: (path: string) => { readonly sha256: string } | undefined;
}

/**
 * A hash of what a plan buys now, what each purchase replaces, and its price: 16 hex digits. Two plans with one hash spend the same money on
 * the same clips. Nothing else counts: no names, no reasons, no order of shots, and nothing that time alone changes.
 */
export function planHash({ gateway, decisions, estimate, localInput }: PlanTerms): string {
  const bought = decisions.filter(({ action, blocked_by }) => blocked_by === undefined && buys(action));
  const purchases = bought.map((decision) => {
    const { take, fingerprint, replaces, give_up = [] } = decision;
    // A take whose source has no clip yet has no fingerprint: until then it is what its words ask for.
    const wish = fingerprint ?? wishOf(take, localInput);
    const price = estimate(take);
    return canonicalize({
      wish,
      replaces: [...(replaces ? [replaces] : []), ...give_up].map(({ id }) => id).sort(),
      price: price && [price.min_usd, price.expected_usd, price.max_usd],
    });
  });
  return hash('sha256', JSON.stringify([gateway, ...purchases.sort()])).slice(0, 16);
}

function wishOf(take: Take, localInput: PlanTerms['localInput']): unknown {
  const identity = (source: InputSource) =>
    source.kind === 'file' ? { sha256: localInput(source.path)?.sha256 ?? null } : source;
  return {
    settings: recordedSettings(take),
    frames: take.frames.map(({ frame_type, source }) => [frame_type, identity(source)]),
    references: take.references.map(({ media, source }) => [media, identity(source)]),
    previous: take.previous_shot ?? null,
  };
}
