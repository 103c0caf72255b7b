import type { Attempt } from '../domain/attempt.js';
import { isCompleted, isDelivered, isInFlight } from '../domain/standing.js';

/** What a receipt says of a purchase: what was paid, and what came of it. If two receipts agree in this, one is enough. */
export function essenceOf(attempt: Attempt): string {
  const { owner, state } = attempt;
  const kind = isInFlight(attempt) ? 'pending' : isCompleted(attempt) ? 'completed' : state.kind;
  const clips = isDelivered(attempt) ? attempt.state.outputs.map(({ sha256 }) => sha256) : [];
  const marks = state.kind === 'delivered' ? [state.lost !== undefined, state.pruned === true] : [];
  return JSON.stringify([owner, kind, 'job' in state ? state.job.id : '', clips, marks]);
}
