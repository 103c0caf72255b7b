import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../../src/domain/attempt.js';
import type { AttemptStore, Claim, WorkOrder } from '../../../src/store/attempt-store.js';
import type { Spending } from '../../../src/store/local-attempts.js';
import type { Clock } from '../../../src/clock.js';
import { randomUUID } from 'node:crypto';
import {
  accept,
  ask,
  AT,
  claimOf,
  live,
  MS,
  output,
  purchase,
  send,
  snapshot,
  stillClock,
} from '../fixtures.js';

/** A project that can be opened again and again, in turn. */
export interface StoredProject {
  open(options?: { readonly clock?: Clock; readonly spending?: Spending }): Promise<AttemptStore>;
  /** Lets time go by, which stands still otherwise. */
  pass(ms: number): Promise<void>;
  /** The project as a kill at this moment leaves it to the next who opens it. */
  afterKill(): StoredProject;
}

const FREELY: Spending = { jobs: 8, perModel: {} };
const kindsIn = (store: AttemptStore) => store.attempts().map(({ state }) => state.kind);
const moved = (attempt: Attempt) => attempt.state.kind;

/** What every attempt store keeps to, wherever it keeps things. */
export function describeAttemptStore(name: string, newProject: () => StoredProject): void {
  describe(`${name}, as an attempt store`, () => {
    describeLives(newProject);
    describeVerdicts(newProject);
    describeKills(newProject);
    describePlaces(newProject);
  });
}

