import { isoNow } from '../../clock.js';
import { countUnpriced, isEstimated } from '../../cost/budget.js';
import type { Attempt, AttemptEvent } from '../../domain/attempt.js';
import { isCompleted } from '../../domain/standing.js';
import type { SubmitOutcome } from '../../domain/submit-outcome.js';
import { DailiesError } from '../../errors.js';
import { slotKey } from '../../plan/graph.js';
import type { Verdict, WorkOrder } from '../attempt-store.js';
import type { Change } from '../journal-line.js';
import { jobTaken, paceAfter, settledBy, takenJob } from '../settlement.js';
import { attemptAfter } from '../shot-state.js';
import { createTurns } from '../turns.js';
import { createHeldAttempts } from './held.js';
import { intend, intentCalls, type IntentTools } from './intents.js';
import { settleLate } from './late-answers.js';
import type { Beat, Lease } from './lease.js';
import type { Link } from './connection.js';
import type { PostgresAttempts, PostgresOptions } from './open-store.js';
import type { WholeProject } from './whole-project.js';
import type { ReceiptQueue } from './receipt-queue.js';
import { attemptIn, stepOf } from './row.js';
import { paceRow, type Standing } from './standing.js';
import { createTaken } from './taken.js';
import { createWrites, JobTaken } from './writes.js';

/** After this long, any worker may take an order that was given back unfinished: its own worker has just failed with it. */
const AGAIN_MS = 30_000;

/**
 * An attempt store over PostgreSQL. TypeScript computes each next state; a function of the database writes it down if nobody
 * else has continued meanwhile. The store has in memory what this process owns, and the whole of its own project.
 */
