import type { Attempt } from '../domain/attempt.js';
import type { Take } from '../domain/take.js';
import { unreachable } from '../errors.js';
import type { Gateway } from '../gateway/gateway.js';
import type { ClipUrl, PollOutcome } from '../gateway/outcomes.js';
import { about, note, record, unlessStopped, warn, type RunContext } from './run-context.js';

/** Just after a submit, and for a while, a gateway may not know its own job; nor a part of it a key that others know. */
const GRACE_MS = 30_000;
/** After that, so many answers in a row that it is unknown make a job lost. */
const NOT_FOUND_LIMIT = 3;
/** Refusals of the key on so many polls in a row end the waiting: the job stays in the lockfile. */
const KEY_REFUSED_LIMIT = 3;

/** Where following a job has led. */
export interface Followed {
  /** completed, failed, cancelled, expired or lost; or still in flight, and then `waiting` says why we stopped. */
  readonly attempt: Attempt;
  /** Of a completed job, as its last answer had them: signed ones are fresh, and never kept. */
  readonly urls: readonly ClipUrl[];
  readonly waiting?: string;
}

/** Whether a gateway of ours knows how the job of an attempt stands. */
type InFlight = Attempt & { readonly state: Extract<Attempt['state'], { kind: 'pending' | 'in_progress' }> };

export function isInFlight(attempt: Attempt): attempt is InFlight {
  return attempt.state.kind === 'pending' || attempt.state.kind === 'in_progress';
}

/** Asks once more for a job that was lost. Gives it pending where the gateway knows it again, else as it was. */
export async function askForLost(context: RunContext, attempt: Attempt, gateway: Gateway): Promise<Attempt> {
  if (attempt.state.kind !== 'lost') return attempt;
  const { working } = context.control;
  const outcome = await unlessStopped(gateway.poll(attempt.state.job, working), working);
  const isStillLost = !outcome || ['not_found', 'key_refused', 'unavailable'].includes(outcome.kind);
  return isStillLost ? attempt : record(context, attempt, { type: 'found' });
}

/**
 * Polls a job to its end, however long that takes within `poll.timeout`. No fault of a poll ends a job.
 * `take` is the take the job is for, to tell onlookers; absent for jobs that serve none any more.
 */
