import type { Attempt, RecordedRequest, StateOf } from '../domain/attempt.js';
import { isPaid, type LiveAttempt } from '../domain/standing.js';
import { recordRequest, type Order } from '../shot/order.js';
import { changesBetween, changesSince } from './changes.js';
import type { Decision, DecisionContext } from './decision.js';
import { isSameTake } from './graph.js';

/** The verdict on an order: the action, and why. */
export type Verdict = Pick<Decision, 'action' | 'reasons'>;

/** A purchase that serves the take: the rest of the work on it is free. */
export function verdictOnServing(attempt: LiveAttempt, order: Order, context: DecisionContext): Verdict {
  const { take } = order;
  const { state } = attempt;
  const isOwn = isSameTake(attempt.owner, take);
  const origin = isOwn ? [] : ['renamed'];
  switch (state.kind) {
    case 'submitting':
    case 'uncertain':
    case 'lost':
      return { action: 'held', reasons: [...origin, ...heldReasons(attempt, requestOf(order))] };
    case 'pending':
    case 'in_progress':
      return {
        action: 'resume',
        reasons: [
          ...origin,
          `job in flight since ${timeOfDay(attempt.times.accepted ?? attempt.times.created)}`,
        ],
      };
    case 'completed':
    case 'downloading':
      return { action: 'download', reasons: [...origin, 'clip not fetched yet'] };
    case 'delivered':
      switch (context.clipStatus(attempt)) {
        case 'missing':
          return state.lost === undefined
            ? { action: 'download', reasons: [...origin, 'file missing'] }
            : { action: 'held', reasons: [...origin, ...heldReasons(attempt)] };
        case 'changed':
          return state.lost === undefined
            ? { action: 'download', reasons: [...origin, 'file changed'] }
            : { action: 'reuse', reasons: [...origin, 'file changed, and the gateway no longer has it'] };
        case 'intact': {
          // A clip that was replaced by another has no name.
          const reason = attempt.names ? 'delivered' : 'restored';
          return { action: 'reuse', reasons: isOwn ? [reason] : origin };
        }
      }
  }
}

/** Nothing serves the take: it must be bought, and the reasons say why. */
export function verdictOnBuying(order: Order, before: readonly Attempt[], context: DecisionContext): Verdict {
  const last = before.at(-1);
  if (!last) return { action: 'render', reasons: ['new'] };
  const changes = changesBetween(last.request, requestOf(order), context.spell);
  if (changes.length > 0) {
    const hadClip = before.some(isPaid);
    return { action: hadClip ? 'rerender' : 'render', reasons: changes };
  }
  const { state } = last;
  switch (state.kind) {
    case 'failed':
    case 'cancelled':
    case 'expired':
    case 'refused':
      return context.retryFailed
        ? { action: 'retry', reasons: [lastWords(state)] }
        : { action: 'held', reasons: [lastWords(state), 'not retried'] };
    case 'not_charged':
      return { action: 'render', reasons: ['settled as not charged'] };
    case 'abandoned':
      return { action: 'rerender', reasons: ['abandoned'] };
    default:
      return { action: 'render', reasons: ['new'] };
  }
}

/** How an attempt without a clip ended, in the gateway's words. */
export function lastWords(state: StateOf<'refused' | 'failed' | 'cancelled' | 'expired'>): string {
  switch (state.kind) {
    case 'refused':
      return `the gateway refused it (${state.status}): ${state.message}`;
    case 'failed':
      return `the gateway says: ${state.message}`;
    case 'cancelled':
    case 'expired':
      return `the gateway says ${state.kind}: ${state.message}`;
  }
}

/** An order in the form of the lockfile, for comparison. */
function requestOf(order: Order): RecordedRequest {
  return recordRequest(order, () => undefined);
}

/** Why an attempt waits for a person, and what has changed since, if its shot now asks for something else. */
export function heldReasons(attempt: Attempt, now = attempt.request): string[] {
  const { state, times, request } = attempt;
  switch (state.kind) {
    case 'lost':
      return [`job ${state.job.id} is lost: ${state.message}`];
    case 'delivered':
      return [`its clip is missing, and ${state.lost ?? 'not fetched yet'}`];
    case 'uncertain':
    case 'submitting':
      return [
        `submit unanswered at ${timeOfDay(times.submitted ?? times.created)}`,
        ...changesSince(request, now),
      ];
    default:
      return [];
  }
}

/** Hours and minutes in the reader's time zone. */
function timeOfDay(epochMs: number): string {
  const date = new Date(epochMs);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}
