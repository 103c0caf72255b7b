import { isoNow, type Clock } from '../../clock.js';
import { overBudget, overMaxCost } from '../../cost/ledger.js';
import type { Attempt } from '../../domain/attempt.js';
import { defined } from '../../domain/defined.js';
import { isRecord } from '../../domain/is-record.js';
import { DailiesError } from '../../errors.js';
import type { Purchase, Rest, Verdict, WorkOrder } from '../attempt-store.js';
import { markOnce } from '../rerender-mark.js';
import { BOUGHT_MEANWHILE } from '../settlement.js';
import { attemptAfter, idAfter } from '../shot-state.js';
import type { Functions, Row } from './connection.js';
import { grouped } from './group.js';
import type { Held, HeldAttempts } from './held.js';
import type { Lease } from './lease.js';
import { nanoOf, stepOf, wholeOf } from './row.js';
import type { Standing } from './standing.js';
import type { Taken } from './taken.js';
import type { Writes } from './writes.js';

/** What it takes to decide about an intent. */
export interface IntentTools {
  readonly clock: Clock;
  readonly random: () => number;
  /** Asks the database's function for a verdict, in a group with other intents. */
  readonly ask: (call: IntentCall) => Promise<Row>;
  readonly lease: Lease;
  readonly held: HeldAttempts;
  readonly standing: Standing;
  readonly writes: Writes;
  /** Called for each attempt that is begun. */
  readonly onBegun: (attempt: Attempt) => void;
}

/** An intent as the database's function takes it. */
interface IntentCall {
  readonly worker: string;
  readonly order: string;
  readonly once: string;
  readonly purchase: object;
}

/** Asks for verdicts in groups; `signal` ends the waiting for the database. */
export function intentCalls(store: Functions, signal: AbortSignal): IntentTools['ask'] {
  return grouped((calls) => store.insist('intend_all', [JSON.stringify(calls)], { signal }));
}

/**
 * Asks the database whether a purchase may go out, and writes the intent down there and in the receipts. Rejects as the store of
 * receipts does: then it takes the intent back.
 */
export async function intend<Order extends WorkOrder>(
  tools: IntentTools,
  claim: Taken<Order>,
  { purchase, once }: { readonly purchase: Purchase; readonly once: string },
): Promise<Verdict> {
  const { clock, ask, lease, held, standing, writes } = tools;
  const last = claim.attempt === undefined ? undefined : held.find(claim.attempt)?.attempt;
  const again = last?.state.kind === 'planned' ? last : undefined;
  if (last?.state.kind === 'submitting')
    return claim.once === once
      ? { kind: 'go', attempt: last }
      : fenced('a submit for it is already in flight');
  const waitMs = standing.waitMs(claim.account);
  if (waitMs > 0) return { kind: 'wait', ms: waitMs };
  const next = submitting(tools, purchase, again);
  const given = givenUp(held, purchase.giveUp, isoNow(clock));
  const p = {
    ...wholeOf(next, again?.steps ?? 0, purchase.copy ?? 0),
    maxNano: nanoOf(purchase.estimate?.max_usd ?? 0),
    giveUp: purchase.giveUp.map((id) => ({ id, ...stepGivenUp(given.find(({ after }) => after.id === id)) })),
  };
  const sender = lease.worker();
  const row = await ask({ worker: sender, order: claim.order, once, purchase: p });
  standing.learn(row['account']);
  const detail = isRecord(row['detail']) ? row['detail'] : {};
  switch (row['verdict']) {
    case 'go':
      break;
    case 'wait':
      return { kind: 'wait', ms: Number(detail['ms']) };
    case 'ceiling':
    case 'stopped':
      return { kind: 'ceiling', ...stoppedBy(detail) };
    case 'outdated':
      return { kind: 'outdated', message: outdatedBy(detail['why']) };
    default:
      return fenced('another worker has it');
  }
  for (const { after } of given) held.learn(after);
  const { order, batch, project, account } = claim;
  const one = held.learn(next, { order, batch, project, account });
  one.sender = sender;
  claim.attempt = next.id;
  claim.once = once;
  if (!again) tools.onBegun(next);
  await witness(tools, one, writes);
  return { kind: 'go', attempt: next };
}