export async function follow(
  context: RunContext,
  {
    attempt: start,
    gateway,
    take,
    isFresh,
  }: {
    readonly attempt: InFlight;
    readonly gateway: Gateway;
    readonly take: Take | undefined;
    /** Submitted just now: nothing is to be expected at once, and its length will be known. */
    readonly isFresh: boolean;
  },
): Promise<Followed> {
  const { clock, control, timing, project } = context;
  const { job } = start.state;
  const { model, duration, resolution } = start.request;
  const kind = {
    model,
    ...(duration === undefined ? {} : { duration }),
    ...(resolution === undefined ? {} : { resolution }),
  };
  const { timeoutMs } = project.manifest.poll;
  const acceptedMs = start.times.accepted ?? clock.now();
  const warned = new Set<string>();
  let attempt: Attempt =
    isFresh || start.times.resumed !== undefined ? start : note(context, start, { type: 'resumed' });
  let firstPollMs: number | undefined;
  let retryAfterMs = 0;
  let notFound = 0;
  let keyRefused = 0;
  let answeredMs = clock.now();
  let polls = 0;
  let unfinishedMs = 0;

  const stopWaiting = (waiting: string): Followed => ({ attempt, urls: [], waiting });
  for (;;) {
    const elapsedMs = clock.now() - acceptedMs;
    const waitMs = polls === 0 && !isFresh ? 0 : timing.nextWaitMs({ ...kind, elapsedMs, pollsSoFar: polls });
    const patienceMs = timeoutMs - (firstPollMs === undefined ? 0 : clock.now() - firstPollMs);
    try {
      await clock.sleep(Math.min(Math.max(waitMs, retryAfterMs), patienceMs), control.working);
    } catch {
      return stopWaiting('interrupted; the next run takes it up');
    }
    const askedMs = clock.now();
    firstPollMs ??= askedMs;
    const outcome = await unlessStopped(gateway.poll(job, control.working), control.working);
    if (!outcome) return stopWaiting('interrupted; the next run takes it up');
    polls++;
    retryAfterMs = 0;
    if (outcome.kind !== 'not_found') notFound = 0;
    if (outcome.kind !== 'key_refused') {
      keyRefused = 0;
      answeredMs = askedMs;
    }
    const trouble = troubleIn(outcome);
    if (outcome.kind === 'running' || outcome.kind === 'unknown_status') unfinishedMs = askedMs - acceptedMs;
    switch (outcome.kind) {
      case 'running':
        if (attempt.state.kind !== outcome.status) {
          attempt = note(context, attempt, { type: 'progressed', status: outcome.status });
          if (take)
            tellProgress(context, {
              take,
              status: outcome.status,
              acceptedMs,
              expectedMs: timing.expectedMs(kind),
            });
        }
        break;
      case 'unknown_status':
        if (!warned.has(outcome.word)) {
          warned.add(outcome.word);
          warn(
            context,
            `the gateway calls job ${job.id} "${outcome.word}", a status we do not know; asking on`,
            take,
          );
        }
        break;
      case 'completed': {
        const lengthMs = clock.now() - acceptedMs;
        // A job that went on while nobody looked says nothing about how long such jobs take.
        if (isFresh) timing.learn({ ...kind, lengthMs, unfinishedMs });
        return { attempt: completed(context, attempt, { outcome, take, lengthMs }), urls: outcome.urls };
      }
      case 'ended': {
        const { status, message } = outcome;
        const end = { type: 'ended', status, message, ...costIn(outcome) } as const;
        return { attempt: await record(context, attempt, end), urls: [] };
      }
      case 'not_found':
        notFound++;
        if (notFound >= NOT_FOUND_LIMIT && clock.now() - acceptedMs >= GRACE_MS) {
          attempt = await record(context, attempt, { type: 'lost', message: outcome.message });
          return { attempt, urls: [] };
        }
        break;
      case 'key_refused':
        keyRefused++;
        if (keyRefused >= KEY_REFUSED_LIMIT && clock.now() - answeredMs >= GRACE_MS) {
          control.stop({
            kind: 'key',
            message: `the key was refused while asking for jobs: ${outcome.message}`,
            hint: `${gateway.keyHint}, then run the same command again: the jobs are taken up`,
          });
          return stopWaiting('the key was refused while asking for the job; the next run takes it up');
        }
        break;
      case 'unavailable':
        retryAfterMs = outcome.retryAfterMs ?? 0;
        if (!warned.has('unavailable')) {
          warned.add('unavailable');
          warn(context, `asking for job ${job.id} failed: ${outcome.message}; asking on`, take);
        }
        break;
      default:
        return unreachable(outcome);
    }
    const waitedMs = clock.now() - firstPollMs;
    if (waitedMs >= timeoutMs) {
      const minutes = Math.round(waitedMs / 6000) / 10;
      return stopWaiting(
        `still ${attempt.state.kind} after ${minutes} min of waiting${trouble}; the next run takes it up`,
      );
    }
  }
}

/** What the last poll brought instead of how the job stands: a clause to be put behind others. */
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
  context: RunContext,
  attempt: Attempt,
  end: {
    readonly outcome: Extract<PollOutcome, { kind: 'completed' }>;
    readonly take: Take | undefined;
    readonly lengthMs: number;
  },
): Attempt {
  const { outcome, take, lengthMs } = end;
  const cost = costIn(outcome);
  const after = note(context, attempt, { type: 'completed', ...cost });
  if (take) {
    const { model } = attempt.request;
    const news = {
      ...about(take, context.clock),
      model,
      elapsed_ms: lengthMs,
      ...cost,
      ...context.ledger.spent,
    };
    context.emit({ type: 'shot.completed', ...news });
  }
  return after;
}

function costIn({ cost_usd }: { readonly cost_usd?: number | undefined }): { readonly cost_usd?: number } {
  return cost_usd === undefined ? {} : { cost_usd };
}

function tellProgress(
  { emit, clock }: RunContext,
  news: {
    readonly take: Take;
    readonly status: 'pending' | 'in_progress';
    readonly acceptedMs: number;
    readonly expectedMs: number | undefined;
  },
): void {
  const { take, status, acceptedMs, expectedMs } = news;
  emit({
    type: 'shot.progress',
    ...about(take, clock),
    model: take.settings.model,
    status,
    elapsed_ms: clock.now() - acceptedMs,
    ...(expectedMs === undefined ? {} : { expected_ms: expectedMs }),
  });
}
