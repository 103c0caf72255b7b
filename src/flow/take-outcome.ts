import type { Attempt, Output } from '../domain/attempt.js';
import { sumUsd } from '../domain/money.js';
import type { Take } from '../domain/take.js';
import type { NotDelivered, TakeResult } from '../events.js';
import type { Decision } from '../plan/decision.js';
import { buys } from '../domain/plan.js';
import { lastWords } from '../plan/verdict.js';
import { about, type RunContext } from './run-context.js';

/** How one take came out: the account for people, and the attempt that serves it, where one does. */
export interface TakeOutcome {
  readonly result: TakeResult;
  readonly attempt: Attempt | undefined;
}

/** Where a take has ended. Without `outcome` it is told from the attempt. */
export interface End {
  readonly attempt: Attempt | undefined;
  readonly outcome?: NotDelivered;
  readonly message?: string;
  readonly reused?: boolean;
}

/** Tells onlookers how the take ended, and gives the account of it. */
export function finish(context: RunContext, { take, action }: Decision, end: End): TakeOutcome {
  const { attempt } = end;
  const state = attempt?.state;
  const base = { id: take.shot, take: take.take, key: take.key, action, model: take.settings.model };
  const elapsed = buys(action) && attempt ? elapsedOf(attempt) : {};
  const job = state && 'job' in state ? { job_id: state.job.id } : {};
  const begun = (context.begun.get(take.key) ?? []).map((id) => context.store.get(id));
  const cost = costOf(begun);
  if (end.outcome === undefined && state?.kind === 'delivered') {
    const { outputs } = state;
    const reused = end.reused ?? false;
    const model = take.settings.model;
    const news = { ...about(take, context.clock), model, reused, outputs, ...costOf([attempt]) };
    context.emit({ type: 'shot.delivered', ...news, ...context.ledger.spent });
    return { attempt, result: { ...base, outcome: 'delivered', ...job, ...cost, ...elapsed, outputs } };
  }
  const outcome = end.outcome ?? outcomeOf(attempt);
  const message = end.message ?? messageFor(attempt);
  tell(context, take, { outcome, message, willRetry: false, attempt });
  const outputs: readonly Output[] = [];
  return { attempt, result: { ...base, outcome, message, ...job, ...cost, ...elapsed, outputs } };
}

/** What the gateway has reported for these, US dollars; undefined where it has for none. */
export function reportedUsd(attempts: readonly (Attempt | undefined)[]): number | undefined {
  const costs = attempts.flatMap((attempt) =>
    attempt && 'cost_usd' in attempt.state ? (attempt.state.cost_usd ?? []) : [],
  );
  return costs.length === 0 ? undefined : sumUsd(costs);
}

function costOf(attempts: readonly (Attempt | undefined)[]): { readonly cost_usd?: number } {
  const costUsd = reportedUsd(attempts);
  return costUsd === undefined ? {} : { cost_usd: costUsd };
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
  { emit, clock, ledger }: RunContext,
  take: Take,
  news: {
    readonly outcome: NotDelivered;
    readonly message: string;
    readonly willRetry: boolean;
    readonly attempt: Attempt | undefined;
  },
): void {
  emit({
    type: 'shot.not_delivered',
    ...about(take, clock),
    model: take.settings.model,
    outcome: news.outcome,
    message: news.message,
    will_retry: news.willRetry,
    ...costOf([news.attempt]),
    ...ledger.spent,
  });
}