/** Without a receipt, nothing is sent. */
async function witness({ clock }: IntentTools, one: Held, writes: Writes): Promise<void> {
  try {
    await writes.keep(one, one.attempt);
  } catch (error) {
    const message = 'the receipt of the intent could not be written, so nothing was sent';
    await writes.change(one, { type: 'not_accepted', at: isoNow(clock), message }).catch(() => undefined);
    throw error;
  }
}

/** The attempt that the intent of a purchase makes: a new one, or the one that was not accepted. */
function submitting(
  { clock, held, random }: IntentTools,
  purchase: Purchase,
  before: Attempt | undefined,
): Attempt {
  const at = isoNow(clock);
  const { giveUp: _, replaces, rerender, copy: __, callback, ...order } = purchase;
  let planned = before;
  if (!planned) {
    const id = idAfter(held.all().at(-1)?.id, { nowMs: clock.now(), random: random() });
    const asked = defined({ replaces, rerender: rerender && markOnce(rerender, held.all()) });
    planned = attemptAfter(() => undefined, { type: 'begun', id, at, ...order, ...asked });
  }
  const found = planned;
  const started = { type: 'submit_started', at, ...defined({ callback }) } as const;
  const next = found && attemptAfter(() => found, { ...started, id: found.id, step: found.steps + 1 });
  if (!next) throw new DailiesError('internal', 'the intent is not valid');
  return next;
}

/** The attempts to give up at the moment that another one begins. */
function givenUp(held: HeldAttempts, ids: readonly string[], at: string) {
  return ids.flatMap((id) => {
    const attempt = held.find(id)?.attempt;
    if (attempt?.state.kind !== 'uncertain') return [];
    const step = attempt.steps + 1;
    const after = attemptAfter(() => attempt, { type: 'resolved', as: 'abandoned', at, id, step });
    return after ? [{ before: attempt.steps, after }] : [];
  });
}

/** The step that gives an attempt up; none if it was given up before. */
function stepGivenUp(given: ReturnType<typeof givenUp>[number] | undefined) {
  return given && stepOf(given.after, given.before);
}

function fenced(message: string): Verdict {
  return { kind: 'fenced', message };
}

/** Why nothing more is bought, from the database's answer. */
export function stoppedBy(detail: Readonly<Record<string, unknown>>): NonNullable<Rest['stopped']> {
  const { why, which, message } = detail;
  if (typeof message === 'string') return { message, hint: 'enqueue it again when that is fixed' };
  const told = typeof why === 'string' ? STOPPED[why] : undefined;
  if (told) return told;
  const crossing = {
    nextUsd: Number(detail['nextNano']) / 1e9,
    spentUsd: Number(detail['spentNano']) / 1e9,
    ceilingUsd: Number(detail['ceilingNano']) / 1e9,
  };
  if (which === 'batch') return { message: overMaxCost(crossing) };
  if (which !== 'account') return { message: overBudget(crossing) };
  return {
    message: overBudget(crossing, 'the budget of the account'),
    hint: 'dailies account set --budget raises it, for all who share the account',
  };
}

const STOPPED: Readonly<Record<string, { readonly message: string; readonly hint: string }>> = {
  credits: {
    message: 'the credits of the account at the gateway, or what its key may spend, are used up',
    hint: 'add credits at the gateway, then dailies account resume',
  },
  budget: {
    message: 'the budget of the account is used up',
    hint: 'raise it with dailies account set --budget',
  },
  gateway: {
    message: 'the gateway gave an unclear answer to a submit, and would answer the next one in the same way',
    hint: 'check its address; dailies status lists what is held; then dailies account resume',
  },
  withdrawn: {
    message: 'the run that wanted it was stopped',
    hint: 'run or enqueue the manifest again',
  },
  'went-back': {
    message: 'the database has gone back in time, and would buy again what it has forgotten',
    hint: 'dailies store reconcile reads the receipts; then buying continues',
  },
};

/** Why an order is not bought any more. */
export function outdatedBy(why: unknown): string {
  return OUTDATED[String(why)] ?? 'the order is out of date';
}

const OUTDATED: Readonly<Record<string, string>> = {
  revision: 'the manifest has changed since the order was planned',
  bought: BOUGHT_MEANWHILE,
  withdrawn: 'the run stopped before it was submitted',
};
