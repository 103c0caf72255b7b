import { ageOf, isoNow } from '../../clock.js';
import { defined } from '../../domain/defined.js';
import type { Attempt } from '../../domain/attempt.js';
import type { InFlightAttempt } from '../../domain/standing.js';
import type { Take } from '../../domain/take.js';
import { unreachable } from '../../errors.js';
import type { Gateway } from '../../gateway/gateway.js';
import type { ClipUrl, PollOutcome } from '../../gateway/outcomes.js';
import { warnOfLeftOut } from './clip-addresses.js';
import { about, moneyNow, unlessStopped, warn, type WorkTools } from './tools.js';

/** For a while after a submit, a gateway may not know its own job, and one of its servers may not know a key that others know. */
const GRACE_MS = 30_000;
/** After that, a job is lost if so many answers in a row say that it is unknown. */
const NOT_FOUND_LIMIT = 3;
/** If so many polls in a row refuse the key, the waiting ends: the job stays in the lockfile. */
const KEY_REFUSED_LIMIT = 3;

/** The result of following a job. */
export interface Followed {
  /** completed, failed, cancelled, expired or lost; or still in flight, and then `waiting` says why we stopped. */
  readonly attempt: Attempt;
  /** The addresses of a completed job's clips, from its last answer: signed ones are fresh, and never kept. */
  readonly urls: readonly ClipUrl[];
  readonly waiting?: string;
}

/** Asks once more for a job that was lost. Gives it as pending if the gateway knows it again, else as it was. */
export async function askForLost(tools: WorkTools, attempt: Attempt, gateway: Gateway): Promise<Attempt> {
  if (attempt.state.kind !== 'lost') return attempt;
  const { working } = tools.control;
  const outcome = await unlessStopped(gateway.poll(attempt.state.job, working), working);
  const isStillLost = !outcome || ['not_found', 'key_refused', 'unavailable'].includes(outcome.kind);
  return isStillLost ? attempt : tools.attempts.record(attempt, { type: 'found', at: isoNow(tools.clock) });
}

/**
 * Polls a job to its end, however long that takes within `poll.timeout`. No fault of a poll ends a job.
 * `take` is the take the job is for, to tell onlookers; absent for jobs that serve none any more.
 */
