import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { AttemptStore } from '../../../src/store/attempt-store.js';
import type { PostgresAttempts } from '../../../src/store/postgres/open-store.js';
import type { WorkOrder } from '../../../src/store/attempt-store.js';
import { noPostgres, type TestDatabase } from '../../helpers/postgres.js';
import { accept, ask, AT, MS, purchase, send, stillClock, turnAway } from '../fixtures.js';
import { claiming, FREELY, GATEWAY, openHere, stillDatabase, termsOf } from './fixtures.js';

const { signal } = new AbortController();
const kinds = (store: AttemptStore) => store.attempts().map(({ state }) => state.kind);

/** A worker of a project of its own plans. */
const planner = async (database: TestDatabase, changes: Parameters<typeof openHere>[1] = {}) =>
  claiming(await openHere(database, changes));
/** A worker that takes what there is. */
const helper = (database: TestDatabase) =>
  openHere(database, { batch: undefined, accounts: [{ gateway: GATEWAY }] });

/** A worker falls silent until its lease is over, and another one notices. */
async function bury(database: TestDatabase, silent: PostgresAttempts<WorkOrder>): Promise<void> {
  await database.query(`update dailies.worker set lease_until = '-infinity' where id = $1`, [
    silent.worker(),
  ]);
  await (await helper(database)).close();
}

