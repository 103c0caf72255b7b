import { mkdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { readShotState } from '../helpers/state.js';
import type { ShotStore } from '../../src/store/shot-store.js';
import { inProcesses } from './compiled.js';
import {
  AT,
  folderAfterKill,
  journalOf,
  live,
  lockfileOf,
  lockOf,
  newFolder,
  openIn,
  order,
  snapshot,
} from './fixtures.js';

const submit = { type: 'submit_started', at: AT } as const;
const accepted = (id: string) => ({ type: 'accepted', at: AT, job: { id } }) as const;

/** A store whose lockfile is on the disk, and whose next line will begin the journal. */
async function storeBeforeJournal(folder: string): Promise<ShotStore> {
  const first = await openIn(folder);
  await live(first, 'greenhouse');
  await first.close();
  return openIn(folder);
}

describe('where the journal cannot be written', () => {
  it('no intent gets through, then or later, and its attempt is as free as before', async () => {
    const folder = newFolder();
    const store = await storeBeforeJournal(folder);
    mkdirSync(journalOf(folder));
    const { id } = store.begin(order('harbor'));
    await expect(store.apply(id, submit)).rejects.toMatchObject({
      code: 'disk',
      exitCode: 3,
      hint: expect.any(String) as string,
    });
    expect(store.get(id).state.kind).toBe('planned');
    rmdirSync(journalOf(folder));
    await expect(store.apply(id, submit)).rejects.toMatchObject({ code: 'disk' });
    const other = store.begin(order('market'));
    await expect(store.apply(other.id, submit)).rejects.toMatchObject({ code: 'disk' });
    await store.close();
    const kinds = (await readShotState(lockfileOf(folder))).attempts().map(({ state }) => state.kind);
    expect(kinds).toEqual(['delivered', 'planned', 'planned']);
  });

  it('a job that was accepted is named, kept in memory, and written as soon as it can be', async () => {
    const folder = newFolder();
    const store = await storeBeforeJournal(folder);
    const { id } = store.begin(order('harbor'));
    await store.apply(id, submit);
    rmSync(journalOf(folder));
    mkdirSync(`${lockfileOf(folder)}.tmp`);
    await expect(store.apply(id, accepted('job-harbor'))).rejects.toMatchObject({
      code: 'disk',
      message: expect.stringContaining('job-harbor') as string,
      hint: expect.stringContaining('--job-id') as string,
    });
    expect(store.get(id).state).toMatchObject({ kind: 'pending', job: { id: 'job-harbor' } });
    await expect(
      store.apply(id, { type: 'progressed', at: AT, status: 'in_progress' }),
    ).rejects.toMatchObject({
      code: 'disk',
    });
    rmdirSync(`${lockfileOf(folder)}.tmp`);
    await store.apply(id, { type: 'completed', at: AT });
    expect(snapshot(await readShotState(lockfileOf(folderAfterKill(folder))))).toBe(snapshot(store));
    await store.close();
    expect(snapshot(await readShotState(lockfileOf(folder)))).toBe(snapshot(store));
  });

  it('closing tries once more', async () => {
    const folder = newFolder();
    const store = await storeBeforeJournal(folder);
    const { id } = store.begin(order('harbor'));
    await store.apply(id, submit);
    rmSync(journalOf(folder));
    await expect(store.apply(id, accepted('job-harbor'))).rejects.toMatchObject({ code: 'disk' });
    await store.close();
    expect(snapshot(await readShotState(lockfileOf(folder)))).toBe(snapshot(store));
  });

  it('closing names the jobs that no disk knows of, and lets the next run in all the same', async () => {
    const folder = join(newFolder(), 'project');
    mkdirSync(folder);
    const store = await storeBeforeJournal(folder);
    const ids = ['harbor', 'market'].map((shot) => store.begin(order(shot)).id);
    for (const id of ids) await store.apply(id, submit);
    rmSync(folder, { recursive: true });
    for (const id of ids) {
      await expect(store.apply(id, accepted(`job-${id}`))).rejects.toThrow(`job-${id}`);
    }
    await expect(store.close()).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(/job-2.*job-3/) as string,
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
    const { id } = store.begin(order('harbor'));
    await store.apply(id, submit);
    rmSync(lockOf(folder));
    const other = await openIn(folder);
    const before = readFileSync(lockfileOf(folder), 'utf8');
    await expect(store.apply(id, accepted('job-harbor'))).rejects.toMatchObject({
      code: 'locked-by-another-run',
      message: expect.stringContaining('job-harbor') as string,
    });
    await expect(store.close()).rejects.toThrow('job-harbor');
    expect(readFileSync(lockfileOf(folder), 'utf8')).toBe(before);
    await live(other, 'market');
    expect(() => readFileSync(lockOf(folder))).not.toThrow();
  });
});

describe('on a full disk', () => {
  const { start } = inProcesses();

  it('what was acknowledged is there, and no intent is acknowledged after the first refusal', async () => {
    const folder = newFolder();
    // A limit on the size of files is a full disk that needs no root: writes come back short, then fail.
    const child = start(
      `
      import { openShotStore } from './store/shot-store.js';
      import { systemClock } from './clock.js';
      const order = ${JSON.stringify(order('sea'))};
      const log = [];
      const store = await openShotStore({
        lockfile: ${JSON.stringify(lockfileOf(folder))}, project: 'teaser', clock: systemClock,
      });
      for (let shot = 0; shot < 200; shot++) {
        const { id } = store.begin(order);
        try {
          await store.apply(id, { type: 'submit_started', at: order.at });
          log.push(['sent', id]);
          await store.apply(id, { type: 'accepted', at: order.at, job: { id: 'job-' + id } });
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
    const job = (id: string) => {
      const { state: reached } = state.get(id);
      return 'job' in reached ? reached.job.id : undefined;
    };
    for (const [what, id] of told.log) if (what === 'kept') expect(job(id)).toBe(`job-${id}`);
    const sentUnkept = told.log.filter(([what, id]) => what === 'sent' && job(id) === undefined);
    for (const [, id] of sentUnkept) expect(told.closing).toContain(`job-${id}`);
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
    const store = await storeBeforeJournal(folder);
    await live(store, 'first', 1);
    const syncs = await countSyncs();
    const { id } = store.begin(order('harbor'));
    const steps = [
      [submit, 1],
      [{ type: 'not_accepted', at: AT, message: '429' }, 2],
      [submit, 3],
      [accepted('job'), 4],
      [{ type: 'progressed', at: AT, status: 'in_progress' }, 4],
      [{ type: 'completed', at: AT, cost_usd: 0.1 }, 4],
      [{ type: 'download_started', at: AT }, 4],
      [{ type: 'delivered', at: AT, outputs: [] }, 5],
    ] as const;
    for (const [event, expected] of steps) {
      await store.apply(id, event);
      expect(syncs.data, event.type).toBe(expected);
    }
  });

  it('is gone once for many that come together', async () => {
    const folder = newFolder();
    const store = await storeBeforeJournal(folder);
    await live(store, 'first', 1);
    const syncs = await countSyncs();
    const ids = Array.from({ length: 100 }, (_, shot) => store.begin(order(`shot-${shot}`)).id);
    await Promise.all(ids.map((id) => store.apply(id, submit)));
    expect(syncs.data).toBe(1);
    const answers = ids.map(async (id, index) => {
      for (let turn = 0; turn < index % 3; turn++) await new Promise(setImmediate);
      await store.apply(id, accepted(`job-${id}`));
    });
    await Promise.all(answers);
    expect(syncs.data).toBeLessThanOrEqual(5);
  });
});
