import { mkdirSync, readFileSync, rmdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { homeOf, readShotState } from '../helpers/state.js';
import type { Attempt } from '../../src/domain/attempt.js';
import type { LocalAttempts } from '../../src/store/local-attempts.js';
import { openReceiptBook, readReceipts, receiptsPath } from '../../src/store/receipts.js';
import { inProcesses } from './compiled.js';
import {
  accept,
  ask,
  AT,
  begunLine,
  folderAfterKill,
  journalOf,
  live,
  lockfileOf,
  lockOf,
  newFolder,
  openIn,
  output,
  purchase,
  send,
  snapshot,
  stillClock,
  turnAway,
} from './fixtures.js';

/** A store whose lockfile is on the disk, and whose next line will begin the journal. */
async function storeBeforeJournal(folder: string, clock = stillClock()): Promise<LocalAttempts> {
  const first = await openIn(folder);
  await live(first, 'greenhouse');
  await first.close();
  return openIn(folder, { clock });
}

function never(): never {
  throw new Error('there is no such attempt');
}

describe('where the journal cannot be written', () => {
  it('no intent gets through, then or later, and its attempt is as free as before', async () => {
    const folder = newFolder();
    const store = await storeBeforeJournal(folder);
    mkdirSync(journalOf(folder));
    await expect(ask(store, purchase('harbor'))).rejects.toMatchObject({
      code: 'disk',
      exitCode: 3,
      hint: expect.any(String) as string,
    });
    const harbor = store.attempts()[1];
    expect(harbor?.state.kind).toBe('planned');
    expect(store.account().runUsd).toBe(0);
    rmdirSync(journalOf(folder));
    await expect(ask(store, purchase('harbor'), harbor)).rejects.toMatchObject({ code: 'disk' });
    await expect(ask(store, purchase('market'))).rejects.toMatchObject({ code: 'disk' });
    await store.close();
    const kinds = (await readShotState(lockfileOf(folder))).attempts().map(({ state }) => state.kind);
    expect(kinds).toEqual(['delivered', 'planned']);
  });

  it('a job that was accepted is named, kept in memory, and written as soon as it can be', async () => {
    const folder = newFolder();
    const store = await storeBeforeJournal(folder);
    const harbor = await send(store, purchase('harbor'));
    rmSync(journalOf(folder));
    mkdirSync(`${lockfileOf(folder)}.tmp`);
    await expect(accept(store, harbor, 'job-harbor')).rejects.toMatchObject({
      code: 'disk',
      message: expect.stringContaining('job-harbor') as string,
      hint: expect.stringContaining('--job-id') as string,
    });
    expect(store.get(harbor.id).state).toMatchObject({ kind: 'pending', job: { id: 'job-harbor' } });
    const progressed = { type: 'progressed', at: AT, status: 'in_progress' } as const;
    await expect(store.record(harbor, progressed)).rejects.toMatchObject({ code: 'disk' });
    rmdirSync(`${lockfileOf(folder)}.tmp`);
    await store.record(harbor, { type: 'completed', at: AT });
    expect(snapshot(await readShotState(lockfileOf(folderAfterKill(folder))))).toBe(snapshot(store));
    await store.close();
    expect(snapshot(await readShotState(lockfileOf(folder)))).toBe(snapshot(store));
  });

  it('closing tries once more', async () => {
    const folder = newFolder();
    const store = await storeBeforeJournal(folder);
    const harbor = await send(store, purchase('harbor'));
    rmSync(journalOf(folder));
    await expect(accept(store, harbor, 'job-harbor')).rejects.toMatchObject({ code: 'disk' });
    await store.close();
    expect(snapshot(await readShotState(lockfileOf(folder)))).toBe(snapshot(store));
  });

  it('closing names the jobs that no disk knows of, and lets the next run in all the same', async () => {
    const folder = join(newFolder(), 'project');
    mkdirSync(folder);
    const store = await storeBeforeJournal(folder);
    const sent = [await send(store, purchase('harbor')), await send(store, purchase('market'))];
    rmSync(folder, { recursive: true });
    for (const attempt of sent) {
      const job = `job-${attempt.owner.shot}`;
      await expect(accept(store, attempt, job)).rejects.toThrow(job);
    }
    await expect(store.close()).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(/job-harbor.*job-market/) as string,
    });
    mkdirSync(folder);
    await openIn(folder);
  });

  it('closing says that nothing is lost where only the lockfile could not be rewritten', async () => {
    const folder = newFolder();
    const store = await storeBeforeJournal(folder);
    await live(store, 'harbor', 3);
    mkdirSync(`${lockfileOf(folder)}.tmp`);
    await expect(store.close()).rejects.toMatchObject({
      code: 'disk',
      message: expect.stringContaining('the journal beside it holds everything') as string,
    });
    rmdirSync(`${lockfileOf(folder)}.tmp`);
    expect(snapshot(await readShotState(lockfileOf(folder)))).toBe(snapshot(store));
    expect(snapshot(await openIn(folder))).toBe(snapshot(store));
  });

  it('nothing at all is written once the lock is gone, for another run may be at work', async () => {
    const folder = newFolder();
    const store = await storeBeforeJournal(folder);
    const harbor = await send(store, purchase('harbor'));
    rmSync(lockOf(folder));
    const other = await openIn(folder);
    const before = readFileSync(lockfileOf(folder), 'utf8');
    await expect(accept(store, harbor, 'job-harbor')).rejects.toMatchObject({
      code: 'locked-by-another-run',
      message: expect.stringContaining('job-harbor') as string,
    });
    await expect(store.close()).rejects.toThrow('job-harbor');
    expect(readFileSync(lockfileOf(folder), 'utf8')).toBe(before);
    await live(other, 'market');
    expect(() => readFileSync(lockOf(folder))).not.toThrow();
  });
});