export async function follow(
  tools: WorkTools,
  {
    attempt: start,
    gateway,
    take,
    isFresh,
  }: {
    readonly attempt: InFlightAttempt;
    readonly gateway: Gateway;
    readonly take: Take | undefined;
    /** Submitted just now: no result is expected at once, and its length will be known. */
    readonly isFresh: boolean;
  },
): Promise<Followed> {
  const { attempts, clock, control, hints, timing, pollTimeoutMs: timeoutMs } = tools;
  const { job } = start.state;
  const { model, duration, resolution } = start.request;
  const kind = { model, duration, resolution };
  const ageMs = ageOf(clock, start.times.accepted);
  const warned = new Set<string>();
  let attempt: Attempt =
    isFresh || start.times.resumed !== undefined
      ? start
      : attempts.note(start, { type: 'resumed', at: isoNow(clock) });
  let firstPollMs: number | undefined;
  let retryAfterMs = 0;
  let notFound = 0;
  let keyRefused = 0;
  let answeredMs = clock.elapsed();
  let polls = 0;
  let unfinishedMs = 0;
  /** An event has announced the end: no other event will come. */
  let isTold = false;

  const stopWaiting = (waiting: string): Followed => ({ attempt, urls: [], waiting });
  for (;;) {
    const silence = isTold ? 1 : hints.silence(start);
    const progress = { ...kind, elapsedMs: ageMs(), pollsSoFar: polls, silence };
    const waitMs = polls === 0 && !isFresh ? 0 : timing.nextWaitMs(progress);
    const patienceMs = timeoutMs - (firstPollMs === undefined ? 0 : clock.elapsed() - firstPollMs);
    try {
      const ms = Math.min(Math.max(waitMs, retryAfterMs), patienceMs);
      // A gateway that asks for patience gets it, even if an event announces the end.
      if (retryAfterMs > 0) await clock.sleep(ms, control.working);
      else if (await hints.wait(start, ms, control.working)) isTold = true;
    } catch {
      return stopWaiting('interrupted; the next run resumes it');
    }
    const askedMs = clock.elapsed();
    const askedAgeMs = ageMs();
    firstPollMs ??= askedMs;
    const outcome = await unlessStopped(gateway.poll(job, control.working), control.working);
    if (!outcome) return stopWaiting('interrupted; the next run resumes it');
    polls++;
    retryAfterMs = 0;
    if (outcome.kind !== 'not_found') notFound = 0;
    if (outcome.kind !== 'key_refused') {
      keyRefused = 0;
      answeredMs = askedMs;
    }
    const trouble = troubleIn(outcome);
    if (outcome.kind === 'running' || outcome.kind === 'unknown_status') unfinishedMs = askedAgeMs;
    switch (outcome.kind) {
      case 'running':
        if (attempt.state.kind !== outcome.status) {
          attempt = attempts.note(attempt, {
            type: 'progressed',
            at: isoNow(clock),
            status: outcome.status,
          });
          if (take)
            tellProgress(tools, {
              take,
              status: outcome.status,
              elapsedMs: ageMs(),
              expectedMs: timing.expectedMs(kind),
            });
        }
        break;
      case 'unknown_status':
        if (!warned.has(outcome.word)) {
          warned.add(outcome.word);
          warn(
            tools,
            `the gateway calls job ${job.id} "${outcome.word}", a status we do not know; still asking`,
            take,
          );
        }
        break;
      case 'completed': {
        const lengthMs = ageMs();
        warnOfLeftOut(tools, { outcome, job, take });
        hints.ended(start, isTold);
        // A job that went on while nobody looked says nothing about how long such jobs take. An event comes right at the end.
        if (isFresh) timing.learn({ ...kind, lengthMs, unfinishedMs: isTold ? undefined : unfinishedMs });
        return { attempt: completed(tools, attempt, { outcome, take, lengthMs }), urls: outcome.urls };
      }
      case 'ended': {
        const { status, message, cost_usd, details } = outcome;
        hints.ended(start, isTold);
        const end = defined({ at: isoNow(clock), status, message, cost_usd, details });
        return { attempt: await attempts.record(attempt, { type: 'ended', ...end }), urls: [] };
      }
      case 'not_found':
        notFound++;
        if (notFound >= NOT_FOUND_LIMIT && ageMs() >= GRACE_MS) {
          const { message } = outcome;
          attempt = await attempts.record(attempt, { type: 'lost', at: isoNow(clock), message });
          return { attempt, urls: [] };
        }
        break;
      case 'key_refused':
        keyRefused++;
        if (keyRefused >= KEY_REFUSED_LIMIT && clock.elapsed() - answeredMs >= GRACE_MS) {
          control.stop({
            kind: 'key',
            message: `the key was refused while asking for jobs: ${outcome.message}`,
            hint: `${gateway.keyHint}, then run the same command again: the jobs are resumed`,
          });
          return stopWaiting('the key was refused while asking for the job; the next run resumes it');
        }
        break;
      case 'unavailable':
        retryAfterMs = outcome.retryAfterMs ?? 0;
        if (!warned.has('unavailable')) {
          warned.add('unavailable');
          warn(tools, `asking for job ${job.id} failed: ${outcome.message}; still asking`, take);
        }
        break;
      default:
        return unreachable(outcome);
    }
    const waitedMs = clock.elapsed() - firstPollMs;
    if (waitedMs >= timeoutMs) {
      const minutes = Math.round(waitedMs / 6000) / 10;
      return stopWaiting(
        `still ${attempt.state.kind} after ${minutes} min of waiting${trouble}; the next run resumes it`,
      );
    }
  }
}

/** What the last poll brought instead of the job's state: a clause to append to a sentence. */
function troubleIn(outcome: PollOutcome): string {
  switch (outcome.kind) {
    case 'unknown_status':
      return `, with the status "${outcome.word}", which we do not know`;
    case 'not_found':
      return `; the gateway does not know the job: ${outcome.message}`;
    case 'key_refused':
      return `; the key was refused: ${outcome.message}`;
    case 'unavailable':
      return `; the last poll failed: ${outcome.message}`;
    default:
      return '';
  }
}

/** The slot does not wait for the disk: the job would be found completed again. */
function completed(
  tools: WorkTools,
  attempt: Attempt,
  end: {
    readonly outcome: Extract<PollOutcome, { kind: 'completed' }>;
    readonly take: Take | undefined;
    readonly lengthMs: number;
  },
): Attempt {
  const { attempts, clock, emit } = tools;
  const { outcome, take, lengthMs } = end;
  const cost = defined({ cost_usd: outcome.cost_usd });
  const told = defined({ ...cost, details: outcome.details });
  const after = attempts.note(attempt, { type: 'completed', at: isoNow(clock), ...told });
  if (take) {
    const news = { model: attempt.request.model, elapsed_ms: lengthMs, ...cost, ...moneyNow(tools) };
    emit({ type: 'shot.completed', ...about(take, clock), ...news });
  }
  return after;
}

function tellProgress(
  { emit, clock }: WorkTools,
  news: {
    readonly take: Take;
    readonly status: 'pending' | 'in_progress';
    readonly elapsedMs: number;
    readonly expectedMs: number | undefined;
  },
): void {
  const { take, status, elapsedMs, expectedMs } = news;
  const { model } = take.settings;
  const progress = defined({ model, status, elapsed_ms: elapsedMs, expected_ms: expectedMs });
  emit({ type: 'shot.progress', ...about(take, clock), ...progress });
}
