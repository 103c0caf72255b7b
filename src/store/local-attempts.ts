import { rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isoNow, type Clock } from '../clock.js';
import { createLedger, type Ceilings } from '../cost/ledger.js';
import type { Attempt, AttemptEvent, JobRef } from '../domain/attempt.js';
import { defined } from '../domain/defined.js';
import { onDisk, undefinedIfAbsent } from '../disk-error.js';
import { DailiesError } from '../errors.js';
import { slotKey } from '../plan/graph.js';
import { advance } from '../shot/advance.js';
import { FULL_PACE, nextSubmitAtMs } from '../shot/pace.js';
import type { AttemptStore, Claim, ProjectAttempts, Purchase, Verdict, WorkOrder } from './attempt-store.js';
import { assertRoom } from './disk-space.js';
import { journalPath } from './journal.js';
import type { AttemptEntry, Change } from './journal-line.js';
import { writeLockfile } from './lockfile.js';
import { createPlaces } from './places.js';
import { memoOf, memoPath, readState, type StateHome, type StateOnDisk } from './read-state.js';
import { markOnce } from './rerender-mark.js';
import { BOUGHT_MEANWHILE, hasTurnedUp, jobTaken, paceAfter, settledBy, takenJob } from './settlement.js';
import { sortedJson } from './sorted-json.js';
import { acquireRunLock, type RunLock } from './run-lock.js';
import { writeText } from './text-file.js';
import { createWriteAhead, type WriteAhead } from './write-ahead.js';

const FOLD_FLOOR_BYTES = 1_000_000;

/** What a run brings along that spends money; without it nothing can be bought. */
export interface Spending extends Ceilings {
  readonly jobs: number;
  readonly perModel: Readonly<Record<string, number>>;
}

export interface OpenOptions {
  readonly home: StateHome;
  readonly clock: Clock;
  readonly spending?: Spending | undefined;
  /** Up to this size a journal is not folded before the end of the run; 1 MB by default. */
  readonly foldFloorBytes?: number;
  readonly random?: () => number;
}

/** An attempt store on this disk. */
export type LocalAttempts<Order extends WorkOrder = WorkOrder> = ProjectAttempts<Order>;

/**
 * Opens a project's state for writing: takes the run lock, makes one state of lockfile, receipts and journal, folds what a
 * killed run has left, and gives up the answers that its submits never got.
 * Throws `locked-by-another-run`, `lockfile-newer`, `lockfile-corrupt`, `lockfile-of-another`, `journal-corrupt`, `disk` (exit 3 all).
 */
