import type { Attempt, AttemptEvent } from '../domain/attempt.js';
import { takeName } from '../domain/take.js';
import type { SubmitOutcome } from '../domain/submit-outcome.js';
import { DailiesError, unreachable } from '../errors.js';
import { afterAcceptance, afterRefusal, type Pace } from '../shot/pace.js';

/** What a submit's outcome is to its attempt. `at`: ISO 8601. */
export function settledBy(outcome: SubmitOutcome, at: string): AttemptEvent {
  switch (outcome.kind) {
    case 'accepted':
      return { type: 'accepted', at, job: outcome.job };
    case 'uncertain':
      return { type: 'answer_lost', at, message: outcome.message };
    case 'refused':
      return { type: 'refused', at, status: outcome.status, message: outcome.message };
    case 'not_accepted':
      return { type: 'not_accepted', at, message: outcome.message };
    default:
      return unreachable(outcome);
  }
}

/** An accepted job that another attempt has already leaves this one uncertain: which of the two it belongs to, nobody knows. */
export function jobTaken(jobId: string, at: string, { owner }: Attempt): AttemptEvent {
  return {
    type: 'answer_lost',
    at,
    message: `the gateway answered with job ${jobId}, which is already the job of ${takeName(owner)}`,
  };
}

/** Where a job is to be taken in that another attempt has. */
export function takenJob(jobId: string, { owner }: Attempt): DailiesError {
  return new DailiesError('job-taken', `job ${jobId} already belongs to ${takeName(owner)}`, {
    hint: 'look for the job of this shot in the gateway’s own list of activity',
  });
}

/** The pace after a submit; the same object where it changes nothing. Times are of the clock that the pace goes by. */
export function paceAfter(
  pace: Pace,
  outcome: SubmitOutcome,
  moment: { readonly nowMs: number; readonly sentAtMs: number; readonly random: number },
): Pace {
  if (outcome.kind === 'accepted') return afterAcceptance(pace);
  if (outcome.kind !== 'not_accepted') return pace;
  const { retryAfterMs } = outcome;
  return afterRefusal(pace, retryAfterMs === undefined ? moment : { ...moment, retryAfterMs });
}
