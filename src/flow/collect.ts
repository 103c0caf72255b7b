import type { Attempt } from '../domain/attempt.js';
import { messageOf } from '../errors.js';
import { isUncertain } from '../plan/standing.js';
import { asidePlace } from './clip-place.js';
import { deliver } from './deliver.js';
import { askForLost, follow, isInFlight, type Followed } from './follow.js';
import { warn, type RunContext } from './run-context.js';

/**
 * Fetches the clip of a job that serves no take any more, into `.superseded/`: it was paid for. Never rejects;
 * what cannot be fetched now stays in the lockfile for the next run, with a warning.
 */
export async function collectAside(context: RunContext, attempt: Attempt): Promise<void> {
  const name = `an earlier job of ${attempt.owner.shot}`;
  if (isUncertain(attempt)) {
    const { shot } = attempt.owner;
    warn(
      context,
      `a submit of ${shot} is unanswered, and may have been charged: dailies resolve settles ${shot}`,
    );
    return;
  }
  try {
    const waiting = await collect(context, context.store.get(attempt.id));
    if (waiting !== undefined) warn(context, `${name} is not fetched yet: ${waiting}`);
  } catch (error) {
    warn(context, `${name} could not be fetched: ${messageOf(error)}`);
  }
}

async function collect(context: RunContext, older: Attempt): Promise<string | undefined> {
  const gateway = await context.connections.of(older);
  if (!gateway) return `its job is at ${older.gateway}`;
  const attempt = await askForLost(context, older, gateway);
  const { model } = attempt.request;
  const followed: Followed = isInFlight(attempt)
    ? await context.limits.job({ model, rank: Infinity }, () =>
        follow(context, { attempt, gateway, take: undefined, isFresh: false }),
      )
    : { attempt, urls: [] };
  if (followed.waiting !== undefined) return followed.waiting;
  const { state } = followed.attempt;
  if (state.kind === 'lost') return `job ${state.job.id} is lost: ${state.message}`;
  if (state.kind !== 'completed' && state.kind !== 'downloading') return undefined;
  const place = asidePlace(context.project, attempt);
  const delivery = { ...followed, job: state.job, gateway, place, take: undefined };
  const { waiting } = await deliver(context, delivery, async () => {});
  return waiting;
}
