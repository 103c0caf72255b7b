import { isoNow } from '../../clock.js';
import { countUnpriced, isEstimated } from '../../cost/budget.js';
import { overBudget, overMaxCost } from '../../cost/ledger.js';
import type { Attempt, AttemptEvent } from '../../domain/attempt.js';
import { defined } from '../../domain/defined.js';
import { isRecord } from '../../domain/is-record.js';
import { isCompleted } from '../../domain/standing.js';
import type { SubmitOutcome } from '../../domain/submit-outcome.js';
import { DailiesError } from '../../errors.js';
import { slotKey } from '../../plan/graph.js';
import type { Purchase, Verdict, WorkOrder } from '../attempt-store.js';
import type { Change } from '../journal-line.js';
import { jobTaken, paceAfter, settledBy } from '../settlement.js';
import { attemptAfter, idAfter } from '../shot-state.js';
import { markOnce } from '../rerender-mark.js';
import { createHeldAttempts, type Held } from './held.js';
import type { Beat, Lease } from './lease.js';
import type { Link, Opened, PostgresAttempts, PostgresOptions, WholeProject } from './open-store.js';
import { attemptIn, nanoOf, stepOf, wholeOf } from './row.js';
import { paceRow, type Standing } from './standing.js';
import { createTaken, type Taken } from './taken.js';

/** What comes back unfinished is anybody's again after this long: its own worker has just failed with it. */
const AGAIN_MS = 30_000;
/** How often a late answer is written down anew, where somebody is always faster. */
const LATE_TRIES = 5;

/**
 * An attempt store over PostgreSQL. TypeScript computes each next state; a function of the database writes it down where nobody
 * else has gone on meanwhile. It has in memory what this process owns, and the whole of a project of its own.
 */