describe.skipIf(noPostgres)('several workers with one database', () => {
  it('take over what a dead one has left: its jobs are followed, and what it was about to send is held', async () => {
    const database = await stillDatabase();
    const first = await planner(database);
    await accept(first, await send(first, purchase('sea')), 'job-sea');
    const unanswered = await send(first, purchase('pier'));
    first.offer({ key: 'unsent', model: 'm', rank: 1 });
    await first.claim(1, signal);
    await bury(database, first);
    const second = await helper(database);
    const claims = await second.claim(9, signal);
    expect(claims.map(({ order: { key }, attempt }) => [key, attempt?.state.kind])).toEqual([
      ['unsent', undefined],
      [expect.stringMatching(/^sea@1 /), 'pending'],
    ]);
    const whole = await planner(database);
    expect(whole.get(unanswered.id).state).toMatchObject({ kind: 'uncertain' });
    // The first one may come back: what it thinks to own it does not write any more.
    await second.record(claims[1]?.attempt ?? unanswered, {
      ...{ type: 'progressed', status: 'in_progress', at: new Date(MS).toISOString() },
    });
    const [sea] = first.attempts();
    const at = new Date(MS).toISOString();
    if (sea)
      await expect(first.record(sea, { type: 'completed', at })).rejects.toMatchObject({
        code: 'taken-over',
      });
  });

  it('let the sender alone settle its submit late, and follow the job that it tells of', async () => {
    const database = await stillDatabase();
    const first = await planner(database);
    const attempt = await send(first, purchase('sea'));
    await bury(database, first);
    await expect(accept(first, attempt, 'job-late')).rejects.toMatchObject({ code: 'taken-over' });
    expect(first.get(attempt.id).state).toMatchObject({ kind: 'pending', job: { id: 'job-late' } });
    const [claim] = await (await helper(database)).claim(1, signal);
    expect(claim?.attempt?.state).toMatchObject({ kind: 'pending', job: { id: 'job-late' } });
  });

  it('give the money of a late refusal back', async () => {
    const database = await stillDatabase();
    const first = await planner(database);
    const attempt = await send(first, purchase('sea'));
    await bury(database, first);
    const refused = { kind: 'refused', status: 400, message: 'no' } as const;
    await expect(first.settle(attempt, refused, MS)).rejects.toMatchObject({ code: 'taken-over' });
    const whole = await planner(database);
    expect([kinds(whole), whole.account().spentUsd]).toEqual([['not_charged'], 0]);
  });

  it('make an attempt of a job that comes for one which was given up meanwhile: it counts, and is followed', async () => {
    const database = await stillDatabase();
    const first = await planner(database);
    const attempt = await send(first, purchase('sea'));
    await bury(database, first);
    const judge = await planner(database);
    const at = new Date(MS).toISOString();
    await judge.record(judge.get(attempt.id), { type: 'resolved', as: 'not_charged', at });
    await expect(accept(first, attempt, 'job-late')).rejects.toMatchObject({ code: 'taken-over' });
    const whole = await planner(database);
    expect([kinds(whole), whole.account().spentUsd]).toEqual([['not_charged', 'pending'], 0.12]);
    const [claim] = await (await helper(database)).claim(1, signal);
    expect(claim).toMatchObject({
      order: { kind: 'follow' },
      attempt: { state: { job: { id: 'job-late' } } },
    });
  });

  it('never buy one wish twice, from whichever batch', async () => {
    const database = await stillDatabase();
    const [first, second] = [await planner(database), await planner(database)];
    const verdicts = await Promise.all([ask(first, purchase('sea')), ask(second, purchase('sea'))]);
    expect(verdicts.map(({ kind }) => kind).sort()).toEqual(['go', 'outdated']);
    // Another copy of the same picture is another wish.
    expect((await ask(second, purchase('sea', { copy: 1 }))).kind).toBe('go');
    const old = [...first.attempts(), ...second.attempts()][0];
    const replaces = old?.id;
    expect((await ask(second, purchase('sea', { replaces }))).kind).toBe('go');
    expect((await ask(first, purchase('sea', { replaces }))).kind).toBe('outdated');
  });

  it('buy nothing for a manifest that has changed since', async () => {
    const database = await stillDatabase();
    const old = await planner(database);
    const [wanted, claim] = [purchase('sea'), { order: { key: 'sea', model: 'm', rank: 0 } }];
    old.offer(claim.order);
    const [taken = claim] = await old.claim(1, signal);
    await planner(database, { batch: termsOf({ revision: 'r2' }) });
    expect(await old.intend(taken, wanted, randomUUID())).toMatchObject({ kind: 'outdated' });
  });

  it('buy for the changed manifest what another worker was to send for the old one, and never did', async () => {
    const database = await stillDatabase();
    const old = await planner(database);
    old.offer({ key: 'sea', model: 'm', rank: 0 });
    const [taken] = await old.claim(1, signal);
    if (!taken) throw new Error('nothing was claimed');
    const verdict = await old.intend(taken, purchase('sea'), randomUUID());
    if (verdict.kind !== 'go') throw new Error(verdict.kind);
    await old.record(verdict.attempt, { type: 'not_accepted', at: AT, message: 'not now' });
    const fresh = await planner(database, { batch: termsOf({ revision: 'r2' }) });
    expect(await old.intend(taken, purchase('sea'), randomUUID())).toMatchObject({ kind: 'outdated' });
    fresh.offer({ key: 'shore', model: 'm', rank: 0 });
    const [again] = await fresh.claim(1, signal);
    if (!again) throw new Error('nothing was claimed');
    expect(await fresh.intend(again, purchase('sea'), randomUUID())).toMatchObject({ kind: 'go' });
  });

  it('share places: of the account, of a model there, and of the manifest', async () => {
    const database = await stillDatabase();
    const store = await openHere(database, {
      batch: termsOf({ spending: { ...FREELY, perModel: { b: 1 } } }),
    });
    await database.query('update dailies.account set jobs = 4');
    await database.query(`insert into dailies.account_model select id, 'a', 2 from dailies.account`);
    for (const model of ['a', 'b', 'c'])
      for (let n = 0; n < 4; n++) store.offer({ key: `${model}${n}`, model, rank: n });
    const others = await Promise.all([helper(database), helper(database)]);
    await store.claim(1, signal);
    const calling = new AbortController();
    const claims = others.map(async (other) => {
      const all: string[] = [];
      try {
        for (;;) all.push(...(await other.claim(9, calling.signal)).map(({ order }) => order.model));
      } catch {
        return all;
      }
    });
    const placed = async () =>
      await database.query(
        `select model, count(*)::int as n from dailies."order" where has_place group by 1 order by 1`,
      );
    await expect.poll(placed).toEqual([
      { model: 'a', n: 2 },
      { model: 'b', n: 1 },
      { model: 'c', n: 1 },
    ]);
    calling.abort();
    expect((await Promise.all(claims)).flat()).toHaveLength(3);
  });

  it('cross no budget together: of the account, the project, the batch', async () => {
    const database = await stillDatabase();
    const stores = await Promise.all(
      ['a', 'b', 'c'].map((project) =>
        planner(database, { batch: termsOf({ project, spending: { ...FREELY, maxCostUsd: 0.3 } }) }),
      ),
    );
    await database.query('update dailies.account set budget_nano = $1', [0.61e9]);
    const verdicts = await Promise.all(
      stores.flatMap((store) => ['x', 'y', 'z'].map((shot) => ask(store, purchase(shot)))),
    );
    expect(verdicts.filter(({ kind }) => kind === 'go')).toHaveLength(5);
    const [row] = await database.query('select committed_nano from dailies.account');
    expect(row).toEqual({ committed_nano: String(0.6e9) });
  });

  it('all wait where the gateway has asked one of them to', async () => {
    const database = await stillDatabase();
    const [first, second] = [await planner(database), await planner(database)];
    const waits = {
      kind: 'not_accepted',
      reason: 'rate_limited',
      message: '429',
      retryAfterMs: 5000,
    } as const;
    await first.settle(await send(first, purchase('sea')), waits, MS);
    expect(await ask(second, purchase('pier'))).toEqual({ kind: 'wait', ms: 5000 });
    await database.pass(5000);
    const third = await planner(database, { clock: stillClock() });
    expect((await ask(third, purchase('pier'))).kind).toBe('go');
    // And then they stand in one row.
    expect(await ask(await planner(database), purchase('hill'))).toEqual({ kind: 'wait', ms: 250 });
  });

  it('stop where the credits are used up, until somebody lets them go on', async () => {
    const database = await stillDatabase();
    const [first, second] = [await planner(database), await planner(database)];
    const [broke, waiting] = [await send(first, purchase('sea')), purchase('pier')];
    second.offer({ key: 'pier', model: 'm', rank: 0 });
    const [claim] = await second.claim(1, signal);
    await first.settle(broke, { kind: 'refused', status: 402, message: 'no', stops: 'credits' }, MS);
    if (!claim) throw new Error('there is no work');
    expect(await second.intend(claim, waiting, randomUUID())).toMatchObject({ kind: 'ceiling' });
    await database.query('update dailies.account set stopped = null');
    expect((await second.intend(claim, waiting, randomUUID())).kind).toBe('go');
  });

  it('buy nothing where somebody remembers an intent that the database does not', async () => {
    const database = await stillDatabase();
    const first = await planner(database);
    await turnAway(first, await send(first, purchase('sea')));
    const seen = [{ gateway: GATEWAY, name: '', intents: 1 }];
    const hello = (intents: number) =>
      database.query('select dailies.hello($1) as behind', [
        JSON.stringify(seen.map((one) => ({ ...one, intents }))),
      ]);
    expect(await hello(1)).toEqual([{ behind: false }]);
    expect(await hello(2)).toEqual([{ behind: true }]);
    await database.pass(60_000);
    const next = await openHere(database);
    next.offer({ key: 'pier', model: 'm', rank: 0 });
    await expect
      .poll(() => database.query('select stopped from dailies.account'))
      .toEqual([{ stopped: 'went-back' }]);
    const [claim] = await next.claim(1, new AbortController().signal);
    expect(claim?.end?.stopped?.hint).toContain('dailies store reconcile');
  });
});
