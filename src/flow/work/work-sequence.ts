import { USUAL_SECONDS, type Take } from '../../domain/take.js';
import { buys } from '../../domain/plan.js';
import { inDependencyOrder, slotKey, sourcesOf } from '../../plan/graph.js';
import type { PollTiming } from '../../shot/poll-timing.js';
import type { Survey } from '../plan/survey.js';

/** How long a job is assumed to last for each second of its clip, until one of its kind has been seen. */
const USUAL_MS_A_SECOND = 7_500;

/** The takes of a run in the order in which they are begun, and how urgent each is: the highest rank goes first. */
export interface WorkSequence {
  readonly takes: readonly Take[];
  rankOf(take: Take): number;
}

/**
 * Jobs in flight hold slots already, and existing clips cost no time: they come first. Then the takes that keep the run
 * waiting longest: a take's rank is how long it and the chain behind it will last, by what such jobs have taken, so
 * that neither a long job nor a long chain is left alone at the end. Equals keep the manifest's order; no take comes
 * before its sources.
 */
export function workSequence({
  survey,
  timing,
}: {
  readonly survey: Survey;
  readonly timing: PollTiming;
}): WorkSequence {
  const { inScope, picks, decisions } = survey;
  const ordered = inDependencyOrder(inScope, picks);
  const ranks = new Map<Take, number>();
  const behind = new Map<string, number>();
  for (const take of ordered.toReversed()) {
    const slot = slotKey(take);
    const decision = decisions.get(slot);
    const jobMs = decision && buys(decision.action) ? lengthOf(take, timing) : Infinity;
    const rank = jobMs + (behind.get(slot) ?? 0);
    ranks.set(take, rank);
    for (const source of sourcesOf(take, picks).map(slotKey))
      behind.set(source, Math.max(behind.get(source) ?? 0, rank));
  }
  const rankOf = (take: Take) => ranks.get(take) ?? 0;
  // Infinities have no difference.
  const byRank = (a: Take, b: Take) => (rankOf(a) === rankOf(b) ? 0 : rankOf(b) - rankOf(a));
  return { takes: ordered.toSorted(byRank), rankOf };
}

/** How long the job of a take is expected to last, milliseconds. */
function lengthOf({ settings: { model, duration, resolution } }: Take, timing: PollTiming): number {
  const usualMs = USUAL_MS_A_SECOND * (duration ?? USUAL_SECONDS);
  return timing.expectedMs({ model, duration, resolution }) ?? usualMs;
}
