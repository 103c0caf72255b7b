import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readShotState } from '../helpers/state.js';
import { describeAttemptStore, type StoredProject } from './contracts/attempt-store.js';
import {
  accept,
  AT,
  folderAfterKill,
  HASH,
  journalOf,
  live,
  lockfileOf,
  lockOf,
  newFolder,
  openIn,
  purchase,
  send,
  snapshot,
  stillClock,
} from './fixtures.js';

function projectIn(folder: string): StoredProject {
  const clock = stillClock();
  return {
    open: (options = {}) => openIn(folder, { clock, spending: { jobs: 8, perModel: {} }, ...options }),
    pass: (ms) => clock.sleep(ms),
    afterKill: () => projectIn(folderAfterKill(folder)),
  };
}

describeAttemptStore('a lockfile with its journal', () => projectIn(newFolder()));

/** The files of a folder and of those in it, but for what can be made again. */
function filesIn(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.seen.json'))
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1));
  return names.sort();
}

describe('a lockfile with its journal', () => {
  it('leaves nothing behind where nothing happened', async () => {
    const folder = newFolder();
    await (await openIn(folder)).close();
    expect(filesIn(folder)).toEqual([]);
  });

  it('has a lockfile on the disk before the journal, and the journal only while a run is on', async () => {
    const folder = newFolder();
    const store = await openIn(folder);
    const attempt = await send(store, purchase('greenhouse'));
    expect(existsSync(lockfileOf(folder))).toBe(true);
    await accept(store, attempt, 'job');
    expect(readFileSync(journalOf(folder), 'utf8')).toContain('"type":"accepted"');
    await store.close();
    expect(filesIn(folder)).toEqual([`.dailies/receipts/${store.projectId}.jsonl`, 'teaser.lock.json']);
  });

  it('is refused to a second run at once, and let go by close', async () => {
    const folder = newFolder();
    const first = await openIn(folder);
    await expect(openIn(folder)).rejects.toMatchObject({ code: 'locked-by-another-run', exitCode: 3 });
    await first.close();
    await (await openIn(folder)).close();
    expect(existsSync(lockOf(folder))).toBe(false);
  });

  it('lets the next run in where it cannot read the state itself', async () => {
    const folder = newFolder();
    writeFileSync(lockfileOf(folder), '{');
    await expect(openIn(folder)).rejects.toMatchObject({ code: 'lockfile-corrupt' });
    expect(existsSync(lockOf(folder))).toBe(false);
  });

  it('can be read without lock while a run is on, and writes nothing then', async () => {
    const folder = newFolder();
    const store = await openIn(folder);
    await live(store, 'greenhouse');
    const times = () => filesIn(folder).map((name) => [name, statSync(join(folder, name)).mtimeMs]);
    const before = times();
    expect(snapshot(await readShotState(lockfileOf(folder)))).toEqual(snapshot(store));
    expect(times()).toEqual(before);
    expect((await readShotState(lockfileOf(newFolder()))).attempts()).toEqual([]);
  });

  it('reads one state and no mixture while a run writes and folds', async () => {
    const folder = newFolder();
    const store = await openIn(folder, { foldFloorBytes: 1 });
    const writer = { isDone: false };
    const writing = (async () => {
      for (let shot = 0; shot < 12; shot++) await live(store, `shot-${shot}`);
      writer.isDone = true;
    })();
    let known = 0;
    do {
      const attempts = (await readShotState(lockfileOf(folder))).attempts();
      expect(attempts.length).toBeGreaterThanOrEqual(known);
      expect(attempts.slice(0, -1).every(({ state }) => state.kind === 'delivered')).toBe(true);
      known = attempts.length;
    } while (!writer.isDone);
    await writing;
  });

  it('keeps its project id from the first lockfile on', async () => {
    const folder = newFolder();
    const first = await openIn(folder);
    await live(first, 'sea', 2);
    expect(first.projectId).toMatch(/^[0-9a-f]{16}$/);
    await first.close();
    const second = await openIn(folder);
    expect(second.projectId).toBe(first.projectId);
    expect((await openIn(newFolder())).projectId).not.toBe(first.projectId);
  });

  it('keeps fingerprints as they are', async () => {
    const store = await openIn(newFolder());
    expect((await send(store, purchase('greenhouse', { fingerprint: HASH }))).fingerprint).toBe(HASH);
  });

  it('rewrites nothing for a catalogue that it has on record, whenever that was read', async () => {
    const folder = newFolder();
    const first = await openIn(folder);
    await live(first, 'sea');
    const catalogue = { gateway: 'https://openrouter.ai/api/v1', models: [] };
    await first.setCatalogue(catalogue, AT);
    await first.close();
    const { mtimeMs, ino } = statSync(lockfileOf(folder));
    const second = await openIn(folder);
    await second.setCatalogue({ ...catalogue }, '2026-10-11T09:00:00.000Z');
    await second.close();
    expect(statSync(lockfileOf(folder))).toMatchObject({ mtimeMs, ino });
    expect(
      readFileSync(join(folder, '.dailies', `${basename(lockfileOf(folder))}.seen.json`), 'utf8'),
    ).toContain('2026-10-11');
  });
});