export async function openAttempts<Order extends WorkOrder = WorkOrder>(
  options: OpenOptions,
): Promise<LocalAttempts<Order>> {
  const { home, clock } = options;
  const lock = await acquireRunLock({ lockfile: home.lockfile, clock });
  try {
    const found = await readState(home);
    const { identity, state, unreceipted, isRenamed } = found;
    const onRecord = new Map(state.attempts().map((attempt) => [attempt.id, attempt]));
    const owner = {
      ...{ project_id: identity.project_id, manifest: home.manifest },
      ...{ sandbox: home.sandbox, place: home.place },
    };
    const receipts = home.receipts.open(owner, (id) => onRecord.get(id));
    // Before the lockfile has the new name: from then on nothing would tell that the receipts do not.
    if (isRenamed) await receipts.own();
    await foldLeft(found, home);
    await receipts.append(unreceipted.map((attempt) => ({ type: 'restored', attempt })));
    const { foldFloorBytes = FOLD_FLOOR_BYTES } = options;
    const lockfileBytes = await sizeOf(home.lockfile);
    const { lockfile, shots } = home;
    const ahead = createWriteAhead({
      ...{ lockfile, shots, identity, state, lock, receipts, lockfileBytes, foldFloorBytes },
    });
    const store = createStore<Order>({ options, found, ahead, lock });
    await giveUpAnswers(store, clock);
    return store;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Makes an end of the journal that a killed run has left, and of the lockfile of the manifest's former name. */
export async function foldLeft(found: StateOnDisk, { lockfile, shots }: StateHome): Promise<void> {
  const { state, identity, isFolded, former } = found;
  const isNew = state.attempts().length === 0 && former === undefined;
  if (!isFolded && !(isNew && (await sizeOf(lockfile)) === undefined))
    await writeLockfile(lockfile, { ...state.content(), identity }, shots);
  for (const path of [journalPath(lockfile), ...(former ? [journalPath(former), former] : [])])
    await onDisk(path, 'removed', () => rm(path, { force: true }));
}

/** A submit that a killed run has left without an answer may have been charged. */
async function giveUpAnswers(store: AttemptStore, clock: Clock): Promise<void> {
  const message = 'the program ended before the answer came';
  for (const attempt of store.attempts())
    if (attempt.state.kind === 'submitting')
      await store.record(attempt, { type: 'answer_lost', at: isoNow(clock), message });
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await onDisk(path, 'read', () => stat(path).catch(undefinedIfAbsent)))?.size;
}

function createStore<Order extends WorkOrder>({
  options: { home, clock, spending, random = Math.random },
  found: { identity, state, repaired, cataloguedAt, reported: reportedBefore },
  ahead,
  lock,
}: {
  readonly options: OpenOptions;
  readonly found: StateOnDisk;
  readonly ahead: WriteAhead;
  readonly lock: RunLock;
}): LocalAttempts<Order> {
  const ledger = createLedger(state.attempts(), spending ?? {});
  const places = createPlaces<Order>({ jobs: spending?.jobs ?? 0, perModel: spending?.perModel ?? {} });
  const begun = new Map<string, string[]>();
  /** The attempt that was begun last for each piece of work, and the word its intent was asked by. */
  const latest = new WeakMap<Claim, { readonly id: string; readonly once: string }>();
  const jobs = new Map(state.attempts().flatMap((attempt) => jobEntry(attempt)));
  /** Which attempt each token was sent for, also after it is of no use any more. */
  const callbacks = new Map(
    state.attempts().flatMap(({ id, callback }) => (callback === undefined ? [] : [[callback, id] as const])),
  );
  let pace = FULL_PACE;
  let lastSubmitAtMs = -Infinity;
  let readAt = cataloguedAt;
  let reported = reportedBefore;
  let isClosed = false;

  const assertOpen = () => {
    if (isClosed) throw new DailiesError('internal', 'the state is closed');
  };
  const next = (id: string, event: Change): AttemptEntry => ({ id, step: state.get(id).steps + 1, ...event });
  /** Changes memory and the ledger at once; the promise is about the disk. */
  const commit = async (entry: AttemptEntry, undo?: () => AttemptEntry): Promise<Attempt> => {
    assertOpen();
    const before = state.get(entry.id);
    const written = ahead.commit(entry, undo);
    const after = state.get(entry.id);
    ledger.update(before, after);
    try {
      await written;
      return after;
    } catch (error) {
      // An intent that could not be written down is taken back: nothing was bought.
      ledger.update(after, state.get(entry.id));
      throw error;
    }
  };
  const begin = (purchase: Purchase): Attempt => {
    const at = isoNow(clock);
    const { giveUp, replaces, rerender, copy: _, callback: __, ...order } = purchase;
    for (const id of giveUp) {
      // It may have stood in the way of two takes, and the other one has given it up already.
      if (state.get(id).state.kind === 'uncertain') noteEvent(id, { type: 'resolved', as: 'abandoned', at });
    }
    const id = state.nextId(clock.now(), random());
    const asked = defined({ replaces, rerender: rerender && markOnce(rerender, state.attempts()) });
    ahead.note({ type: 'begun', id, at, ...order, ...asked });
    const attempt = state.get(id);
    ledger.own(attempt);
    ledger.update(undefined, attempt);
    const key = slotKey(attempt.owner);
    begun.set(key, [...(begun.get(key) ?? []), id]);
    return attempt;
  };
  const noteEvent = (id: string, event: AttemptEvent): Attempt => {
    assertOpen();
    const before = state.get(id);
    // An illegal move ends it here, before there is a promise that nobody awaits.
    advance(before, event);
    ahead.commit(next(id, event)).catch(() => undefined);
    ledger.update(before, state.get(id));
    return state.get(id);
  };

  return {
    projectId: identity.project_id,
    repaired,
    reported: () => (ahead.hasChanged() ? undefined : reported),
    setReported(what) {
      reported = what;
    },
    attempts: () => state.attempts(),
    get: (id) => state.get(id),
    picks: () => state.picks(),
    catalogue: () => state.catalogue(),
    offer: (order) => places.want(order),
    claim: async (most, signal) => (await places.take(most, signal)).map((order) => ({ order })),
    release: ({ order }) => places.leave(order),
    finish: () => Promise.resolve(),
    isOurs: () => true,

    async intend(claim, purchase, once): Promise<Verdict> {
      assertOpen();
      const last = latest.get(claim);
      const started = last?.id ?? claim.attempt?.id;
      const before = started === undefined ? undefined : state.get(started);
      if (before?.state.kind === 'submitting')
        return last?.once === once
          ? { kind: 'go', attempt: before }
          : { kind: 'fenced', message: ON_ITS_WAY };
      const nowMs = clock.elapsed();
      const waitMs = nextSubmitAtMs(pace, lastSubmitAtMs) - nowMs;
      if (waitMs > 0) return { kind: 'wait', ms: waitMs };
      if (purchase.giveUp.some((id) => hasTurnedUp(state.get(id))))
        return { kind: 'outdated', message: BOUGHT_MEANWHILE };
      const message = ledger.objection(purchase.estimate);
      if (message !== undefined) return { kind: 'ceiling', message };
      const failure = ahead.failure();
      if (failure) throw failure;
      // What the answer says has to be written down as well.
      assertRoom(dirname(home.lockfile), 'records');
      lastSubmitAtMs = nowMs;
      const { id } = before?.state.kind === 'planned' ? before : begin(purchase);
      latest.set(claim, { id, once });
      const { callback } = purchase;
      if (callback !== undefined) callbacks.set(callback, id);
      const at = isoNow(clock);
      const takeBack = () => next(id, { type: 'not_accepted', at: isoNow(clock), message: NOT_WRITTEN });
      return {
        kind: 'go',
        attempt: await commit(next(id, { type: 'submit_started', at, ...defined({ callback }) }), takeBack),
      };
    },

    settle({ id }, outcome, sentAtMs) {
      const at = isoNow(clock);
      pace = paceAfter(pace, outcome, { nowMs: clock.elapsed(), sentAtMs, random: random() });
      if (outcome.kind === 'accepted') {
        const key = jobKey(state.get(id), outcome.job);
        const other = jobs.get(key);
        if (other !== undefined) return commit(next(id, jobTaken(outcome.job.id, at, state.get(other))));
        jobs.set(key, id);
      }
      return commit(next(id, settledBy(outcome, at)));
    },

    async adopt({ id }, job) {
      const attempt = state.get(id);
      if (attempt.state.kind !== 'uncertain') return attempt;
      const key = jobKey(attempt, job);
      const other = jobs.get(key);
      if (other !== undefined) throw takenJob(job.id, state.get(other));
      jobs.set(key, id);
      return commit(next(id, { type: 'resolved', as: 'job', job, at: isoNow(clock) }));
    },
    hinted(token) {
      const id = callbacks.get(token);
      return Promise.resolve(id === undefined ? undefined : state.get(id));
    },
    record: ({ id }, event) => commit(next(id, event)),
    note: ({ id }, event) => noteEvent(id, event),
    async deliver({ id }, outputs, put) {
      const entry = next(id, { type: 'delivered', outputs, at: isoNow(clock) });
      await ahead.witness(entry);
      await put();
      return commit(entry);
    },
    assign: ({ id }, owner) => commit(next(id, { type: 'assigned', owner })),
    named({ id }, names) {
      assertOpen();
      ahead.commit(next(id, { type: 'named', names })).catch(() => undefined);
    },
    async setPicks(picks) {
      assertOpen();
      await ahead.commit({ type: 'picked', picks });
    },
    async setCatalogue(catalogue, at) {
      assertOpen();
      readAt = at;
      // What is on record already makes no line: a lockfile does not change with time alone.
      if (sortedJson(catalogue) !== sortedJson(state.catalogue()))
        await ahead.commit({ type: 'catalogued', catalogue });
    },
    account: () => ledger.account(),
    latest(claim) {
      const id = latest.get(claim)?.id ?? claim.attempt?.id;
      return id === undefined ? undefined : state.get(id);
    },
    begunFor: (owner) => (begun.get(slotKey(owner)) ?? []).map((id) => state.get(id)),
    pace() {
      const nowMs = clock.elapsed();
      return {
        waitMs: Math.max(0, pace.pausedUntilMs - nowMs),
        troubleMs: pace.troubleSinceMs === undefined ? 0 : nowMs - pace.troubleSinceMs,
      };
    },

    async close() {
      if (isClosed) return;
      isClosed = true;
      try {
        await ahead.close();
        const memo = memoOf(home, identity.project_id, { catalogued_at: readAt, reported });
        // It only saves a look: what could not be asked for is looked at by the next run.
        await memo.then((text) => writeText(memoPath(home), JSON.stringify(text))).catch(() => undefined);
      } finally {
        await lock.release();
      }
    },
  };
}

/** A gateway gives each job an id of its own. */
function jobKey({ gateway }: Attempt, job: JobRef): string {
  return `${gateway} ${job.id}`;
}

function jobEntry(attempt: Attempt): readonly (readonly [string, string])[] {
  const job = 'job' in attempt.state ? attempt.state.job : undefined;
  return job ? [[jobKey(attempt, job), attempt.id]] : [];
}

const ON_ITS_WAY = 'a submit for it is already in flight';
const NOT_WRITTEN = 'the intent to submit could not be recorded, so nothing was sent';
