import type { Attempt } from '../../domain/attempt.js';
import { buys } from '../../domain/plan.js';
import { isCompleted, isDelivered, isInFlight } from '../../domain/standing.js';
import { DailiesError } from '../../errors.js';
import type { Decision } from '../../plan/decision.js';
import { isSameTake, slotKey } from '../../plan/graph.js';
import type { ProjectAttempts } from '../../store/attempt-store.js';
import type { Examined } from '../plan/examine.js';
import { followOrder, orphanOrder, buyOrder, type OrderTerms } from '../work/orders.js';
import type { WorkSequence } from '../work/work-sequence.js';
import type { JobOrder } from '../work/worker.js';

/** How much of a plan was offered. */
export interface Offered {
  /** Takes to buy, and jobs and clips to fetch. */
  readonly buying: number;
  readonly fetching: number;
  /** Takes that wait for the clips of others, or for a pick. */
  readonly waiting: number;
}

/**
 * Offers the work that a plan allows now; the rest waits, and is planned again when something has changed. Work that is offered or done
 * already stays as it is, so a plan may be offered again and again.
 */
export async function offerPlan(
  attempts: ProjectAttempts<JobOrder>,
  terms: OrderTerms & { readonly sequence: WorkSequence },
  { surveyed, decisions }: Pick<Examined, 'surveyed' | 'decisions'>,
): Promise<Offered> {
  const counts = { buying: 0, fetching: 0, waiting: 0 };
  const bySlot = new Map(decisions.map((decision) => [slotKey(decision.take), decision]));
  for (const take of terms.sequence.takes) {
    const decision = bySlot.get(slotKey(take));
    if (!decision) continue;
    if (decision.attempt && decision.blocked_by === undefined)
      await own(attempts, decision, decision.attempt);
    const order = orderOf(terms, decision, surveyed);
    if (order) {
      attempts.offer(order);
      counts[order.kind === 'buy' ? 'buying' : 'fetching']++;
    } else if (buys(decision.action)) counts.waiting++;
  }
  const serving = new Set(decisions.map(({ attempt }) => attempt?.id));
  const older = new Set([...surveyed.orphans, ...decisions.flatMap(({ collect }) => collect)]);
  for (const attempt of older) {
    if (serving.has(attempt.id) || !isToFollow(attempt)) continue;
    attempts.offer(orphanOrder(terms, attempt));
    counts.fetching++;
  }
  return counts;
}

/** The work to do for a take now; undefined if there is none, or none yet. */
function orderOf(
  terms: OrderTerms & { readonly sequence: WorkSequence },
  decision: Decision,
  { context }: Examined['surveyed'],
): JobOrder | undefined {
  const { take, action, attempt, blocked_by } = decision;
  if (blocked_by !== undefined) return undefined;
  if (buys(action)) return buyOrder(terms, decision);
  if (!attempt) return undefined;
  if (isToFollow(attempt)) return followOrder(terms, take, attempt);
  if (action !== 'download' || !isDelivered(attempt)) return undefined;
  const refetch = context.clipStatus(attempt) === 'changed' ? 'damaged' : 'missing';
  return { ...followOrder(terms, take, attempt), refetch };
}

/** Whether an attempt is in flight, on the gateway, or lost, so that its job is asked for once more. */
function isToFollow(attempt: Attempt): boolean {
  return isInFlight(attempt) || isCompleted(attempt) || attempt.state.kind === 'lost';
}

/** Assigns an attempt to its take. A worker that has it in hand uses the former name until it is done. */
async function own(attempts: ProjectAttempts<JobOrder>, { take }: Decision, attempt: Attempt): Promise<void> {
  const current = attempts.get(attempt.id);
  if (isSameTake(current.owner, take)) return;
  await attempts.assign(current, { shot: take.shot, take: take.take }).catch(unlessTakenOver);
}

/** Ignores `taken-over`, for a change that can wait if another worker has the attempt: the next planner makes it again. */
export function unlessTakenOver(error: unknown): void {
  if (!(error instanceof DailiesError) || error.code !== 'taken-over') throw error;
}
