import type { Attempt } from '../../domain/attempt.js';
import { isFree, isFruitless } from '../../domain/standing.js';
import type { Manifest } from '../../domain/manifest.js';
import type { Estimate } from '../../domain/money.js';
import type { Take } from '../../domain/take.js';
import type { Decision } from '../../plan/decision.js';
import { slotKey } from '../../plan/graph.js';
import type { Survey } from '../plan/survey.js';
import type { BuyOrder, FollowOrder } from './worker.js';
import type { WorkSequence } from './work-sequence.js';

/** What orders are made with. */
export interface OrderTerms {
  readonly survey: Pick<Survey, 'rerender'>;
  readonly sequence: Pick<WorkSequence, 'rankOf'>;
  /** The gateway that is bought from, as attempts call it. */
  readonly gateway: string;
  /** How often a job that fails is bought again. */
  readonly retries: number;
  /** The price of a take; null if its model has none. */
  readonly priceOf: (take: Take) => Estimate | null;
  readonly manifest: Pick<Manifest, 'project' | 'poll'>;
  /** Whether another purchase has already replaced an attempt, which only one may do. */
  readonly isReplaced: (attempt: string) => boolean;
  /** Which of the wishes with a fingerprint the next one is, from 0. */
  readonly nextCopy: (fingerprint: string) => number;
}

/** The order for a decision to buy; undefined while a source of its take has no clip. */
export function buyOrder(terms: OrderTerms, decision: Decision): BuyOrder | undefined {
  const { take, order, fingerprint, replaces, give_up = [] } = decision;
  if (!order || fingerprint === undefined) return undefined;
  const { gateway, retries, priceOf, sequence, nextCopy } = terms;
  const { rerender } = terms.survey;
  return {
    kind: 'buy',
    ...aboutProject(terms),
    ...{ key: take.key, model: take.settings.model, rank: sequence.rankOf(take), take, order, retries },
    purchase: {
      owner: { shot: take.shot, take: take.take },
      ...{ fingerprint, gateway, estimate: priceOf(take), replaces: freeOf(terms, replaces) },
      copy: nextCopy(fingerprint),
      rerender: rerender?.all.has(slotKey(take)) ? rerender.mark : undefined,
      giveUp: give_up.map(({ id }) => id),
    },
  };
}

/** The order to follow the job of a take. */
export function followOrder(terms: OrderTerms, take: Take, { id }: Attempt): FollowOrder {
  const { model } = take.settings;
  const rank = terms.sequence.rankOf(take);
  return { kind: 'follow', ...aboutProject(terms), key: take.key, model, rank, attempt: id, take };
}

/** The order to follow a job that serves no take any more: it was paid for. */
export function orphanOrder(terms: OrderTerms, { id, request }: Attempt): FollowOrder {
  return {
    kind: 'follow',
    ...aboutProject(terms),
    ...{ key: `job ${id}`, model: request.model, rank: Infinity, attempt: id, take: undefined },
  };
}

function freeOf({ isReplaced }: OrderTerms, replaces: Attempt | undefined): string | undefined {
  return replaces && !isReplaced(replaces.id) ? replaces.id : undefined;
}

/** Tells which of these attempts another valid one has replaced. */
export function replacedIn(attempts: readonly Attempt[]): OrderTerms['isReplaced'] {
  const replaced = new Set(
    attempts.flatMap((one) => (isFree(one) || isFruitless(one) ? [] : (one.replaces ?? []))),
  );
  return (id) => replaced.has(id);
}

function aboutProject({ manifest: { project, poll } }: OrderTerms) {
  return { project, poll };
}

/** Counts the wishes of each fingerprint, starting after those that have a purchase already. */
export function copyCounter(
  bought: ReadonlyMap<string, ReadonlySet<number>> = new Map(),
): OrderTerms['nextCopy'] {
  const given = new Map<string, Set<number>>();
  return (fingerprint) => {
    const taken = given.get(fingerprint) ?? new Set(bought.get(fingerprint));
    given.set(fingerprint, taken);
    let copy = 0;
    while (taken.has(copy)) copy++;
    taken.add(copy);
    return copy;
  };
}