function describeLives(newProject: () => StoredProject): void {
  it('begins with nothing', async () => {
    const store = await newProject().open();
    expect([store.attempts(), store.picks(), store.catalogue()]).toEqual([[], {}, undefined]);
  });

  it('carries a purchase from the intent to its clip', async () => {
    const store = await newProject().open();
    let attempt = await send(store, purchase('greenhouse'));
    expect(attempt).toMatchObject({
      owner: { shot: 'greenhouse', take: 1 },
      state: { kind: 'submitting', since: AT },
      times: { created: MS, submitted: MS },
    });
    const kinds: string[] = [];
    const see = (next: Attempt) => kinds.push(moved((attempt = next)));
    see(await accept(store, attempt, 'job-1'));
    see(await store.record(attempt, { type: 'progressed', at: AT, status: 'in_progress' }));
    see(await store.record(attempt, { type: 'completed', at: AT, cost_usd: 0.12 }));
    see(await store.record(attempt, { type: 'download_started', at: AT }));
    see(await store.deliver(attempt, [output('greenhouse')], () => Promise.resolve()));
    expect(kinds).toEqual(['pending', 'in_progress', 'completed', 'downloading', 'delivered']);
    expect(store.get(attempt.id).state).toMatchObject({ cost_usd: 0.12, outputs: [output('greenhouse')] });
  });

  it('keeps what a submit came to', async () => {
    const store = await newProject().open();
    const settle = async (shot: string, outcome: Parameters<AttemptStore['settle']>[1]) =>
      (await store.settle(await send(store, purchase(shot)), outcome, MS)).state;
    expect(await settle('sea', { kind: 'uncertain', message: 'reset' })).toMatchObject({ kind: 'uncertain' });
    expect(await settle('pier', { kind: 'refused', status: 400, message: 'no' })).toMatchObject({
      kind: 'refused',
      status: 400,
    });
    expect(
      await settle('hill', { kind: 'not_accepted', reason: 'unavailable', message: '503' }),
    ).toMatchObject({
      kind: 'planned',
    });
  });

  it('shows a change at once, before it is kept', async () => {
    const store = await newProject().open();
    const attempt = await live(store, 'sea', 2);
    expect(moved(store.note(attempt, { type: 'progressed', at: AT, status: 'in_progress' }))).toBe(
      'in_progress',
    );
    const written = store.record(attempt, { type: 'completed', at: AT });
    expect(kindsIn(store)).toEqual(['completed']);
    expect(moved(await written)).toBe('completed');
  });

  it('refuses a move that the life of a shot does not have, and changes nothing', async () => {
    const project = newProject();
    const store = await project.open();
    const attempt = await send(store, purchase('greenhouse'));
    const internal = expect.objectContaining({ code: 'internal' }) as Error;
    await expect(store.record(attempt, { type: 'found', at: AT })).rejects.toThrow(internal);
    expect(() => store.note(attempt, { type: 'found', at: AT })).toThrow(internal);
    expect(() => store.get('nobody')).toThrow(internal);
    expect(kindsIn(store)).toEqual(['submitting']);
    await accept(store, attempt, 'job');
    await store.close();
    expect(kindsIn(await project.open())).toEqual(['pending']);
  });

  it('knows the next time what it knew: attempts, owners, names, picks, catalogue', async () => {
    const project = newProject();
    const first = await project.open();
    const clip = await live(first, 'greenhouse');
    const open = await live(first, 'harbor', 2);
    await first.assign(clip, { shot: 'glasshouse', take: 2 });
    first.named(clip, ['renders/glasshouse.mp4']);
    await first.setPicks({ glasshouse: { take: 2, clip: output('greenhouse').sha256 } });
    await first.setCatalogue({ gateway: 'https://openrouter.ai/api/v1', models: [] }, AT);
    const before = snapshot(first);
    expect(first.get(clip.id)).toMatchObject({
      owner: { shot: 'glasshouse', take: 2 },
      names: ['renders/glasshouse.mp4'],
    });
    await first.close();
    const second = await project.open();
    expect(snapshot(second)).toBe(before);
    second.named(clip, []);
    expect(second.get(clip.id).names).toBeUndefined();
    expect(second.get(open.id).state).toMatchObject({ kind: 'pending', job: { id: 'job-harbor' } });
  });

  it('gives attempts ids that sort as they were begun, also where the clock was set back', async () => {
    const project = newProject();
    const first = await project.open();
    for (const shot of ['a', 'b', 'c']) await live(first, shot, 2);
    await first.close();
    const behind = { ...stillClock(), now: () => MS - 86_400_000 };
    const second = await project.open({ clock: behind });
    await live(second, 'd', 2);
    const ids = second.attempts().map(({ id }) => id);
    expect(new Set(ids).size).toBe(4);
    expect(ids.toSorted()).toEqual(ids);
    expect(second.attempts().map(({ owner }) => owner.shot)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('does nothing once it is closed', async () => {
    const store = await newProject().open();
    const attempt = await live(store, 'harbor', 2);
    await store.close();
    await store.close();
    const internal = expect.objectContaining({ code: 'internal' }) as Error;
    await expect(ask(store, purchase('sea'))).rejects.toThrow(internal);
    await expect(store.record(attempt, { type: 'completed', at: AT })).rejects.toThrow(internal);
    expect(() => store.note(attempt, { type: 'completed', at: AT })).toThrow(internal);
    expect(kindsIn(store)).toEqual(['pending']);
  });

  it('waits on close for what is still on its way', async () => {
    const project = newProject();
    const store = await project.open();
    const attempt = await send(store, purchase('greenhouse'));
    const written = accept(store, attempt, 'job');
    await store.close();
    await written;
    expect(kindsIn(await project.open())).toEqual(['pending']);
  });
}

function describeVerdicts(newProject: () => StoredProject): void {
  it('goes on with the attempt that was not accepted, when the gateway’s patience is back', async () => {
    const project = newProject();
    const store = await project.open();
    const first = await send(store, purchase('sea'));
    const turned = await store.settle(
      first,
      { kind: 'not_accepted', reason: 'rate_limited', message: '429', retryAfterMs: 5000 },
      MS,
    );
    expect(await ask(store, purchase('sea'), turned)).toEqual({ kind: 'wait', ms: 5000 });
    expect(await ask(store, purchase('ocean'))).toEqual({ kind: 'wait', ms: 5000 });
    expect(store.attempts()).toHaveLength(1);
    expect(store.pace(claimOf(purchase('sea'), turned))).toEqual({ waitMs: 5000, troubleMs: 0 });
    await project.pass(5000);
    expect(store.pace(claimOf(purchase('sea'), turned))).toEqual({ waitMs: 0, troubleMs: 5000 });
    expect((await send(store, purchase('sea'), turned)).id).toBe(first.id);
    await accept(store, turned, 'job');
    expect(store.pace(claimOf(purchase('sea'), turned)).troubleMs).toBe(0);
  });

  it.each([
    ['the budget of the project', { budgetUsd: 0.3 }],
    ['the ceiling of the run', { maxCostUsd: 0.3 }],
  ])('lets no purchase cross %s, nor several that come together', async (_, ceiling) => {
    const store = await newProject().open({ spending: { ...FREELY, ...ceiling } });
    const shots = ['a', 'b', 'c', 'd'];
    const verdicts = await Promise.all(shots.map((shot) => ask(store, purchase(shot))));
    expect(verdicts.map(({ kind }) => kind).sort()).toEqual(['ceiling', 'ceiling', 'go', 'go']);
    expect(verdicts[2]).toMatchObject({ message: expect.stringContaining('$0.3') as string });
    expect(kindsIn(store)).toEqual(['submitting', 'submitting']);
    expect(store.account()).toMatchObject({ spentUsd: 0.24, runUsd: 0.24, spentEstimated: 2 });
  });

  it('counts what earlier runs have spent against the budget, and not against the ceiling of this one', async () => {
    const project = newProject();
    const first = await project.open();
    await live(first, 'a');
    await first.close();
    const spending = { ...FREELY, budgetUsd: 0.3, maxCostUsd: 0.13 };
    const second = await project.open({ spending });
    expect(second.account()).toMatchObject({ spentUsd: 0.12, runUsd: 0 });
    expect((await ask(second, purchase('b'))).kind).toBe('go');
    expect((await ask(second, purchase('c'))).kind).toBe('ceiling');
  });

  it('frees the money of what was not accepted or refused, and counts what is uncertain', async () => {
    const store = await newProject().open();
    const refused = { kind: 'refused', status: 400, message: 'no' } as const;
    await store.settle(await send(store, purchase('a')), refused, MS);
    expect(store.account().spentUsd).toBe(0);
    await store.settle(await send(store, purchase('b')), { kind: 'uncertain', message: 'reset' }, MS);
    expect(store.account().spentUsd).toBe(0.12);
    const cost = { type: 'completed', at: AT, cost_usd: 0.05 } as const;
    await store.record(await live(store, 'c', 2), cost);
    expect(store.account()).toMatchObject({ spentUsd: 0.17, spentEstimated: 1 });
  });

  it('says go again to who asks again with the same word, and fences off whoever else asks', async () => {
    const store = await newProject().open();
    const [wanted, once] = [purchase('sea'), randomUUID()];
    const claim = claimOf(wanted);
    const verdicts = [await store.intend(claim, wanted, once), await store.intend(claim, wanted, once)];
    expect(verdicts).toMatchObject([{ kind: 'go' }, verdicts[0]]);
    expect(await store.intend(claim, wanted, randomUUID())).toMatchObject({ kind: 'fenced' });
    expect(kindsIn(store)).toEqual(['submitting']);
    expect(store.account().spentUsd).toBe(0.12);
  });

  it('gives up uncertain attempts at the moment that a new one is begun, once', async () => {
    const store = await newProject().open();
    const lost = await store.settle(
      await send(store, purchase('sea')),
      { kind: 'uncertain', message: 'reset' },
      MS,
    );
    const giveUp = [lost.id];
    await send(store, purchase('sea', { giveUp }));
    await send(store, purchase('ocean', { giveUp }));
    expect(kindsIn(store)).toEqual(['abandoned', 'submitting', 'submitting']);
  });

  it('buys nothing in the place of a submit whose job has turned up meanwhile', async () => {
    const project = newProject();
    const before = await project.open();
    const reset = { kind: 'uncertain', message: 'reset' } as const;
    const lost = await before.settle(await send(before, purchase('sea')), reset, MS);
    await before.close();
    const store = await project.open();
    await store.record(lost, { type: 'resolved', as: 'job', job: { id: 'job-1' }, at: AT });
    const again = purchase('sea', { giveUp: [lost.id], replaces: lost.id });
    expect(await ask(store, again)).toEqual({ kind: 'outdated', message: 'it was bought meanwhile' });
    expect(kindsIn(store)).toEqual(['pending']);
  });

  it('gives up nothing where the new one may not go out', async () => {
    const store = await newProject().open({ spending: { ...FREELY, budgetUsd: 0.2 } });
    const lost = await store.settle(
      await send(store, purchase('sea')),
      { kind: 'uncertain', message: 'reset' },
      MS,
    );
    expect((await ask(store, purchase('sea', { giveUp: [lost.id] }))).kind).toBe('ceiling');
    expect(kindsIn(store)).toEqual(['uncertain']);
  });

  it('keeps which attempt a purchase is to take the place of, and which it has begun for a take', async () => {
    const project = newProject();
    const store = await project.open();
    const old = await live(store, 'sea');
    const fresh = await send(store, purchase('sea', { replaces: old.id }));
    expect(fresh.replaces).toBe(old.id);
    expect(store.begunFor({ shot: 'sea', take: 1 }).map(({ id }) => id)).toEqual([old.id, fresh.id]);
    expect(store.begunFor({ shot: 'sea', take: 2 })).toEqual([]);
    await store.close();
    const next = await project.open();
    expect(next.get(fresh.id).replaces).toBe(old.id);
    expect(next.begunFor({ shot: 'sea', take: 1 })).toEqual([]);
  });
}

function describeKills(newProject: () => StoredProject): void {
  it('has an intent on record before it says go: its submit is uncertain after a kill', async () => {
    const project = newProject();
    const store = await project.open();
    const { id } = await send(store, purchase('sea'));
    const next = await project.afterKill().open();
    expect(next.get(id).state).toMatchObject({
      kind: 'uncertain',
      message: 'the program ended before the answer came',
    });
  });

  it('holds a submit whose job belongs to another attempt, in this run and the next', async () => {
    const project = newProject();
    const store = await project.open();
    await accept(store, await send(store, purchase('greenhouse')), 'job');
    await store.close();
    const again = await project.open();
    const held = await accept(again, await send(again, purchase('harbor')), 'job');
    expect(held.state).toMatchObject({
      kind: 'uncertain',
      message: 'the gateway answered with job job, which is already the job of greenhouse',
    });
    const elsewhere = { ...purchase('pier'), gateway: 'https://other.example/api/v1' };
    expect((await accept(again, await send(again, elsewhere), 'job')).state.kind).toBe('pending');
    await again.close();
  });

  it('never forgets a job that was accepted', async () => {
    const project = newProject();
    const store = await project.open();
    const { id } = await live(store, 'sea', 2);
    const next = await project.afterKill().open();
    expect(next.get(id).state).toMatchObject({ kind: 'pending', job: { id: 'job-sea' } });
  });

  it('puts a clip into its store before the attempt is delivered, and not at all where that fails', async () => {
    const project = newProject();
    const store = await project.open();
    const attempt = await live(store, 'sea', 5);
    const full = new Error('the disk is full');
    await expect(store.deliver(attempt, [output('sea')], () => Promise.reject(full))).rejects.toBe(full);
    expect(kindsIn(store)).toEqual(['downloading']);
    let kindAtPut = '';
    await store.deliver(store.get(attempt.id), [output('sea')], () => {
      kindAtPut = moved(store.get(attempt.id));
      return Promise.resolve();
    });
    expect([kindAtPut, ...kindsIn(store)]).toEqual(['downloading', 'delivered']);
    expect(snapshot(await project.afterKill().open())).toBe(snapshot(store));
  });

  it('goes on from a delivery that failed and was given up, as if it had not been tried', async () => {
    const project = newProject();
    const store = await project.open();
    const attempt = await live(store, 'sea', 5);
    const full = new Error('the disk is full');
    await expect(store.deliver(attempt, [output('sea')], () => Promise.reject(full))).rejects.toBe(full);
    store.note(store.get(attempt.id), { type: 'download_failed', at: AT, message: full.message });
    await store.close();
    const next = await project.open();
    expect(next.get(attempt.id).state.kind).toBe('completed');
    const again = await next.record(next.get(attempt.id), { type: 'download_started', at: AT });
    await next.deliver(again, [output('sea')], () => Promise.resolve());
    expect(snapshot(await project.afterKill().open())).toBe(snapshot(next));
  });

  it('delivers a clip again that the gateway sends in other bytes', async () => {
    const project = newProject();
    const store = await project.open();
    const attempt = await live(store, 'sea');
    const first_sha256 = output('sea').sha256;
    await store.deliver(attempt, [{ ...output('other'), first_sha256 }], () => Promise.resolve());
    const next = await project.afterKill().open();
    expect(next.get(attempt.id).state).toMatchObject({
      kind: 'delivered',
      outputs: [{ sha256: output('other').sha256, first_sha256 }],
    });
  });
}

function describePlaces(newProject: () => StoredProject): void {
  const work = (key: string, rank: number, model = 'a'): WorkOrder => ({ key, rank, model });
  const keys = (claims: readonly Claim[]) => claims.map(({ order }) => order.key);
  const leave = (store: AttemptStore, claims: readonly Claim[], key: string) => {
    for (const claim of claims.filter(({ order }) => order.key === key)) {
      store.release(claim);
      void store.finish(claim, { outcome: 'failed' });
    }
  };
  const { signal } = new AbortController();

  it('hands out the most urgent work, as far as there are places in all and for a model', async () => {
    const store = await newProject().open({ spending: { jobs: 3, perModel: { a: 1 } } });
    const orders = [work('a1', 1), work('a2', 9), work('b1', 2, 'b'), work('b2', 5, 'b'), work('b3', 5, 'b')];
    for (const order of orders) store.offer(order);
    const all = [...(await store.claim(2, signal))];
    expect(keys(all)).toEqual(['a2', 'b2']);
    const next = async () => {
      const claims = await store.claim(9, signal);
      all.push(...claims);
      return keys(claims);
    };
    expect(await next()).toEqual(['b3']);
    leave(store, all, 'a2');
    expect(await next()).toEqual(['b1']);
    leave(store, all, 'b2');
    expect(await next()).toEqual(['a1']);
  });

  it('waits for work or for a place, until that is called off', async () => {
    const store = await newProject().open({ spending: { jobs: 1, perModel: {} } });
    const first = store.claim(1, signal);
    store.offer(work('one', 1));
    expect(keys(await first)).toEqual(['one']);
    store.offer(work('two', 1));
    const second = store.claim(1, signal);
    leave(store, await first, 'one');
    expect(keys(await second)).toEqual(['two']);
    const control = new AbortController();
    const third = store.claim(1, control.signal);
    control.abort(new Error('called off'));
    await expect(third).rejects.toThrow('called off');
  });
}