describe('where the receipts cannot be written', () => {
  /** A store that has bought, and whose receipts go nowhere from now on. */
  async function storeWithoutReceipts(): Promise<{ store: LocalAttempts; folder: string; mend: () => void }> {
    const folder = newFolder();
    const receipts = join(folder, '.dailies', 'receipts');
    await (await storeBeforeJournal(folder)).close();
    rmSync(receipts, { recursive: true });
    const store = await openIn(folder);
    await live(store, 'sea', 5);
    await store.close();
    rmSync(receipts, { recursive: true });
    utimesSync(lockfileOf(folder), 1, 1);
    writeFileSync(receipts, 'in the way');
    return { store, folder, mend: () => rmSync(receipts) };
  }

  it('a run does not begin, and what it was to write is written once they can be', async () => {
    const { store, folder, mend } = await storeWithoutReceipts();
    await expect(openIn(folder)).rejects.toMatchObject({ code: 'disk', exitCode: 3 });
    mend();
    const next = await openIn(folder);
    const path = receiptsPath(join(folder, '.dailies'), next.projectId);
    expect((await readReceipts(path)).size).toBe(store.attempts().length);
  });

  it('no intent gets through, and its attempt is as free as before', async () => {
    const folder = newFolder();
    const store = await openIn(folder);
    writeFileSync(join(folder, '.dailies'), 'in the way');
    await expect(ask(store, purchase('harbor'))).rejects.toMatchObject({ code: 'disk', exitCode: 3 });
    expect(store.attempts().map(({ state }) => state.kind)).toEqual(['planned']);
    expect(store.account().runUsd).toBe(0);
    rmSync(join(folder, '.dailies'));
    await store.close();
    const next = await openIn(folder);
    expect(next.attempts().map(({ state }) => state.kind)).toEqual(['planned']);
    await live(next, 'harbor');
  });

  it('half a line that a full disk has left is ended by the next, and costs nothing', async () => {
    const root = newFolder();
    const owner = { project_id: '0123456789abcdef', manifest: 'teaser.yaml', sandbox: false, place: '' };
    const book = openReceiptBook(root, owner);
    await book.append([begunLine('sea', 'aaaa')]);
    const handle = await open(newFolder(), 'r');
    const prototype = Object.getPrototypeOf(handle) as FileHandle;
    await handle.close();
    const original = Object.getOwnPropertyDescriptor(prototype, 'writeFile')
      ?.value as FileHandle['writeFile'];
    const spy = vi.spyOn(prototype, 'writeFile').mockImplementationOnce(async function (
      this: FileHandle,
      text,
    ) {
      await original.call(this, String(text).slice(0, 50));
      throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    });
    onTestFinished(() => spy.mockRestore());
    await expect(book.append([begunLine('hill', 'bbbb')])).rejects.toThrow(/the disk is full/);
    await book.append([begunLine('hill', 'bbbb'), begunLine('cliff', 'cccc')]);
    await book.close();
    const known = await readReceipts(receiptsPath(root, owner.project_id));
    expect([...known.keys()]).toEqual(['aaaa', 'bbbb', 'cccc']);
  });

  it('no clip is put, so that none is ever in the store which no receipt names', async () => {
    const folder = newFolder();
    const first = await openIn(folder);
    const sea = await live(first, 'sea', 5);
    await first.close();
    const store = await openIn(folder);
    rmSync(join(folder, '.dailies'), { recursive: true });
    writeFileSync(join(folder, '.dailies'), 'in the way');
    let isPut = false;
    const put = () => Promise.resolve().then(() => void (isPut = true));
    await expect(store.deliver(sea, [output('sea')], put)).rejects.toMatchObject({ code: 'disk' });
    expect([isPut, store.get(sea.id).state.kind]).toEqual([false, 'downloading']);
    rmSync(join(folder, '.dailies'));
    await store.deliver(store.get(sea.id), [output('sea')], put);
    expect([isPut, store.get(sea.id).state.kind]).toEqual([true, 'delivered']);
  });
});

