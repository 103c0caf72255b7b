import type { Attempt } from '../../domain/attempt.js';
import { takeName } from '../../domain/take.js';
import { DailiesError, messageOf } from '../../errors.js';
import type { Gateway } from '../../gateway/gateway.js';
import type { PollOutcome } from '../../gateway/outcomes.js';
import { warn, type WorkTools } from './tools.js';

/** How long to wait after each question: the gateway may not know its own job at once, or may be away. */
const QUESTIONS_MS = [1_000, 4_000, 15_000, 45_000];

/**
 * Asks the gateway for the job that an event names for a submit whose answer was lost, and takes it in if there is one. The event proves
 * nothing: if the gateway does not know the job, or another attempt has it, the attempt stays as it is. Does not reject.
 */
export async function adoptNamed(
  tools: Pick<WorkTools, 'attempts' | 'gatewayOf' | 'control' | 'clock' | 'emit'>,
  attempt: Attempt,
  job: string,
): Promise<void> {
  const { attempts, control } = tools;
  const shot = takeName(attempt.owner);
  try {
    const gateway = await tools.gatewayOf(attempt);
    // Only a process that has the key of that gateway can ask.
    if (!gateway) return;
    const outcome = await ask(tools, gateway, job);
    if (!isThere(outcome)) {
      const why = 'message' in outcome ? `: ${outcome.message}` : '';
      await attempts.heeded?.(attempt, job);
      warn(tools, `an event names job ${job} for ${shot}, but the gateway did not show it${why}`);
      return;
    }
    const after = await attempts.adopt(attempt, { id: job });
    if (after.state.kind === 'uncertain') return;
    await attempts.heeded?.(attempt, job);
    if (after.state.kind === 'not_charged' || after.state.kind === 'abandoned') {
      warn(tools, `job ${job} exists, although the submit of ${shot} was given up: it may have been charged`);
      return;
    }
    if (!('job' in after.state) || after.state.job.id !== job) return;
    warn(
      tools,
      `the answer to the submit of ${shot} was lost; an event named its job, ${job}, and it is continued`,
    );
  } catch (error) {
    if (control.working.aborted) return;
    if (error instanceof DailiesError && error.code === 'job-taken') await attempts.heeded?.(attempt, job);
    warn(tools, `an event names job ${job} for ${shot}, which was not taken in: ${messageOf(error)}`);
  }
}

async function ask(
  { clock, control }: Pick<WorkTools, 'clock' | 'control'>,
  gateway: Gateway,
  job: string,
): Promise<PollOutcome> {
  for (const ms of QUESTIONS_MS) {
    const outcome = await gateway.poll({ id: job }, control.working);
    if (outcome.kind !== 'not_found' && outcome.kind !== 'unavailable') return outcome;
    await clock.sleep(ms, control.working);
  }
  return gateway.poll({ id: job }, control.working);
}

function isThere({ kind }: PollOutcome): boolean {
  return kind === 'running' || kind === 'unknown_status' || kind === 'completed' || kind === 'ended';
}
