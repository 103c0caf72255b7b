import type { LimitFunction } from 'p-limit';
import { isoNow, type Clock } from '../../clock.js';
import type { Account } from '../../cost/ledger.js';
import type { Attempt, UsageBefore } from '../../domain/attempt.js';
import type { Take } from '../../domain/take.js';
import type { EventSink, RunEvent } from '../../events.js';
import type { Gateway } from '../../gateway/gateway.js';
import type { PollTiming } from '../../shot/poll-timing.js';
import type { AttemptStore } from '../../store/attempt-store.js';
import type { ClipStore } from '../../store/clip-store.js';
import type { Callback } from './callback.js';
import type { Hints } from './hints.js';
import type { InputReader } from './inputs.js';
import type { JobOrder } from './worker.js';
import type { StopControl } from './stop-control.js';

/** What a worker has at hand for any order: the stores, the gateways, and the run's will. No project. */
export interface WorkTools {
  readonly attempts: AttemptStore<JobOrder>;
  readonly clips: ClipStore;
  /** The money of the project that this worker works for. */
  readonly account: () => Account;
  /** The gateway an attempt was bought from; undefined if it is another one whose key we cannot know. */
  readonly gatewayOf: (attempt: Pick<Attempt, 'gateway'>) => Promise<Gateway | undefined>;
  /** What the key of this run had used before it, once the gateway has said so. */
  readonly usageBefore?: () => UsageBefore | undefined;
  readonly inputs: InputReader;
  readonly control: StopControl;
  readonly timing: PollTiming;
  /** Acts on the events of gateways. */
  readonly hints: Hints;
  /** The addresses that gateways report to; absent: none. */
  readonly callback?: Callback | undefined;
  /** How long one run waits for a job. */
  readonly pollTimeoutMs: number;
  readonly downloads: LimitFunction;
  readonly clock: Clock;
  readonly emit: EventSink;
}

/** The part of an event that says which take it is about. */
export function about(take: Take, clock: Clock) {
  return { at: isoNow(clock), id: take.shot, take: take.take, key: take.key };
}

/** The project's money, as events about money report it. */
export function moneyNow({ account }: Pick<WorkTools, 'account'>) {
  const { spentUsd, spentUnpriced, spentEstimated } = account();
  return { spent_usd: spentUsd, spent_unpriced: spentUnpriced, spent_estimated: spentEstimated };
}

/** Tells onlookers something that ends nothing. */
export function warn({ clock, emit }: Pick<WorkTools, 'clock' | 'emit'>, message: string, take?: Take): void {
  const event: RunEvent = { type: 'warning', at: isoNow(clock), message };
  emit(take ? { ...event, key: take.key } : event);
}

/** The result of some work, or undefined if it ended because the signal aborted. */
export async function unlessStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}
