import type { Attempt } from '../../domain/attempt.js';
import { isUncertain } from '../../domain/standing.js';
import { takeName } from '../../domain/take.js';
import { messageOf } from '../../errors.js';
import type { PollOutcome } from '../../gateway/outcomes.js';
import { warn, type WorkTools } from './tools.js';

/** How long to wait before each question: the gateway may not know its own job at once, or may be away. */
const QUESTIONS_MS = [0, 1_000, 4_000, 15_000, 45_000];

/**
 * Asks the gateway for the job that an event names for a submit whose answer was lost, and takes it in if there is one. The event proves
 * nothing: what the gateway does not know, or another attempt has, leaves the attempt as it is. Does not reject.
 */
export async function adoptNamed(
  tools: Pick<WorkTools, 'attempts' | 'gatewayOf' | 'control' | 'clock' | 'emit'>,
  attempt: Attempt,
  job: string,
): Promise<void> {
  const { attempts, clock, control } = tools;
  const shot = takeName(attempt.owner);
  try {
    const gateway = await tools.gatewayOf(attempt);
    let outcome: PollOutcome | undefined;
    for (const ms of gateway ? QUESTIONS_MS : []) {
      await clock.sleep(ms, control.working);
      outcome = await gateway?.poll({ id: job }, control.working);
      if (!isUncertain(attempts.get(attempt.id))) return;
      if (outcome?.kind !== 'not_found' && outcome?.kind !== 'unavailable') break;
    }
    if (!outcome || !isThere(outcome)) {
      const why = outcome && 'message' in outcome ? `: ${outcome.message}` : '';
      warn(tools, `an event names job ${job} for ${shot}, but the gateway did not show it${why}`);
      return;
    }
    await attempts.adopt(attempt, { id: job });
    warn(
      tools,
      `the answer to the submit of ${shot} was lost; an event named its job, ${job}, and it is continued`,
    );
  } catch (error) {
    if (control.working.aborted) return;
    warn(tools, `an event names job ${job} for ${shot}, which was not taken in: ${messageOf(error)}`);
  }
}

function isThere({ kind }: PollOutcome): boolean {
  return kind === 'running' || kind === 'unknown_status' || kind === 'completed' || kind === 'ended';
}