export function createAttempts<Order extends WorkOrder>({
  options,
  link,
  lease,
  standing,
  opened,
  whole,
  accounts,
}: {
  readonly options: PostgresOptions<Order>;
  readonly link: Link;
  readonly lease: Lease;
  readonly standing: Standing;
  readonly opened: Opened | undefined;
  readonly whole: WholeProject | undefined;
  readonly accounts: readonly number[];
}): PostgresAttempts<Order> & { heard(beat: Beat): Promise<void> } {
  const { clock, random = Math.random, batch: terms } = options;
  const { store, database, schema } = link;
  const held = createHeldAttempts();
  for (const attempt of whole?.attempts ?? []) held.learn(attempt);
  const taken = createTaken<Order>({ options, store, lease, held, accounts, batch: opened?.batch });
  const begun = new Map<string, string[]>();
  const closing = new AbortController();
  let picks = whole?.picks ?? {};
  let catalogue = whole?.catalogue;
  let turn: Promise<unknown> = Promise.resolve();

  const assertOpen = () => {
    if (closing.signal.aborted) throw new DailiesError('internal', 'the state is closed');
  };
  const takenOver = (message: string) => new DailiesError('taken-over', message);
  const learn = (row: Readonly<Record<string, unknown>> | undefined) => standing.learn(row?.['account']);

  /** Writes down all that has happened to an attempt in memory, after what is on its way already. */
  const write = (one: Held, extra: object = {}): Promise<Attempt> => {
    const written = one.writes
      .catch(() => undefined)
      .then(async () => {
        if (one.stored >= one.attempt.steps) return one.attempt;
        const { attempt } = one;
        const step = { ...stepOf(attempt, one.stored), sender: one.sender, ...extra };
        const [row] = await store.insist('record', [lease.worker(), JSON.stringify(step)]);
        learn(row);
        const verdict = row?.['verdict'];
        if (verdict === 'ok') {
          one.stored = Math.max(one.stored, attempt.steps);
          return attempt;
        }
        if (verdict === 'job-taken') throw new JobTaken(attemptIn(row?.['attempt']));
        if (isRecord(row?.['attempt'])) held.learn(attemptIn(row['attempt']));
        if (verdict === 'late') {
          throw takenOver('its answer came late, and is written down: whoever is next follows the job');
        }
        throw takenOver('another worker has gone on with it');
      });
    one.writes = written.catch(() => undefined);
    return written;
  };
  const change = async (id: string, what: Change): Promise<Attempt> => {
    assertOpen();
    const one = held.get(id);
    held.move(one, what);
    return write(one);
  };

  /** The attempt of a purchase as the intent makes it: a new one, or the one that was not accepted. */
  const submitting = (purchase: Purchase, before: Attempt | undefined): Attempt => {
    const at = isoNow(clock);
    const { giveUp: _, replaces, rerender, copy: __, ...order } = purchase;
    let attempt = before;
    if (!attempt) {
      const id = idAfter(held.all().at(-1)?.id, { nowMs: clock.now(), random: random() });
      const asked = defined({ replaces, rerender: rerender && markOnce(rerender, held.all()) });
      attempt = attemptAfter(() => undefined, { type: 'begun', id, at, ...order, ...asked });
    }
    const planned = attempt;
    const next =
      planned &&
      attemptAfter(() => planned, { type: 'submit_started', at, id: planned.id, step: planned.steps + 1 });
    if (!next) throw new DailiesError('internal', 'the intent is none');
    return next;
  };
  /** What is given up at the moment that another is begun. */
  const givenUp = (ids: readonly string[], at: string) =>
    ids.flatMap((id) => {
      const one = held.find(id);
      if (one?.attempt.state.kind !== 'uncertain') return [];
      const { attempt } = one;
      const after = attemptAfter(() => attempt, {
        ...{ type: 'resolved', as: 'abandoned', at, id, step: attempt.steps + 1 },
      });
      return after ? [{ before: attempt.steps, after }] : [];
    });

  const intend = async (claim: Taken<Order>, purchase: Purchase, once: string): Promise<Verdict> => {
    const last = claim.attempt === undefined ? undefined : held.find(claim.attempt)?.attempt;
    const again = last?.state.kind === 'planned' ? last : undefined;
    if (last?.state.kind === 'submitting')
      return claim.once === once
        ? { kind: 'go', attempt: last }
        : fenced('a submit for it is on its way already');
    const waitMs = standing.waitMs();
    if (waitMs > 0) return { kind: 'wait', ms: waitMs };
    const next = submitting(purchase, again);
    const given = givenUp(purchase.giveUp, isoNow(clock));
    const p = {
      ...wholeOf(next, again?.steps ?? 0, purchase.copy ?? 0),
      maxNano: nanoOf(purchase.estimate?.max_usd ?? 0),
      giveUp: given.map(({ before, after }) => stepOf(after, before)),
    };
    const sender = lease.worker();
    const [row] = await store.insist('intend', [sender, claim.order, once, JSON.stringify(p)], closing);
    learn(row);
    const detail = isRecord(row?.['detail']) ? row['detail'] : {};
    switch (row?.['verdict']) {
      case 'go':
        break;
      case 'wait':
        return { kind: 'wait', ms: Number(detail['ms']) };
      case 'ceiling':
        return { kind: 'ceiling', message: ceilingMessage(detail, purchase) };
      case 'stopped':
        return stopped(detail['why'], purchase);
      case 'outdated':
        return { kind: 'outdated', message: OUTDATED[String(detail['why'])] ?? 'the order is out of date' };
      default:
        return fenced('another worker has it');
    }
    for (const { after } of given) held.learn(after);
    const one = held.learn(next, { order: claim.order, batch: claim.batch });
    one.sender = sender;
    claim.attempt = next.id;
    claim.once = once;
    if (!again) {
      const key = slotKey(next.owner);
      begun.set(key, [...(begun.get(key) ?? []), next.id]);
    }
    return { kind: 'go', attempt: next };
  };

  /** What a late answer is to an attempt that others have gone on with. */
  const settleLate = async (one: Held, outcome: SubmitOutcome, sent: Attempt): Promise<void> => {
    for (let tries = 0; tries < LATE_TRIES; tries++) {
      const { kind } = one.attempt.state;
      const at = isoNow(clock);
      const event =
        kind === 'submitting'
          ? settledBy(outcome, at)
          : kind === 'uncertain'
            ? resolution(outcome, at)
            : undefined;
      if (!event) break;
      held.move(one, event);
      try {
        await write(one);
        return;
      } catch (error) {
        if (!(error instanceof DailiesError) || error.code !== 'taken-over') throw error;
        const isWritten = outcome.kind === 'accepted' && hasJob(one.attempt, outcome.job.id);
        if (isWritten || one.attempt.state.kind !== 'uncertain') break;
      }
    }
    if (outcome.kind !== 'accepted' || hasJob(one.attempt, outcome.job.id)) return;
    await adopt(one, sent, outcome);
  };
  /** A job id is never thrown away: it becomes an attempt of its own, which counts and is followed. */
  const adopt = async (one: Held, sent: Attempt, outcome: Extract<SubmitOutcome, { kind: 'accepted' }>) => {
    const id = idAfter(held.all().at(-1)?.id, { nowMs: clock.now(), random: random() });
    const { replaces: _, ...rest } = sent;
    const accepted = {
      type: 'accepted',
      at: isoNow(clock),
      job: outcome.job,
      id,
      step: sent.steps + 1,
    } as const;
    const next = attemptAfter(() => ({ ...rest, id }), accepted);
    if (!next || !one.work) return;
    const { batch } = one.work;
    const { model } = sent.request;
    const order = {
      batch,
      model,
      key: `late ${id}`,
      doc: { kind: 'follow', key: `late ${id}`, model, attempt: id },
    };
    await store.insist('adopt', [
      await projectOf(batch),
      await accountOf(batch),
      JSON.stringify({ ...wholeOf(next, 0, null), order }),
    ]);
  };
  const batchRow = async (batch: string) =>
    (await database.insist(`select project, account from ${schema}.batch where id = $1`, [batch]))[0];
  const projectOf = async (batch: string) => (await batchRow(batch))?.['project'];
  const accountOf = async (batch: string) => (await batchRow(batch))?.['account'];

  return {
    worker: () => lease.worker(),
    attempts: () => held.all(),
    get: (id) => held.get(id).attempt,
    picks: () => picks,
    catalogue: () => catalogue,
    offer: (order) => taken.offer(order),
    enqueued: () => taken.enqueued(),
    claim: (most, signal) => taken.claim(most, AbortSignal.any([signal, closing.signal])),
    release: () => undefined,
    async finish(claim) {
      const own = taken.of(claim);
      if (!own) return;
      const attempt = own.attempt === undefined ? undefined : held.find(own.attempt)?.attempt;
      await held.find(own.attempt ?? '')?.writes;
      // What came to its end was closed with its last step.
      if (!attempt || !isClosed(attempt)) await store.insist('leave', [lease.worker(), own.order, AGAIN_MS]);
      if (attempt && !whole) held.forget(attempt.id);
      taken.drop(claim);
    },
    isOurs: () => lease.isHeld(),

    async intend(claim, purchase, once) {
      assertOpen();
      const own = taken.of(claim);
      if (!own) return fenced('nobody has handed it out here');
      // While the pace is slow the intents of this process stand in one row: each knows then what the one before was told.
      if (standing.pace().gapMs === 0) return intend(own, purchase, once);
      const mine = turn.then(() => intend(own, purchase, once));
      turn = mine.catch(() => undefined);
      return mine;
    },

    async settle({ id }, outcome, sentAtMs) {
      const one = held.get(id);
      const sent = one.attempt;
      const at = isoNow(clock);
      const pace = standing.pace();
      const moment = { nowMs: standing.nowMs(), sentAtMs: standing.atMs(sentAtMs), random: random() };
      const next = paceAfter(pace, outcome, moment);
      const slower = next === pace ? {} : { pace: { version: standing.version(), next: paceRow(next) } };
      const stop = outcome.kind === 'refused' && outcome.stops === 'credits' ? { stop: 'credits' } : {};
      held.move(one, settledBy(outcome, at));
      try {
        return await write(one, { ...slower, ...stop });
      } catch (error) {
        if (error instanceof JobTaken && outcome.kind === 'accepted') {
          held.learn(sent);
          held.move(one, jobTaken(outcome.job.id, at, error.holder));
          return write(one, slower);
        }
        if (error instanceof DailiesError && error.code === 'taken-over')
          await settleLate(one, outcome, sent);
        throw error;
      }
    },

    record: ({ id }, event) => change(id, event),
    note({ id }, event) {
      assertOpen();
      const one = held.get(id);
      const after = held.move(one, event);
      // It gives a place back, and tells what the job has cost: that waits for nothing else.
      if (isCompleted(after) && event.type === 'completed')
        void write(one).then(
          () => taken.wake(),
          () => undefined,
        );
      return after;
    },
    async deliver({ id }, outputs, put) {
      assertOpen();
      await put();
      return change(id, { type: 'delivered', outputs, at: isoNow(clock) });
    },
    assign: ({ id }, owner) => change(id, { type: 'assigned', owner }),
    named({ id }, names) {
      assertOpen();
      const one = held.get(id);
      held.move(one, { type: 'named', names });
    },
    async setPicks(now) {
      assertOpen();
      picks = now;
      await database.insist(`update ${schema}.project set picks = $2 where id = $1`, [
        terms?.project,
        JSON.stringify(now),
      ]);
    },
    async setCatalogue(now) {
      assertOpen();
      catalogue = now;
      await database.insist(`update ${schema}.project set catalogue = $2 where id = $1`, [
        terms?.project,
        JSON.stringify(now),
      ]);
    },
    account() {
      const all = held.all();
      const own = all.filter(({ id, owner }) => begun.get(slotKey(owner))?.includes(id));
      return {
        spentUsd: standing.spentUsd(),
        spentUnpriced: countUnpriced(all),
        spentEstimated: all.filter(isEstimated).length,
        runUsd: standing.batchUsd(),
        runUnpriced: countUnpriced(own),
      };
    },
    begunFor: (owner) => (begun.get(slotKey(owner)) ?? []).flatMap((id) => held.find(id)?.attempt ?? []),
    pace() {
      const { pausedUntilMs, troubleSinceMs } = standing.pace();
      const nowMs = standing.nowMs();
      return {
        waitMs: Math.max(0, pausedUntilMs - nowMs),
        troubleMs: troubleSinceMs === undefined ? 0 : nowMs - troubleSinceMs,
      };
    },

    async heard({ hasWork, unanswered }) {
      for (const document of unanswered) {
        const lost: AttemptEvent = { type: 'answer_lost', at: isoNow(clock), message: GONE };
        const one = held.learn(attemptIn(document));
        held.move(one, lost);
        // Several beats may find it at once, and its sender may be back.
        await write(one).catch(() => undefined);
        if (!whole) held.forget(one.attempt.id);
      }
      if (hasWork) taken.wake();
    },
    async close() {
      if (closing.signal.aborted) return;
      closing.abort(new DailiesError('internal', 'the state is closed'));
      try {
        await lease.stop();
        for (const { id } of held.all()) {
          const one = held.get(id);
          await one.writes;
          if (one.stored < one.attempt.steps) await write(one).catch(() => undefined);
        }
        await store.ask('farewell', [lease.worker()]).catch(() => undefined);
      } finally {
        await database.close();
      }
    },
    async vanish() {
      closing.abort(new DailiesError('internal', 'the state is closed'));
      await lease.stop();
      await database.close();
    },
  };
}

