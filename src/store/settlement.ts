import type { Attempt, AttemptEvent } from '../domain/attempt.js';
import { isLive, isUncertain } from '../domain/standing.js';
import { takeName } from '../domain/take.js';
import type { SubmitOutcome } from '../domain/submit-outcome.js';
import { DailiesError, unreachable } from '../errors.js';
import { afterAcceptance, afterRefusal, type Pace } from '../shot/pace.js';

/** Why an order is not bought if its wish has a purchase that the plan did not know of. */
export const BOUGHT_MEANWHILE = 'it was bought meanwhile';

/** Whether an uncertain submit has turned out to have a job: then nothing is bought in its place. */
export function hasTurnedUp(attempt: Attempt): boolean {
  return isLive(attempt) && !isUncertain(attempt);
}

/** What a submit's outcome means for its attempt. `at`: ISO 8601. */
export function settledBy(outcome: SubmitOutcome, at: string): AttemptEvent {
  switch (outcome.kind) {
    case 'accepted':
      return { type: 'accepted', at, job: outcome.job };
    case 'uncertain':
      return { type: 'answer_lost', at, message: outcome.message, ...usageBefore(outcome) };
    case 'refused':
      return { type: 'refused', at, status: outcome.status, message: outcome.message };
    case 'not_accepted':
      return { type: 'not_accepted', at, message: outcome.message };
    default:
      return unreachable(outcome);
  }
}

function usageBefore({ usage_before }: Extract<SubmitOutcome, { kind: 'uncertain' }>) {
  return usage_before ? { usage_before } : {};
}

/** If another attempt already has the accepted job, this attempt is uncertain: nobody knows which of the two the job belongs to. */
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

/** The pace after a submit; the same object if nothing changes. Times are of the clock that the pace uses. */
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
