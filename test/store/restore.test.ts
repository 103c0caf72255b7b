import { copyFileSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../src/domain/attempt.js';
import { encodeLine, sealLine, type JournalEntry } from '../../src/store/journal-line.js';
import type { LocalAttempts } from '../../src/store/local-attempts.js';
import type { StoredLockfile } from '../../src/store/lockfile-text.js';
import { readReceipts, receiptsPath } from '../../src/store/receipts.js';
import { signatureOf } from '../../src/store/text-file.js';
import {
  accept,
  AT,
  folderAfterKill,
  journalOf,
  live,
  lockfileOf,
  MS,
  newFolder,
  openIn,
  purchase,
  putClips,
  send,
  snapshot,
} from './fixtures.js';

const receiptsOf = (folder: string, { projectId }: Pick<LocalAttempts, 'projectId'>) =>
  receiptsPath(join(folder, '.dailies'), projectId);

/** A project that has bought: a clip, a job in flight, and one whose answer was lost. The run is over. */
async function boughtIn(folder = newFolder()): Promise<{ folder: string; before: LocalAttempts }> {
  writeFileSync(join(folder, 'teaser.yaml'), 'shots: []');
  const before = await openIn(folder);
  await live(before, 'sea');
  putClips(folder, 'sea', 'harbor');
  await live(before, 'harbor', 2);
  const lost = await send(before, purchase('market'));
  await before.settle(lost, { kind: 'uncertain', message: 'reset' }, MS);
  await before.close();
  return { folder, before };
}

/** What matters of attempts: neither names nor times that cost nothing are in the receipts. */
const essence = (attempts: readonly Attempt[]) =>
  attempts.map(({ id, owner, request, state, replaces }) => ({ id, owner, request, state, replaces }));

/** Changes the text of a lockfile, which has to have what is replaced. */
function edit(folder: string, what: string | RegExp, by: string): void {
  const text = readFileSync(lockfileOf(folder), 'utf8');
  const edited = text.replace(what, by);
  expect(edited).not.toBe(text);
  writeFileSync(lockfileOf(folder), edited);
}

/** Takes all attempts of a shot out of a lockfile, as a merge that went wrong does. */
function emptyShot(folder: string, shot: string): void {
  const stored = JSON.parse(readFileSync(lockfileOf(folder), 'utf8')) as StoredLockfile;
  const shots = { ...stored.shots, [shot]: { takes: {} } };
  writeFileSync(lockfileOf(folder), `${JSON.stringify({ ...stored, shots }, null, 2)}\n`);
}

describe('a lockfile that has forgotten purchases', () => {
  it.each<[string, (folder: string) => void]>([
    ['was deleted', (folder) => rmSync(lockfileOf(folder))],
    ['has lost a delivered shot', (folder) => emptyShot(folder, 'sea')],
    ['has lost a job in flight', (folder) => emptyShot(folder, 'harbor')],
    ['has lost a submit without an answer', (folder) => emptyShot(folder, 'market')],
  ])('and %s knows them all again from the receipts', async (_, forget) => {
    const { folder, before } = await boughtIn();
    forget(folder);
    const store = await openIn(folder);
    expect(essence(store.attempts())).toEqual(essence(before.attempts()));
    expect(store.projectId).toBe(before.projectId);
    expect(store.repaired).toEqual([expect.stringMatching(/taken from the receipts/)]);
    await store.close();
    const again = await openIn(folder);
    expect([essence(again.attempts()), again.repaired]).toEqual([essence(before.attempts()), []]);
  });

  it('and was rolled back is brought forward again, shot by shot', async () => {
    const folder = newFolder();
    const early = join(folder, 'early.json');
    const first = await openIn(folder);
    await live(first, 'sea', 2);
    await live(first, 'harbor', 2);
    await first.close();
    copyFileSync(lockfileOf(folder), early);
    const second = await openIn(folder);
    const [sea] = second.attempts();
    if (!sea) throw new Error('nothing was bought');
    await second.record(sea, { type: 'completed', at: AT, cost_usd: 0.1 });
    await live(second, 'market');
    putClips(folder, 'market');
    await second.close();
    copyFileSync(early, lockfileOf(folder));
    const store = await openIn(folder);
    expect(essence(store.attempts())).toEqual(essence(second.attempts()));
    expect(store.repaired).toEqual([
      '2 purchases taken from the receipts: teaser.lock.json knows less about them',
    ]);
  });

  it('with a submit on its way at the kill holds it as uncertain', async () => {
    const folder = newFolder();
    const store = await openIn(folder);
    await live(store, 'sea', 1);
    const killed = folderAfterKill(folder);
    rmSync(lockfileOf(killed));
    rmSync(journalOf(killed), { force: true });
    const next = await openIn(killed);
    expect(next.attempts().map(({ state }) => state.kind)).toEqual(['uncertain']);
  });

  it('is brought forward under a journal that is newer than both', async () => {
    const folder = newFolder();
    const first = await openIn(folder);
    await live(first, 'harbor');
    putClips(folder, 'harbor');
    await first.close();
    const early = readFileSync(lockfileOf(folder));
    const second = await openIn(folder);
    const sea = await live(second, 'sea', 2);
    await second.close();
    const third = await openIn(folder);
    await third.record(sea, { type: 'completed', at: AT });
    third.named(sea, ['renders/sea.mp4']);
    await live(third, 'market', 2);
    for (const lockfile of [early, undefined]) {
      const killed = folderAfterKill(folder);
      if (lockfile) writeFileSync(lockfileOf(killed), lockfile);
      else rmSync(lockfileOf(killed));
      const store = await openIn(killed);
      expect(essence(store.attempts())).toEqual(essence(third.attempts()));
      expect(store.get(sea.id).names).toEqual(['renders/sea.mp4']);
    }
  });

  it('has the picks again that its purchases tell of, where it was deleted', async () => {
    const { folder } = await boughtIn();
    rmSync(lockfileOf(folder));
    const picks = { sea: { take: 1 } };
    const picksBehind = (attempts: readonly Attempt[]) => (attempts.length === 3 ? picks : {});
    expect((await openIn(folder, { home: { picksBehind } })).picks()).toEqual(picks);
  });
});

describe('a start after a kill', () => {
  it('takes what the journal says for no repair, and keeps the steps that cost nothing', async () => {
    const folder = newFolder();
    const store = await openIn(folder);
    await live(store, 'first', 1);
    const sea = await live(store, 'sea');
    store.named(sea, ['renders/sea.mp4']);
    await live(store, 'last', 2);
    const killed = folderAfterKill(folder);
    const next = await openIn(killed);
    expect(next.repaired).toEqual([]);
    expect(next.get(sea.id)).toEqual(store.get(sea.id));
    expect(next.get(sea.id).times.started).toBe(MS);
  });

  it('takes a delivery that only its receipt knows', async () => {
    const folder = newFolder();
    const store = await openIn(folder);
    const sea = await live(store, 'sea', 5);
    let killed = '';
    await store.deliver(sea, [], () => {
      killed = folderAfterKill(folder);
      return Promise.resolve();
    });
    const next = await openIn(killed);
    expect(next.get(sea.id).state.kind).toBe('delivered');
    expect(next.repaired).toEqual([expect.stringMatching(/^one purchase taken from the receipts/)]);
  });

  it('refuses a journal that was forged, and changes nothing', async () => {
    const folder = newFolder();
    const store = await openIn(folder);
    const { id } = await live(store, 'sea', 2);
    const killed = folderAfterKill(folder);
    const forged = { type: 'assigned', id, step: 3, owner: { shot: 7, take: 0 } } as unknown as JournalEntry;
    writeFileSync(journalOf(killed), encodeLine(forged), { flag: 'a' });
    const lockfile = readFileSync(lockfileOf(killed), 'utf8');
    await expect(openIn(killed)).rejects.toMatchObject({
      code: 'journal-corrupt',
      message: expect.stringMatching(/line \d+: attempt .* owner\.shot should be a string/) as string,
    });
    expect(readFileSync(lockfileOf(killed), 'utf8')).toBe(lockfile);
  });
});

describe('receipts that have forgotten purchases', () => {
  it('get them again from the next opening, before anything else happens', async () => {
    const { folder, before } = await boughtIn();
    const receipts = receiptsOf(folder, before);
    rmSync(receipts);
    const store = await openIn(folder);
    expect([...(await readReceipts(receipts)).values()]).toEqual(before.attempts());
    expect(store.repaired).toEqual([]);
    await store.close();
    rmSync(lockfileOf(folder));
    expect((await openIn(folder)).attempts()).toEqual(before.attempts());
  });

  it('get the steps again that they have lost, and nothing twice', async () => {
    const { folder, before } = await boughtIn();
    const receipts = receiptsOf(folder, before);
    const lines = readFileSync(receipts, 'utf8').split('\n');
    writeFileSync(receipts, [...lines.filter((line) => !line.includes('"job-harbor"')), ''].join('\n'));
    await (await openIn(folder)).close();
    expect(essence([...(await readReceipts(receipts)).values()])).toEqual(essence(before.attempts()));
    const { size } = statSync(receipts);
    utimesSync(receipts, 1, 1);
    await (await openIn(folder)).close();
    expect(statSync(receipts).size).toBe(size);
  });

  it('are not read where neither they nor the lockfile have changed since a run has seen both', async () => {
    const { folder, before } = await boughtIn();
    const receipts = receiptsOf(folder, before);
    await (await openIn(folder)).close();
    // A trap for who reads them: a line of a later version, as long as the file was, in the same file.
    const { size } = statSync(receipts);
    const frame = sealLine(JSON.stringify({ type: 'trap', with: '' })).length;
    const trap = sealLine(JSON.stringify({ type: 'trap', with: '-'.repeat(size - frame) }));
    const memo = join(folder, '.dailies/teaser.lock.json.seen.json');
    const seen = readFileSync(memo, 'utf8');
    const then = signatureOf(receipts);
    writeFileSync(receipts, trap, { flag: 'r+' });
    writeFileSync(memo, seen.replace(then, signatureOf(receipts)));
    const store = await openIn(folder);
    expect(snapshot(store)).toBe(snapshot(before));
    await store.close();
    utimesSync(receipts, 2000, 2000);
    await expect(openIn(folder)).rejects.toMatchObject({ code: 'lockfile-newer' });
  });
});

describe('an attempt of the lockfile that was changed by a hand or by the disk', () => {
  it('is found, and taken from the receipts', async () => {
    const { folder, before } = await boughtIn();
    edit(folder, '"job-harbor"', '"job-harbos"');
    const store = await openIn(folder);
    expect(essence(store.attempts())).toEqual(essence(before.attempts()));
    expect(store.repaired[0]).toMatch(
      /^attempt \w+ at shots\.harbor\.takes\.1 was changed in teaser\.lock\.json, and was restored from the receipts$/,
    );
    await store.close();
    expect((await openIn(folder)).repaired).toEqual([]);
  });

  it('is refused where the receipts do not know it, and nothing is changed', async () => {
    const { folder, before } = await boughtIn();
    rmSync(receiptsOf(folder, before));
    edit(folder, '"cost_usd": 0.12', '"cost_usd": 0.02');
    const lockfile = readFileSync(lockfileOf(folder), 'utf8');
    await expect(openIn(folder)).rejects.toMatchObject({
      code: 'lockfile-corrupt',
      exitCode: 3,
      message: expect.stringContaining('at shots.sea.takes.1 does not match') as string,
    });
    expect(readFileSync(lockfileOf(folder), 'utf8')).toBe(lockfile);
  });

  it('is as it was written where only the order of its keys or the layout was changed', async () => {
    const { folder, before } = await boughtIn();
    const reordered = (_: string, value: unknown): unknown =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).reverse())
        : value;
    const value: unknown = JSON.parse(readFileSync(lockfileOf(folder), 'utf8'));
    writeFileSync(lockfileOf(folder), JSON.stringify(value, reordered));
    rmSync(receiptsOf(folder, before));
    expect(snapshot(await openIn(folder))).toBe(snapshot(before));
  });

  it('is repaired under the journal that a kill has left', async () => {
    const { folder, before } = await boughtIn();
    const store = await openIn(folder);
    const harbor = before.attempts()[1];
    if (!harbor) throw new Error('nothing was bought');
    await store.record(harbor, { type: 'progressed', at: AT, status: 'in_progress' });
    await store.record(harbor, { type: 'completed', at: AT });
    await accept(store, await send(store, purchase('new')), 'job-new');
    const killed = folderAfterKill(folder);
    edit(killed, '"job-harbor"', '"job-harbos"');
    const next = await openIn(killed);
    expect(essence(next.attempts())).toEqual(essence(store.attempts()));
  });
});