export function createAttempts<Order extends WorkOrder>({
  options,
  link,
  lease,
  standing,
  whole,
  accounts,
  receipts,
}: {
  readonly options: Pick<PostgresOptions<Order>, 'clock' | 'random' | 'parseOrder' | 'documentOf'>;
  readonly link: Link;
  readonly lease: Lease;
  readonly standing: Standing;
  readonly whole: WholeProject | undefined;
  readonly accounts: readonly number[];
  readonly receipts: ReceiptQueue | undefined;
}): PostgresAttempts<Order> & { heard(beat: Beat): Promise<void> } {
  const { clock, random = Math.random } = options;
  const { store, database, schema } = link;
  const held = createHeldAttempts();
  const work = whole && { project: whole.id, batch: undefined, order: undefined, account: undefined };
  for (const attempt of whole?.attempts ?? []) held.learn(attempt, work);
  const writes = createWrites({ store, lease, held, standing, receipts });
  const begun = new Map<string, string[]>();
  const onBegun = ({ id, owner }: Attempt) => {
    if (!whole) return;
    const key = slotKey(owner);
    const ids = begun.get(key) ?? [];
    if (!ids.includes(id)) begun.set(key, [...ids, id]);
  };
  const known = new Set(whole?.attempts.map(({ id }) => id));
  const taken = createTaken<Order>({
    ...{ options, store, lease, held, accounts, standing },
    // Purchases of others for this batch count as purchases of this run, too.
    onNews: (attempt) => (known.has(attempt.id) ? undefined : onBegun(attempt)),
  });
  const closing = new AbortController();
  const intents: IntentTools = {
    ...{ clock, random, lease, held, standing, writes, onBegun, ask: intentCalls(store, closing.signal) },
  };
  let picks = whole?.picks ?? {};
  let catalogue = whole?.catalogue;
  const turns = createTurns();

  const assertOpen = () => {
    if (closing.signal.aborted) throw new DailiesError('internal', 'the state is closed');
  };
  const change = async (id: string, what: Change): Promise<Attempt> => {
    assertOpen();
    return writes.change(held.get(id), what);
  };
  const project = () => {
    if (!whole) throw new DailiesError('internal', 'a worker has no project of its own');
    return whole.id;
  };

  return {
    worker: () => lease.worker(),
    health: () => lease.health(),
    attempts: () => held.all(),
    get: (id) => held.get(id).attempt,
    picks: () => picks,
    catalogue: () => catalogue,
    projectId: whole?.id ?? '',
    repaired: [],
    reported: () => undefined,
    setReported: () => undefined,
    copies: () => whole?.copies ?? new Map(),
    async unknown(ids) {
      const sql = `select id from unnest($1::text[]) id where not exists (select 1 from ${schema}.attempt a where a.id = id.id)`;
      return (await database.insist(sql, [ids])).map(({ id }) => String(id));
    },
    begin(opened) {
      standing.learn(opened.standing);
      taken.begin(opened.batch);
    },
    batch: () => taken.batch(),
    async planned(batch, { changes, waiting }) {
      await store.insist('planned', [batch, changes, waiting]);
    },
    offer: (order) => taken.offer(order),
    enqueued: () => taken.enqueued(),
    claim: (most, signal) => taken.claim(most, AbortSignal.any([signal, closing.signal])),
    withdraw: (all) => taken.withdraw(all),
    release: () => undefined,
    async finish(claim, rest) {
      const own = taken.of(claim);
      if (!own) return;
      await held.find(own.attempt ?? '')?.writes;
      // Its job may have become known since its answer was lost.
      const attempt = own.attempt === undefined ? undefined : held.find(own.attempt)?.attempt;
      // From here on the order may be handed out again, also to this process.
      taken.drop(claim);
      // If its purchase came to its end, the last step has closed the order.
      if (own.once === undefined || !attempt || !isClosed(attempt)) {
        const note = rest === undefined ? null : JSON.stringify(rest);
        await store.insist('leave', [lease.worker(), own.order, AGAIN_MS, note]);
      }
      if (attempt && !whole && !taken.has(attempt.id)) held.forget(attempt.id);
      taken.wake();
    },
    isOurs: () => lease.isHeld(),

    async intend(claim, purchase, once): Promise<Verdict> {
      assertOpen();
      const own = taken.of(claim);
      if (!own) return { kind: 'fenced', message: 'nobody has handed it out here' };
      const ask = () => intend(intents, own, { purchase, once });
      // While the pace is slow, the intents of this process queue up: each then knows the verdict on the one before.
      if (standing.account(own.account).pace.gapMs === 0) return ask();
      return turns(own.account, ask);
    },

    async settle({ id }, outcome, sentAtMs) {
      const one = held.get(id);
      const sent = one.attempt;
      const at = isoNow(clock);
      const { pace, version } = standing.account(one.work?.account ?? '');
      const moment = { nowMs: standing.nowMs(), sentAtMs: standing.atMs(sentAtMs), random: random() };
      const next = paceAfter(pace, outcome, moment);
      const slower = next === pace ? {} : { pace: { version, next: paceRow(next) } };
      held.move(one, settledBy(outcome, at));
      try {
        return await writes.write(one, { ...slower, ...stopping(outcome) });
      } catch (error) {
        if (error instanceof JobTaken && outcome.kind === 'accepted') {
          held.learn(sent);
          held.move(one, jobTaken(outcome.job.id, at, error.holder));
          return writes.write(one, slower);
        }
        if (error instanceof DailiesError && error.code === 'taken-over')
          await settleLate({ clock, random, link, held, writes }, one, { outcome, sent });
        throw error;
      }
    },

    async adopt(given, job) {
      assertOpen();
      const { id } = given;
      // The record that its answer was lost may be on its way to the database.
      await held.find(id)?.writes;
      const before = held.find(id)?.attempt ?? given;
      const event = {
        type: 'resolved',
        as: 'job',
        job,
        at: isoNow(clock),
        id,
        step: before.steps + 1,
      } as const;
      const after = before.state.kind === 'uncertain' ? attemptAfter(() => before, event) : undefined;
      if (!after) return before;
      const step = { ...stepOf(after, before.steps), settled: true };
      const [row] = await store.insist('record', [lease.worker(), JSON.stringify(step)]);
      if (row?.['verdict'] === 'job-taken') throw takenJob(job.id, attemptIn(row['attempt']));
      const now = row?.['verdict'] === 'ok' ? after : (attemptOrNone(row?.['attempt']) ?? before);
      // If the attempt has moved on in memory meanwhile, that state is newer.
      const here = held.find(id);
      if (!here || here.attempt.steps >= now.steps) return here?.attempt ?? now;
      held.learn(now);
      await writes.keep(here, now);
      return now;
    },
    async hinted(token, job) {
      const here = held.sentWith(token);
      if (here && (here.state.kind === 'uncertain' || taken.has(here.id))) return here;
      const [row] = await store.ask('hint', [token, job]);
      return row?.['hint'] === true ? 'passed on' : undefined;
    },
    async heeded({ id }, job) {
      await store.insist('heeded', [id, job]);
    },
    async refresh({ id }) {
      const [row] = await store.insist('attempt_now', [id]);
      const now = row && attemptOrNone(row['attempt_now']);
      if (now && now.steps > held.get(id).attempt.steps) held.learn(now);
      return held.get(id).attempt;
    },
    told(document) {
      const attempt = attemptOrNone(document);
      const here = attempt && held.find(attempt.id)?.attempt;
      // A project that is known whole has no attempts of others.
      const isAnybodys = attempt?.state.kind === 'uncertain' && !whole;
      return here ?? (isAnybodys ? attempt : undefined);
    },
    record: ({ id }, event) => change(id, event),
    note({ id }, event) {
      assertOpen();
      const one = held.get(id);
      const after = held.move(one, event);
      // This step gives a place back, and records the cost of the job: it waits for nothing else.
      if (isCompleted(after) && event.type === 'completed')
        void writes.write(one).then(
          () => taken.wake(),
          () => undefined,
        );
      return after;
    },
    async deliver({ id }, outputs, put) {
      assertOpen();
      const one = held.get(id);
      const { attempt } = one;
      const delivered = { type: 'delivered', outputs, at: isoNow(clock) } as const;
      const after = attemptAfter(() => attempt, { ...delivered, id, step: attempt.steps + 1 });
      if (after) await writes.keep(one, after);
      await put();
      return change(id, delivered);
    },
    assign: ({ id }, owner) => change(id, { type: 'assigned', owner }),
    named({ id }, names) {
      assertOpen();
      held.move(held.get(id), { type: 'named', names });
    },
    async setPicks(now) {
      assertOpen();
      picks = now;
      await store.insist('set_picks', [project(), JSON.stringify(now)]);
    },
    async setCatalogue(now) {
      assertOpen();
      catalogue = now;
      await database.insist(`update ${schema}.project set catalogue = $2 where id = $1`, [
        project(),
        JSON.stringify(now),
      ]);
    },
    account(claim) {
      const of = claim && taken.placeOf(claim);
      const all = held.all();
      const own = all.filter(({ id, owner }) => begun.get(slotKey(owner))?.includes(id));
      return {
        spentUsd: standing.spentUsd(of?.project ?? whole?.id ?? ''),
        spentUnpriced: countUnpriced(all),
        spentEstimated: all.filter(isEstimated).length,
        runUsd: standing.batchUsd(of?.batch ?? taken.batch() ?? ''),
        runUnpriced: countUnpriced(own),
      };
    },
    latest(claim) {
      const id = taken.of(claim)?.attempt;
      return id === undefined ? undefined : held.find(id)?.attempt;
    },
    begunFor: (owner) => (begun.get(slotKey(owner)) ?? []).flatMap((id) => held.find(id)?.attempt ?? []),
    pace(claim) {
      const { pausedUntilMs, troubleSinceMs } = standing.account(taken.of(claim)?.account ?? '').pace;
      const nowMs = standing.nowMs();
      return {
        waitMs: Math.max(0, pausedUntilMs - nowMs),
        troubleMs: troubleSinceMs === undefined ? 0 : nowMs - troubleSinceMs,
      };
    },

    async heard({ hasWork, unanswered }) {
      for (const document of unanswered) {
        const lost: AttemptEvent = { type: 'answer_lost', at: isoNow(clock), message: GONE };
        const told = attemptOrNone(document);
        if (!told) continue;
        const isKnown = held.find(told.id) !== undefined;
        // Several beats may find it at once, and its sender may be back.
        await writes.change(held.learn(told), lost).catch(() => undefined);
        if (!isKnown) held.forget(told.id);
      }
      if (hasWork) taken.wake();
    },
    async close() {
      if (closing.signal.aborted) return;
      closing.abort(new DailiesError('internal', 'the state is closed'));
      for (const { id } of held.all()) {
        const one = held.get(id);
        await one.writes;
        if (one.stored < one.attempt.steps) await writes.write(one).catch(() => undefined);
      }
      await receipts?.close();
    },
    vanish() {
      closing.abort(new DailiesError('internal', 'the state is closed'));
      return Promise.resolve();
    },
  };
}

/** An invalid row of somebody else must not stop a worker. */
function attemptOrNone(document: unknown): Attempt | undefined {
  try {
    return attemptIn(document);
  } catch {
    return undefined;
  }
}

/** What an answer means for the account, for all its users: nobody buys any more until a person resumes it. */
function stopping(outcome: SubmitOutcome): { readonly stop?: 'credits' | 'gateway' } {
  if (outcome.kind === 'uncertain' && outcome.stops) return { stop: 'gateway' };
  const isOfAccount = outcome.kind === 'refused' && outcome.stops !== undefined && outcome.stops !== 'key';
  return isOfAccount ? { stop: 'credits' } : {};
}

/** Whether the last step has closed the order, too. */
function isClosed(attempt: Attempt): boolean {
  return ['delivered', 'refused', 'uncertain', 'not_charged', 'abandoned'].includes(attempt.state.kind);
}

const GONE = 'the program ended before the answer came';
