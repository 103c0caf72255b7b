import { isoNow, type Clock } from '../../clock.js';
import type { Attempt, AttemptEvent } from '../../domain/attempt.js';
import type { SubmitOutcome } from '../../domain/submit-outcome.js';
import { DailiesError } from '../../errors.js';
import { settledBy } from '../settlement.js';
import { attemptAfter, idAfter } from '../shot-state.js';
import type { Link } from './connection.js';
import type { Held, HeldAttempts } from './held.js';
import { wholeOf } from './row.js';
import type { Writes } from './writes.js';

/** How often to try again to write down a late answer, if somebody is always faster. */
const TRIES = 5;

/**
 * Writes down the result of a submit although others have continued its attempt: they took its sender for dead. A job becomes an
 * attempt of its own if the first one has been settled meanwhile. `sent`: the attempt as it was when it was sent.
 */
export async function settleLate(
  tools: {
    readonly clock: Clock;
    readonly random: () => number;
    readonly link: Link;
    readonly held: HeldAttempts;
    readonly writes: Writes;
  },
  one: Held,
  { outcome, sent }: { readonly outcome: SubmitOutcome; readonly sent: Attempt },
): Promise<void> {
  const { clock, held, writes } = tools;
  for (let tries = 0; tries < TRIES; tries++) {
    const event = lateEvent(one.attempt, outcome, isoNow(clock));
    if (!event) break;
    held.move(one, event);
    try {
      await writes.write(one);
      return;
    } catch (error) {
      if (!(error instanceof DailiesError) || error.code !== 'taken-over') throw error;
      const isWritten = outcome.kind === 'accepted' && hasJob(one.attempt, outcome.job.id);
      if (isWritten || one.attempt.state.kind !== 'uncertain') break;
    }
  }
  if (outcome.kind !== 'accepted' || hasJob(one.attempt, outcome.job.id)) return;
  const id = idAfter(held.all().at(-1)?.id, { nowMs: clock.now(), random: tools.random() });
  await adopt(tools.link, one, ownAttempt(sent, { id, job: outcome.job, at: isoNow(clock) }));
}

/** What the answer means for the attempt in its current state; undefined if the attempt has been settled. */
function lateEvent({ state }: Attempt, outcome: SubmitOutcome, at: string): AttemptEvent | undefined {
  if (state.kind === 'submitting') return settledBy(outcome, at);
  if (state.kind !== 'uncertain' || outcome.kind === 'uncertain') return undefined;
  if (outcome.kind === 'accepted') return { type: 'resolved', as: 'job', at, job: outcome.job };
  return { type: 'resolved', as: 'not_charged', at };
}

/** A job id is never thrown away: it becomes an attempt that counts and is followed. */
function ownAttempt(
  sent: Attempt,
  accepted: { readonly id: string; readonly job: { readonly id: string }; readonly at: string },
): Attempt | undefined {
  const { replaces: _, ...rest } = sent;
  const before = { ...rest, id: accepted.id };
  return attemptAfter(() => before, { type: 'accepted', ...accepted, step: sent.steps + 1 });
}

async function adopt({ store, database, schema }: Link, { work }: Held, next: Attempt | undefined) {
  if (!next || work?.batch === undefined) return;
  const { id, request, owner } = next;
  const { batch } = work;
  const [row] = await database.insist(`select project, account from ${schema}.batch where id = $1`, [batch]);
  const key = `late ${id}`;
  const doc = { kind: 'follow', key, model: request.model, attempt: id, owner };
  const order = { batch, model: request.model, key, doc };
  const whole = { ...wholeOf(next, 0, null), order };
  await store.insist('adopt', [row?.['project'], row?.['account'], JSON.stringify(whole)]);
}

function hasJob({ state }: Attempt, id: string): boolean {
  return 'job' in state && state.job.id === id;
}
