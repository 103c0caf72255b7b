import { defined } from '../../domain/defined.js';
import { namedOutputs, type Attempt } from '../../domain/attempt.js';
import { isDelivered } from '../../domain/standing.js';
import { sumUsd } from '../../domain/money.js';
import type { Take } from '../../domain/take.js';
import type { NotDelivered, TakeResult } from '../../events.js';
import type { Decision } from '../../plan/decision.js';
import { buys } from '../../domain/plan.js';
import { lastWords } from '../../plan/verdict.js';
import { about, moneyNow, type WorkTools } from './tools.js';

/** How one take came out: the account for people, and the attempt that serves it, if one does. */
export interface TakeOutcome {
  readonly result: TakeResult;
  readonly attempt: Attempt | undefined;
}

/** How a take has ended. Without `outcome`, the attempt tells. */
export interface End {
  readonly attempt: Attempt | undefined;
  readonly outcome?: NotDelivered;
  readonly message?: string;
  readonly reused?: boolean;
  /** Another worker may come farther at once. */
  readonly isPassing?: boolean;
}

/** Tells onlookers how the take ended, and gives the account of it. */
export function finish(
  tools: Pick<WorkTools, 'attempts' | 'account' | 'clock' | 'emit'>,
  { take, action }: Pick<Decision, 'take' | 'action'>,
  end: End,
): TakeOutcome {
  const { attempts, clock, emit } = tools;
  const { attempt } = end;
  const state = attempt?.state;
  const { model } = take.settings;
  const base = {
    ...{ id: take.shot, take: take.take, key: take.key, action, model },
    ...(state && 'job' in state ? { job_id: state.job.id } : {}),
    ...defined({ cost_usd: reportedUsd(attempts.begunFor(take)) }),
    ...(buys(action) && attempt ? elapsedOf(attempt) : {}),
  };
  if (end.outcome === undefined && attempt && isDelivered(attempt)) {
    const outputs = namedOutputs(attempt);
    const news = {
      model,
      reused: end.reused ?? false,
      outputs,
      ...defined({ cost_usd: reportedUsd([attempt]) }),
    };
    emit({ type: 'shot.delivered', ...about(take, clock), ...news, ...moneyNow(tools) });
    return { attempt, result: { ...base, outcome: 'delivered', outputs } };
  }
  const outcome = end.outcome ?? outcomeOf(attempt);
  const message = end.message ?? messageFor(attempt);
  tell(tools, take, { outcome, message, willRetry: false, attempt });
  return { attempt, result: { ...base, outcome, message, outputs: [] } };
}

/** What the gateway has reported for these, US dollars; undefined if it reported no cost. */
export function reportedUsd(attempts: readonly (Attempt | undefined)[]): number | undefined {
  const costs = attempts.flatMap((attempt) =>
    attempt && 'cost_usd' in attempt.state ? (attempt.state.cost_usd ?? []) : [],
  );
  return costs.length === 0 ? undefined : sumUsd(costs);
}

function elapsedOf({ times }: Attempt): Pick<TakeResult, 'elapsed_ms'> {
  const end = times.delivered ?? times.completed;
  return times.submitted === undefined || end === undefined ? {} : { elapsed_ms: end - times.submitted };
}

/** Why a take was not delivered, by how far its attempt came. */
export function outcomeOf(attempt: Attempt | undefined): NotDelivered {
  switch (attempt?.state.kind) {
    case undefined:
    case 'planned':
      return 'not_submitted';
    case 'refused':
      return 'refused';
    case 'uncertain':
    case 'submitting':
    case 'lost':
      return 'held';
    case 'failed':
    case 'cancelled':
    case 'expired':
      return 'failed';
    default:
      return 'waiting';
  }
}

/** The same in words. */
export function messageFor(attempt: Attempt | undefined): string {
  const state = attempt?.state;
  switch (state?.kind) {
    case undefined:
    case 'planned':
      return 'the run stopped before it was submitted';
    case 'uncertain':
      return `no certain answer to the submit: ${state.message}; it may have been charged`;
    case 'submitting':
      return 'the submit was cut short; it may have been charged';
    case 'lost':
      return `job ${state.job.id} is lost: ${state.message}`;
    case 'refused':
    case 'failed':
    case 'cancelled':
    case 'expired':
      return lastWords(state);
    default:
      return `the job is ${state?.kind ?? 'unknown'}`;
  }
}

/** Tells onlookers that a take was not delivered, for now or for good. */
export function tell(
  tools: Pick<WorkTools, 'account' | 'clock' | 'emit'>,
  take: Take,
  news: {
    readonly outcome: NotDelivered;
    readonly message: string;
    readonly willRetry: boolean;
    readonly attempt: Attempt | undefined;
  },
): void {
  const { clock, emit } = tools;
  const { outcome, message, willRetry: will_retry, attempt } = news;
  emit({
    type: 'shot.not_delivered',
    ...about(take, clock),
    ...defined({ outcome, message, will_retry, cost_usd: reportedUsd([attempt]) }),
    model: take.settings.model,
    ...moneyNow(tools),
  });
}