describe('on a full disk', () => {
  const { start } = inProcesses();

  it('what was acknowledged is there, and no intent is acknowledged after the first refusal', async () => {
    const folder = newFolder();
    const { clips: _, receipts: __, ...home } = homeOf(lockfileOf(folder));
    // A limit on the size of files is a full disk that needs no root: writes come back short, then fail.
    const child = start(
      `
      const PURCHASE = ${JSON.stringify(purchase('sea'))};
      import { openClipFolder } from './store/clip-folder.js';
      import { openAttempts } from './store/local-attempts.js';
      import { receiptFiles } from './store/receipts.js';
      const ROOT = ${JSON.stringify(join(folder, '.dailies'))};
      const HOME = {
        ...${JSON.stringify(home)},
        clips: openClipFolder({ root: ROOT }),
        receipts: receiptFiles(ROOT),
        picksBehind: () => ({}),
        hasBought: () => false,
      };
      import { systemClock } from './clock.js';
      const store = await openAttempts({ home: HOME, clock: systemClock });
      const log = [];
      for (let shot = 0; shot < 200; shot++) {
        const id = 'job-' + shot;
        try {
          const claim = { order: { key: id, model: 'm', rank: 0 } };
          const { attempt } = await store.intend(claim, PURCHASE, id);
          log.push(['sent', id]);
          await store.settle(attempt, { kind: 'accepted', job: { id }, status: 'pending' }, 0);
          log.push(['kept', id]);
        } catch (error) {
          log.push(['refused', id, error.code, error.message]);
        }
      }
      const closing = await store.close().then(() => 'closed', (error) => error.message);
      console.log(JSON.stringify({ log, closing }));
      `,
      { shell: 'ulimit -f 32' },
    );
    const told = JSON.parse((await child.line()) ?? '') as {
      log: [string, string, string?, string?][];
      closing: string;
    };
    await child.ended;
    const first = told.log.findIndex(([what]) => what === 'refused');
    expect(first).toBeGreaterThan(10);
    expect(told.log.slice(first).every(([what]) => what === 'refused')).toBe(true);
    expect(told.log.every(([what, , code]) => what !== 'refused' || code === 'disk')).toBe(true);
    const state = await readShotState(lockfileOf(folder));
    const jobs = state.attempts().flatMap(({ state: reached }) => ('job' in reached ? [reached.job.id] : []));
    for (const [what, id] of told.log) if (what === 'kept') expect(jobs).toContain(id);
    const sentUnkept = told.log.filter(([what, id]) => what === 'sent' && !jobs.includes(id));
    for (const [, id] of sentUnkept) expect(told.closing).toContain(id);
    // With room again, everything goes on.
    const store = await openIn(folder);
    await live(store, 'later');
    await store.close();
  });
});

describe('the way to the platter', () => {
  /** Counts fsyncs of file content; the real ones still happen. */
  async function countSyncs(): Promise<{ data: number }> {
    const handle = await open(newFolder(), 'r');
    const prototype = Object.getPrototypeOf(handle) as FileHandle;
    await handle.close();
    const counted = { data: 0 };
    const original = Object.getOwnPropertyDescriptor(prototype, 'datasync')?.value as () => Promise<void>;
    const spy = vi.spyOn(prototype, 'datasync').mockImplementation(async function (this: FileHandle) {
      await original.call(this);
      counted.data += 1;
    });
    onTestFinished(() => spy.mockRestore());
    return counted;
  }

  it('is gone to the end before a step about money is acknowledged, and not for others', async () => {
    const folder = newFolder();
    const clock = stillClock();
    const store = await storeBeforeJournal(folder, clock);
    await live(store, 'first', 1);
    const syncs = await countSyncs();
    const now = () => store.attempts()[2] ?? never();
    const steps: readonly [what: string, step: () => Promise<Attempt>, syncs: number][] = [
      ['sent', () => send(store, purchase('harbor')), 1],
      ['turned away', () => turnAway(store, now()), 2],
      ['sent again', () => clock.sleep(9e6).then(() => send(store, purchase('harbor'), now())), 3],
      ['accepted', () => accept(store, now(), 'job'), 4],
      ['in progress', () => store.record(now(), { type: 'progressed', at: AT, status: 'in_progress' }), 4],
      ['completed', () => store.record(now(), { type: 'completed', at: AT, cost_usd: 0.1 }), 4],
      ['downloading', () => store.record(now(), { type: 'download_started', at: AT }), 4],
      ['delivered', () => store.deliver(now(), [output('harbor')], () => Promise.resolve()), 5],
    ];
    for (const [what, step, expected] of steps) {
      await step();
      expect(syncs.data, what).toBe(expected);
    }
  });

  it('is gone once for many that come together', async () => {
    const folder = newFolder();
    const store = await storeBeforeJournal(folder);
    await live(store, 'first', 1);
    const syncs = await countSyncs();
    const shots = Array.from({ length: 100 }, (_, shot) => `shot-${shot}`);
    const sent = await Promise.all(shots.map((shot) => send(store, purchase(shot))));
    expect(syncs.data).toBe(1);
    const answers = sent.map(async (attempt, index) => {
      for (let turn = 0; turn < index % 3; turn++) await new Promise(setImmediate);
      await accept(store, attempt, `job-${index}`);
    });
    await Promise.all(answers);
    expect(syncs.data).toBeLessThanOrEqual(5);
  });
});
