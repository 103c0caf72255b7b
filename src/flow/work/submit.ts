import { randomUUID } from 'node:crypto';
import { isoNow } from '../../clock.js';
import type { Attempt } from '../../domain/attempt.js';
import type { Take } from '../../domain/take.js';
import type { StopReason } from '../../events.js';
import { DailiesError, unreachable } from '../../errors.js';
import type { Gateway } from '../../gateway/gateway.js';
import type { SubmitOutcome } from '../../gateway/outcomes.js';
import type { Claim, Purchase } from '../../store/attempt-store.js';
import { about, moneyNow, type WorkTools } from './tools.js';
import type { JobOrder } from './worker.js';

/** A run that could not submit anything for this long is over. */
const GIVE_UP_AFTER_MS = 10 * 60_000;

const TAKEN =
  'look in the list of activity of the gateway for the job of this shot, and settle it with dailies resolve';

/**
 * Buys a clip: the intent is on disk before a byte leaves, one POST goes out, and its outcome is on disk before
 * anything else is done with it. If the gateway says "not now", it waits and tries again.
 * Gives the attempt pending, refused or uncertain; planned or undefined if the run stopped before it was sent.
 * Rejects with `taken-over` if another worker has the work.
 */
export async function submit(
  tools: WorkTools,
  {
    claim,
    take,
    purchase,
    body,
    gateway,
  }: {
    readonly claim: Claim<JobOrder>;
    readonly take: Take;
    readonly purchase: Purchase;
    readonly body: Buffer;
    readonly gateway: Gateway;
  },
): Promise<Attempt | undefined> {
  const { attempts, clips, control, clock, emit } = tools;
  const { model } = take.settings;
  let attempt: Attempt | undefined;
  const isStopped = () => control.submitting.aborted;
  while (!isStopped()) {
    // If the disk has no room for a clip, it is not bought.
    clips.assertThere();
    const verdict = await attempts.intend(claim, purchase, randomUUID());
    if (verdict.kind === 'wait') {
      await clock.sleep(verdict.ms, control.submitting).catch(() => undefined);
      continue;
    }
    if (verdict.kind === 'ceiling') {
      const { message, hint = 'raise budget_usd or --max-cost, or render fewer shots with --only' } = verdict;
      control.stop({ kind: 'budget', message, hint });
      return attempt;
    }
    if (verdict.kind !== 'go') throw new DailiesError('taken-over', verdict.message);
    attempt = verdict.attempt;
    if (isStopped()) {
      // Nothing has left yet: the intent is taken back, and the shot stays free.
      const message = 'stopped before it was sent';
      return attempts.record(attempt, { type: 'not_accepted', at: isoNow(clock), message });
    }
    emit({ type: 'shot.submitting', ...about(take, clock), model });
    if (!attempts.isOurs(attempt)) {
      const message = 'the lease expired before it was sent';
      await attempts.record(attempt, { type: 'not_accepted', at: isoNow(clock), message });
      throw new DailiesError('taken-over', message);
    }
    const sentAtMs = clock.elapsed();
    const outcome = withUsage(await gateway.submit(body, control.answering), tools);
    attempt = await attempts.settle(attempt, outcome, sentAtMs);
    switch (outcome.kind) {
      case 'accepted': {
        if (attempt.state.kind === 'uncertain') {
          // If a gateway reuses the ids of other jobs, every further submit would end as a held shot.
          control.stop({ kind: 'gateway', message: attempt.state.message, hint: TAKEN });
          return attempt;
        }
        const job = { model, job_id: outcome.job.id };
        emit({ type: 'shot.submitted', ...about(take, clock), ...job, ...moneyNow(tools) });
        return attempt;
      }
      case 'uncertain':
        tools.hints.unanswered(attempt);
        if (outcome.stops) control.stop({ kind: 'gateway', message: outcome.message, ...outcome.stops });
        return attempt;
      case 'refused':
        if (outcome.stops) control.stop(stopReason(outcome.stops, outcome.message, gateway.keyHint));
        return attempt;
      case 'not_accepted':
        slowDown(tools, claim, outcome);
        break;
      default:
        return unreachable(outcome);
    }
  }
  return attempt;
}

/** Records a lost answer with what the key had used before: a hint for the person who settles it. Waits for nothing. */
function withUsage(outcome: SubmitOutcome, { usageBefore }: WorkTools): SubmitOutcome {
  if (outcome.kind !== 'uncertain') return outcome;
  const usage_before = usageBefore?.();
  return usage_before ? { ...outcome, usage_before } : outcome;
}

function slowDown(
  { attempts, control, clock, emit }: WorkTools,
  claim: Claim<JobOrder>,
  { message }: Extract<SubmitOutcome, { kind: 'not_accepted' }>,
): void {
  const { waitMs, troubleMs } = attempts.pace(claim);
  if (troubleMs + waitMs > GIVE_UP_AFTER_MS) {
    control.stop({
      kind: 'gateway',
      message: `the gateway accepted no submit for ten minutes: ${message}`,
      hint: 'run the same command again later: nothing is lost, and nothing is bought twice',
    });
  } else emit({ type: 'run.slowed', at: isoNow(clock), message, wait_ms: waitMs });
}

function stopReason(kind: 'key' | 'credits' | 'budget', message: string, keyHint: string): StopReason {
  switch (kind) {
    case 'key':
      return { kind, message, hint: `${keyHint}, then run the same command again` };
    case 'credits':
      return { kind, message, hint: 'add credits at the gateway, then run the same command again' };
    case 'budget':
      return { kind, message, hint: "raise the key's limit at the gateway, then run the same command again" };
  }
}
