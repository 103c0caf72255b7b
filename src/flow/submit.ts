import { isoNow } from '../clock.js';
import type { Attempt, RecordedRequest } from '../domain/attempt.js';
import type { Estimate } from '../domain/money.js';
import type { Take } from '../domain/take.js';
import type { StopReason } from '../events.js';
import { unreachable } from '../errors.js';
import type { SubmitOutcome } from '../gateway/outcomes.js';
import { gatewayIdentity } from './connections.js';
import { about, note, record, type RunContext } from './run-context.js';

/** A run that could not submit anything for this long is over. */
const GIVE_UP_AFTER_MS = 10 * 60_000;

/** What a submit needs: what is bought for whom, and the body that asks for it. */
export interface Purchase {
  readonly take: Take;
  readonly fingerprint: string;
  readonly request: RecordedRequest;
  readonly estimate: Estimate | null;
  readonly body: Buffer;
  /** Uncertain attempts that are given up at the moment this one is begun. */
  readonly giveUp: readonly Attempt[];
}

/**
 * Buys a clip: the intent is on disk before a byte leaves, one POST goes out, and its outcome is on disk before
 * anything else is done with it. A "not now" is waited out and tried again.
 * Gives the attempt pending, refused or uncertain; planned or undefined where the run stopped before it was sent.
 */
export async function submit(context: RunContext, purchase: Purchase): Promise<Attempt | undefined> {
  const { control, gate, ledger, clock, emit, connections } = context;
  const { take, body, estimate } = purchase;
  const gateway = await connections.current();
  const isStopped = () => control.submitting.aborted;
  let attempt: Attempt | undefined;
  for (;;) {
    const mayEnter = await gate.enter(control.submitting).then(
      () => true,
      () => false,
    );
    if (!mayEnter) return attempt;
    // From here to the moment it is counted nothing is waited for: two that ask at once might both find room.
    const objection = ledger.objection(estimate);
    if (objection !== undefined) {
      const hint = 'raise budget_usd or --max-cost, or render fewer shots with --only';
      control.stop({ kind: 'budget', message: objection, hint });
      return attempt;
    }
    // A clip that nothing can hold is not bought.
    context.assertOutput();
    attempt ??= begin(context, purchase);
    attempt = await record(context, attempt, { type: 'submit_started' });
    if (isStopped()) {
      // Nothing has left yet: the intent is taken back, and the shot stays free.
      return record(context, attempt, { type: 'not_accepted', message: 'stopped before it was sent' });
    }
    emit({ type: 'shot.submitting', ...about(take, clock), model: take.settings.model });
    const sentAtMs = clock.now();
    const outcome = await gateway.submit(body, control.answering);
    attempt = await recordOutcome(context, attempt, outcome);
    switch (outcome.kind) {
      case 'accepted':
        gate.accepted();
        emit({
          type: 'shot.submitted',
          ...about(take, clock),
          model: take.settings.model,
          job_id: outcome.job.id,
          ...ledger.spent,
        });
        return attempt;
      case 'uncertain':
        return attempt;
      case 'refused':
        if (outcome.stops)
          control.stop(stopReason(outcome.stops, { message: outcome.message, keyHint: gateway.keyHint }));
        return attempt;
      case 'not_accepted':
        slowDown(context, { sentAtMs, outcome });
        break;
      default:
        return unreachable(outcome);
    }
  }
}

/**
 * The attempt comes into being together with its intent: both lines are one write, and what is given up for it stands
 * before them.
 */
function begin(context: RunContext, purchase: Purchase): Attempt {
  const { store, ledger, clock, project } = context;
  const { take, fingerprint, request, estimate, giveUp } = purchase;
  for (const { id } of giveUp) {
    const uncertain = store.get(id);
    // It may have stood in the way of two takes, and the other one has given it up already.
    if (uncertain.state.kind === 'uncertain') note(context, uncertain, { type: 'resolved', as: 'abandoned' });
  }
  const attempt = store.begin({
    owner: { shot: take.shot, take: take.take },
    fingerprint,
    request,
    gateway: gatewayIdentity(project.target),
    estimate,
    at: isoNow(clock),
  });
  ledger.own(attempt);
  context.serving.set(take.key, attempt.id);
  context.begun.set(take.key, [...(context.begun.get(take.key) ?? []), attempt.id]);
  return attempt;
}

function recordOutcome(context: RunContext, attempt: Attempt, outcome: SubmitOutcome): Promise<Attempt> {
  switch (outcome.kind) {
    case 'accepted':
      return record(context, attempt, { type: 'accepted', job: outcome.job });
    case 'uncertain':
      return record(context, attempt, { type: 'answer_lost', message: outcome.message });
    case 'refused':
      return record(context, attempt, { type: 'refused', status: outcome.status, message: outcome.message });
    case 'not_accepted':
      return record(context, attempt, { type: 'not_accepted', message: outcome.message });
    default:
      return unreachable(outcome);
  }
}

function slowDown(
  { gate, control, clock, emit }: RunContext,
  refusal: { readonly sentAtMs: number; readonly outcome: Extract<SubmitOutcome, { kind: 'not_accepted' }> },
): void {
  const { message, retryAfterMs } = refusal.outcome;
  const wait_ms = gate.refused({
    sentAtMs: refusal.sentAtMs,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
  if (gate.troubleMs() + wait_ms > GIVE_UP_AFTER_MS) {
    const hint = 'run the same command again later: nothing is lost, and nothing is bought twice';
    control.stop({
      kind: 'gateway',
      message: `the gateway accepts no submit within ten minutes: ${message}`,
      hint,
    });
  } else emit({ type: 'run.slowed', at: isoNow(clock), message, wait_ms });
}

function stopReason(
  kind: 'key' | 'credits' | 'budget',
  { message, keyHint }: { readonly message: string; readonly keyHint: string },
): StopReason {
  switch (kind) {
    case 'key':
      return { kind, message, hint: `${keyHint}, then run the same command again` };
    case 'credits':
      return { kind, message, hint: 'add credits at the gateway, then run the same command again' };
    case 'budget':
      return { kind, message, hint: "raise the key's limit at the gateway, then run the same command again" };
  }
}