/** The job of an accepted submit is another attempt's. */
class JobTaken extends Error {
  override readonly name = 'JobTaken';
  readonly holder: Attempt;
  constructor(holder: Attempt) {
    super('the job is another attempt’s');
    this.holder = holder;
  }
}

function fenced(message: string): Verdict {
  return { kind: 'fenced', message };
}

/** What a late answer says of an attempt that was given up as uncertain. */
function resolution(outcome: SubmitOutcome, at: string): AttemptEvent | undefined {
  if (outcome.kind === 'uncertain') return undefined;
  if (outcome.kind === 'accepted') return { type: 'resolved', as: 'job', at, job: outcome.job };
  return { type: 'resolved', as: 'not_charged', at };
}

function hasJob({ state }: Attempt, id: string): boolean {
  return 'job' in state && state.job.id === id;
}

/** Whether the last step has closed the order, too. */
function isClosed(attempt: Attempt): boolean {
  return ['delivered', 'refused', 'uncertain', 'not_charged', 'abandoned'].includes(attempt.state.kind);
}

function ceilingMessage(detail: Readonly<Record<string, unknown>>, { estimate }: Purchase): string {
  const crossing = {
    nextUsd: estimate?.max_usd ?? 0,
    spentUsd: Number(detail['spentNano']) / 1e9,
    ceilingUsd: Number(detail['ceilingNano']) / 1e9,
  };
  if (detail['which'] === 'batch') return overMaxCost(crossing);
  return overBudget(crossing, detail['which'] === 'account' ? 'the budget of the account' : undefined);
}

function stopped(why: unknown, { gateway }: Purchase): Verdict {
  return why === 'credits'
    ? {
        kind: 'ceiling',
        message: `the credits at ${gateway} are used up`,
        hint: 'add credits at the gateway, then dailies account resume',
      }
    : {
        kind: 'ceiling',
        message: 'the database has gone back in time, and would buy again what it has forgotten',
        hint: 'dailies store reconcile reads the receipts; after that buying goes on',
      };
}

const OUTDATED: Readonly<Record<string, string>> = {
  revision: 'the manifest has changed since the order was planned',
  bought: 'it was bought meanwhile',
};

const GONE = 'the program ended before the answer came';
