import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readShotState } from '../helpers/state.js';
import {
  AT,
  folderAfterKill,
  goodLife,
  HASH,
  journalOf,
  live,
  lockfileOf,
  lockOf,
  MS,
  newFolder,
  openIn,
  order,
  output,
  snapshot,
} from './fixtures.js';

describe('the shot store', () => {
  it('begins with nothing and leaves nothing behind where nothing happened', async () => {
    const folder = newFolder();
    const store = await openIn(folder);
    expect(store.attempts()).toEqual([]);
    expect(store.catalogue()).toBeUndefined();
    await store.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('carries an attempt from its beginning to its clip', async () => {
    const folder = newFolder();
    const store = await openIn(folder);
    const begun = store.begin(order('greenhouse'));
    expect(begun).toMatchObject({ id: '1', state: { kind: 'planned', since: AT }, times: { created: MS } });
    const kinds: string[] = [];
    for (const event of goodLife('greenhouse')) kinds.push((await store.apply('1', event)).state.kind);
    expect(kinds).toEqual(['submitting', 'pending', 'in_progress', 'completed', 'downloading', 'delivered']);
    expect(store.get('1').state).toMatchObject({ cost_usd: 0.12, outputs: [output('greenhouse')] });
    await store.close();
  });

  it('shows a change at once, before it is on the disk', async () => {
    const store = await openIn(newFolder());
    const { id } = store.begin(order('greenhouse'));
    const written = store.apply(id, { type: 'submit_started', at: AT });
    expect(store.get(id).state.kind).toBe('submitting');
    expect(store.attempts().map(({ state }) => state.kind)).toEqual(['submitting']);
    expect((await written).state.kind).toBe('submitting');
  });

  it('refuses a move that the life of a shot does not have, and changes nothing', async () => {
    const folder = newFolder();
    const store = await openIn(folder);
    const { id } = store.begin(order('greenhouse'));
    await store.apply(id, { type: 'submit_started', at: AT });
    await expect(store.apply(id, { type: 'submit_started', at: AT })).rejects.toMatchObject({
      code: 'internal',
    });
    await expect(store.apply('99', { type: 'found', at: AT })).rejects.toMatchObject({ code: 'internal' });
    expect(() => store.get('99')).toThrow(expect.objectContaining({ code: 'internal' }));
    expect(store.get(id).state.kind).toBe('submitting');
    await store.apply(id, { type: 'accepted', at: AT, job: { id: 'job' } });
    await store.close();
    expect((await readShotState(lockfileOf(folder))).get(id).state.kind).toBe('pending');
  });

  it('writes what it knows down for the next run: attempts, owners, picks, catalogue', async () => {
    const folder = newFolder();
    const first = await openIn(folder);
    const id = await live(first, 'greenhouse');
    await live(first, 'harbor', 2);
    await first.assign(id, { shot: 'glasshouse', take: 2 });
    await first.apply(id, { type: 'moved', at: AT, paths: ['renders/glasshouse.mp4'] });
    await first.setPicks({ glasshouse: 2 });
    await first.setCatalogue({ gateway: 'https://openrouter.ai/api/v1', fetched_at: AT, models: [] });
    const { at: _, ...rest } = order('market');
    const adopted = await first.adopt({ ...rest, state: first.get(id).state, times: first.get(id).times });
    expect(adopted.id).toBe('3');
    const before = snapshot(first);
    expect(snapshot(await openIn(folderAfterKill(folder)))).toEqual(before);
    await first.close();
    const second = await openIn(folder);
    expect(snapshot(second)).toEqual(before);
    expect(second.project).toBe('teaser');
    expect(second.begin(order('new')).id).toBe('4');
    expect(second.attempts().map(({ owner }) => owner.shot)).toEqual([
      'glasshouse',
      'harbor',
      'market',
      'new',
    ]);
  });

  it('has a lockfile on the disk before the journal, and the journal only while a run is on', async () => {
    const folder = newFolder();
    const store = await openIn(folder);
    const { id } = store.begin(order('greenhouse'));
    expect(existsSync(lockfileOf(folder))).toBe(false);
    await store.apply(id, { type: 'submit_started', at: AT });
    expect(existsSync(lockfileOf(folder))).toBe(true);
    await store.apply(id, { type: 'accepted', at: AT, job: { id: 'job' } });
    expect(readFileSync(journalOf(folder), 'utf8')).toContain('"type":"accepted"');
    await store.close();
    expect(readdirSync(folder)).toEqual(['teaser.lock.json']);
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

  it('does nothing once it is closed', async () => {
    const store = await openIn(newFolder());
    const { id } = store.begin(order('greenhouse'));
    await store.close();
    await store.close();
    expect(() => store.begin(order('harbor'))).toThrow(expect.objectContaining({ code: 'internal' }));
    await expect(store.apply(id, { type: 'submit_started', at: AT })).rejects.toMatchObject({
      code: 'internal',
    });
  });

  it('waits on close for what is still on its way', async () => {
    const folder = newFolder();
    const store = await openIn(folder);
    const { id } = store.begin(order('greenhouse'));
    const written = store.apply(id, { type: 'submit_started', at: AT });
    await store.close();
    await written;
    expect((await readShotState(lockfileOf(folder))).get(id).state.kind).toBe('submitting');
  });

  it('can be read without lock while a run is on, and writes nothing then', async () => {
    const folder = newFolder();
    const store = await openIn(folder);
    await live(store, 'greenhouse');
    const before = readdirSync(folder).map((name) => [name, statSync(`${folder}/${name}`).mtimeMs]);
    expect(snapshot(await readShotState(lockfileOf(folder)))).toEqual(snapshot(store));
    expect(readdirSync(folder).map((name) => [name, statSync(`${folder}/${name}`).mtimeMs])).toEqual(before);
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

  it('keeps fingerprints as they are', async () => {
    const store = await openIn(newFolder());
    expect(store.begin(order('greenhouse')).fingerprint).toBe(HASH);
  });
});

describe('folding', () => {
  it('happens on the way where a journal has grown far beyond its lockfile', async () => {
    const folder = newFolder();
    const store = await openIn(folder, { foldFloorBytes: 4_000 });
    const { id } = store.begin(order('storm'));
    let largest = 0;
    for (let turn = 0; turn < 60; turn++) {
      await store.apply(id, { type: 'submit_started', at: AT });
      await store.apply(id, { type: 'not_accepted', at: AT, message: 'too many requests' });
      largest = Math.max(largest, existsSync(journalOf(folder)) ? statSync(journalOf(folder)).size : 0);
    }
    expect(largest).toBeGreaterThan(3_900);
    expect(largest).toBeLessThan(4_500);
    expect(snapshot(await openIn(folderAfterKill(folder)))).toEqual(snapshot(store));
  });

  it('does not happen on the way of ordinary lives, however many, so that each costs the same', async () => {
    const folder = newFolder();
    const store = await openIn(folder, { foldFloorBytes: 1_000 });
    const lives = Array.from({ length: 200 }, (_, shot) => live(store, `shot-${shot}`));
    await Promise.all(lives);
    expect(readFileSync(journalOf(folder), 'utf8').match(/"delivered"/g)).toHaveLength(200);
  });

  it('loses no line that comes while the lockfile is being written', async () => {
    const folder = newFolder();
    const store = await openIn(folder, { foldFloorBytes: 1 });
    const { id } = store.begin(order('storm'));
    const storm: Promise<unknown>[] = [];
    for (let turn = 0; turn < 300; turn++) {
      storm.push(store.apply(id, { type: 'submit_started', at: AT }));
      storm.push(store.apply(id, { type: 'not_accepted', at: AT, message: `turn ${turn}` }));
      if (turn % 7 === 0) storm.push(live(store, `shot-${turn}`));
      if (turn % 11 === 0) await storm[turn];
    }
    await Promise.all(storm);
    expect(snapshot(await openIn(folderAfterKill(folder)))).toEqual(snapshot(store));
    await store.close();
    expect(snapshot(await readShotState(lockfileOf(folder)))).toEqual(snapshot(store));
  });

  it('goes on with the journal where the lockfile cannot be rewritten on the way', async () => {
    const folder = newFolder();
    const store = await openIn(folder, { foldFloorBytes: 1 });
    await live(store, 'greenhouse', 1);
    mkdirSync(`${lockfileOf(folder)}.tmp`);
    const { id } = store.begin(order('storm'));
    for (let turn = 0; turn < 10; turn++) {
      await store.apply(id, { type: 'submit_started', at: AT });
      await store.apply(id, { type: 'not_accepted', at: AT, message: 'too many requests' });
    }
    rmdirSync(`${lockfileOf(folder)}.tmp`);
    expect(snapshot(await openIn(folderAfterKill(folder)))).toEqual(snapshot(store));
  });
});
