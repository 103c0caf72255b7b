import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../src/domain/attempt.js';
import type { LocalAttempts } from '../../src/store/local-attempts.js';
import { readLockfile } from '../../src/store/lockfile.js';
import { readState } from '../../src/store/read-state.js';
import { readReceipts, receiptsPath } from '../../src/store/receipts.js';
import { git, mergeWithConflict } from '../helpers/merge.js';
import { homeOf } from '../helpers/state.js';
import {
  AT,
  folderAfterKill,
  journalOf,
  live,
  lockfileOf,
  newFolder,
  openIn,
  output,
  putClips,
  stillClock,
} from './fixtures.js';

const SHOTS = ['cliff', 'dunes', 'harbor', 'sea', 'tide'];

/** Renders some shots of a project, beginning with the lockfile of another folder where one is given. */
async function rendered(shots: readonly string[], base?: string): Promise<string> {
  const folder = newFolder();
  if (base !== undefined) copyFileSync(lockfileOf(base), lockfileOf(folder));
  const store = await openIn(folder, { home: { shots: SHOTS } });
  for (const shot of shots) await live(store, shot);
  await store.close();
  return folder;
}

function merge(ours: string, base: string, theirs: string): string {
  const files = [ours, base, theirs].map(lockfileOf);
  return execFileSync('git', ['merge-file', '-p', ...files], { encoding: 'utf8' });
}

describe('the text of a lockfile', () => {
  it.each([
    ['apart', ['cliff'], ['tide']],
    ['beside one another', ['dunes'], ['harbor']],
    ['several each', ['cliff', 'harbor'], ['dunes', 'tide']],
  ])('merges without a conflict where two branches have each rendered shots: %s', async (_, mine, theirs) => {
    const base = await rendered(['sea']);
    const [one, other] = [await rendered(mine, base), await rendered(theirs, base)];
    const merged = merge(one, base, other);
    const folder = newFolder();
    writeFileSync(lockfileOf(folder), merged);
    const store = await openIn(folder, { home: { shots: SHOTS } });
    expect(
      store
        .attempts()
        .map(({ owner }) => owner.shot)
        .toSorted(),
    ).toEqual(['sea', ...mine, ...theirs].toSorted());
    expect(store.repaired).toEqual([]);
    await store.close();
    expect(readFileSync(lockfileOf(folder), 'utf8')).toBe(merged);
  });

  it('does not change by a run that does nothing, at any time', async () => {
    const base = await rendered(['sea']);
    const before = readFileSync(lockfileOf(base), 'utf8');
    const later = { ...stillClock(), now: () => Date.parse('2030-01-01') };
    const store = await openIn(base, { clock: later, home: { shots: SHOTS } });
    await store.setPicks({});
    await store.close();
    expect(readFileSync(lockfileOf(base), 'utf8')).toBe(before);
  });

  it('changes in the lines of the shot alone that was rendered', async () => {
    const base = await rendered(['sea']);
    const after = await rendered(['cliff'], base);
    const around = (folder: string) => readFileSync(lockfileOf(folder), 'utf8').split(/"cliff"|(?="dunes")/);
    const [before, changed] = [around(base), around(after)];
    expect(changed).toEqual([before[0], expect.stringContaining('job-cliff'), before[2]]);
  });
});

/** Merges the lockfile of another folder into that of this one, which git cannot do alone. */
function conflict(ours: string, theirs: string, base?: string, style = 'merge'): void {
  const textOf = (folder: string) => readFileSync(lockfileOf(folder), 'utf8');
  mergeWithConflict(lockfileOf(ours), {
    theirs: textOf(theirs),
    base: base === undefined ? undefined : textOf(base),
    style,
  });
}

/** Goes on with a project in a folder of its own, as another branch on another machine does. */
async function branch(
  base: string | undefined,
  work: (store: LocalAttempts) => Promise<unknown>,
): Promise<string> {
  const folder = newFolder();
  if (base !== undefined) copyFileSync(lockfileOf(base), lockfileOf(folder));
  const store = await openIn(folder, { home: { shots: SHOTS } });
  await work(store);
  await store.close();
  return folder;
}

const opened = (folder: string) => openIn(folder, { home: { shots: SHOTS } });
const homeIn = (folder: string) => homeOf(lockfileOf(folder), { project: 'teaser', shots: SHOTS });
const only = ([first, ...more]: readonly Attempt[]): Attempt => {
  if (!first || more.length > 0) throw new Error(`${more.length + (first ? 1 : 0)} attempts`);
  return first;
};

/** What two folders have bought, before they are merged. */
async function boughtIn(...folders: readonly string[]): Promise<Attempt[]> {
  const all = new Map<string, Attempt>();
  for (const folder of folders)
    for (const one of (await readState(homeIn(folder))).state.attempts()) all.set(one.id, one);
  return [...all.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

const TOLD =
  'teaser.lock.json has merge conflicts in it: both sides were read, and every purchase of either counts';

describe('a lockfile that git has left with conflicts', () => {
  it.each(['merge', 'diff3', 'zdiff3'])('has the purchases of both sides, in the style %s', async (style) => {
    const base = await rendered(['sea']);
    const [ours, theirs] = [
      await rendered(['cliff', 'tide'], base),
      await rendered(['cliff', 'dunes'], base),
    ];
    const bought = await boughtIn(ours, theirs);
    expect(bought.map(({ owner }) => owner.shot).toSorted()).toEqual([
      ...['cliff', 'cliff', 'dunes', 'sea', 'tide'],
    ]);
    conflict(ours, theirs, base, style);
    const text = readFileSync(lockfileOf(ours), 'utf8');
    const read = await readState(homeIn(ours));
    expect([read.state.attempts(), read.repaired]).toEqual([bought, [TOLD]]);
    expect(readFileSync(lockfileOf(ours), 'utf8')).toBe(text);
    const store = await opened(ours);
    expect([store.attempts(), store.repaired]).toEqual([bought, [TOLD]]);
    await store.close();
    const again = await opened(ours);
    expect([again.attempts(), again.repaired]).toEqual([bought, []]);
  });

  it('is read where the lines end as Windows ends them', async () => {
    const base = await rendered(['sea']);
    const [ours, theirs] = [await rendered(['cliff'], base), await rendered(['cliff'], base)];
    const bought = await boughtIn(ours, theirs);
    conflict(ours, theirs, base, 'diff3');
    writeFileSync(lockfileOf(ours), readFileSync(lockfileOf(ours), 'utf8').replaceAll('\n', '\r\n'));
    expect((await opened(ours)).attempts()).toEqual(bought);
  });

  it('is one project where each branch had made a first run of its own, and its receipts know both', async () => {
    const [ours, theirs] = [await rendered(['cliff', 'sea']), await rendered(['sea', 'tide'])];
    const bought = await boughtIn(ours, theirs);
    const { projectId } = await openAndClose(ours);
    conflict(ours, theirs);
    const store = await openAndClose(ours);
    expect([store.attempts(), store.projectId]).toEqual([bought, projectId]);
    const receipts = await readReceipts(receiptsPath(join(ours, '.dailies'), projectId));
    expect([...receipts.keys()].toSorted()).toEqual(bought.map(({ id }) => id));
    rmSync(lockfileOf(ours));
    expect((await opened(ours)).attempts().map(({ id }) => id)).toEqual(bought.map(({ id }) => id));
  });

  it.each(['ours', 'theirs'])('forgets no purchase that the receipts of %s alone know', async (side) => {
    const [ours, theirs] = [await rendered(['cliff', 'sea']), await rendered(['sea', 'tide'])];
    const which = side === 'ours' ? ours : theirs;
    const before = readFileSync(lockfileOf(which));
    const store = await opened(which);
    const dunes = await live(store, 'dunes', 2);
    await store.close();
    writeFileSync(lockfileOf(which), before);
    cpSync(join(theirs, '.dailies/receipts'), join(ours, '.dailies/receipts'), { recursive: true });
    conflict(ours, theirs);
    const merged = await openAndClose(ours);
    expect(merged.get(dunes.id).state.kind).toBe('pending');
    const own = await readReceipts(receiptsPath(join(ours, '.dailies'), merged.projectId));
    expect([...own.keys()].toSorted()).toEqual(merged.attempts().map(({ id }) => id));
    expect((await opened(ours)).repaired).toEqual([]);
  });

  it.each(['ours', 'theirs'])(
    'forgets nothing of this machine where only the side of %s is kept',
    async (side) => {
      const [ours, theirs] = [await rendered(['cliff', 'sea']), await rendered(['sea', 'tide'])];
      const bought = await boughtIn(ours, theirs);
      cpSync(join(theirs, '.dailies/receipts'), join(ours, '.dailies/receipts'), { recursive: true });
      conflict(ours, theirs);
      git(ours, 'checkout', '-q', `--${side}`, basename(lockfileOf(ours)));
      const store = await openAndClose(ours);
      expect(store.attempts().map(({ id }) => id)).toEqual(bought.map(({ id }) => id));
      rmSync(lockfileOf(ours));
      expect((await opened(ours)).attempts().map(({ id }) => id)).toEqual(bought.map(({ id }) => id));
    },
  );

  it('is no matter of receipts that somebody else has in the same store, whatever they are', async () => {
    const folder = await rendered(['sea']);
    symlinkSync('/nowhere', receiptsPath(join(folder, '.dailies'), 'f'.repeat(16)));
    writeFileSync(lockfileOf(folder), readFileSync(lockfileOf(folder)));
    expect((await opened(folder)).attempts()).toHaveLength(1);
  });

  it.each(['ours', 'theirs'])('keeps the job that is in flight on the side of %s', async (side) => {
    const base = await rendered(['sea']);
    const steps = (of: string) => (of === side ? 2 : Infinity);
    const ours = await branch(base, (store) => live(store, 'cliff', steps('ours')));
    const theirs = await branch(base, (store) => live(store, 'cliff', steps('theirs')));
    conflict(ours, theirs, base);
    const kinds = (await opened(ours)).attempts().map(({ state }) => state.kind);
    expect(kinds.toSorted()).toEqual(['delivered', 'delivered', 'pending']);
  });

  it.each(['ours', 'theirs'])(
    'keeps the clip of a job that %s alone has fetched, whoever took more steps',
    async (side) => {
      const base = await branch(undefined, (store) => live(store, 'sea', 2));
      const fetch = async (store: LocalAttempts) => {
        const done = await store.record(only(store.attempts()), {
          type: 'completed',
          at: AT,
          cost_usd: 0.12,
        });
        const sea = await store.deliver(done, [output('sea')], () => Promise.resolve());
        store.named(sea, ['renders/sea.mp4']);
      };
      const wait = async (store: LocalAttempts) => {
        let sea = only(store.attempts());
        for (const status of ['in_progress', 'pending', 'in_progress', 'pending', 'in_progress'] as const)
          sea = await store.record(sea, { type: 'progressed', at: AT, status });
        await store.record(sea, { type: 'lost', at: AT, message: '404' });
      };
      const ours = await branch(base, side === 'ours' ? fetch : wait);
      const theirs = await branch(base, side === 'theirs' ? fetch : wait);
      conflict(ours, theirs, base);
      const fetched = { state: { kind: 'delivered' }, names: ['renders/sea.mp4'] };
      expect(only((await openAndClose(ours)).attempts())).toMatchObject(fetched);
      const again = await openAndClose(ours);
      expect([only(again.attempts()), again.repaired]).toMatchObject([fetched, []]);
      rmSync(lockfileOf(ours));
      expect(only((await opened(ours)).attempts()).state.kind).toBe('delivered');
    },
  );

  it.each(['ours', 'theirs'])(
    'takes an attempt from the side of %s where the merge has mixed it up on the other',
    async (side) => {
      const base = await branch(undefined, (store) => live(store, 'sea', 2));
      const name = async (store: LocalAttempts) => {
        const sea = await store.record(only(store.attempts()), { type: 'completed', at: AT, cost_usd: 0.12 });
        store.named(await store.deliver(sea, [output('sea')], () => Promise.resolve()), ['renders/sea.mp4']);
      };
      const wait = (store: LocalAttempts) =>
        store.record(only(store.attempts()), { type: 'progressed', at: AT, status: 'in_progress' });
      const ours = await branch(base, side === 'ours' ? name : wait);
      const theirs = await branch(base, side === 'theirs' ? name : wait);
      conflict(ours, theirs, base);
      const found = await readLockfile(lockfileOf(ours));
      const mixed = side === 'ours' ? found?.theirs : found;
      expect([mixed?.attempts, mixed?.damaged]).toMatchObject([[], [{ state: { kind: 'in_progress' } }]]);
      rmSync(join(ours, '.dailies'), { recursive: true });
      const store = await opened(ours);
      expect([only(store.attempts()).state.kind, store.repaired]).toEqual(['delivered', [TOLD]]);
    },
  );

  it('has a shot once that each side has given another name', async () => {
    const base = await rendered(['sea']);
    const rename = (shot: string) => (store: LocalAttempts) =>
      store.assign(only(store.attempts()), { shot, take: 1 });
    const [ours, theirs] = [await branch(base, rename('seaside')), await branch(base, rename('seashore'))];
    conflict(ours, theirs, base);
    expect(only((await opened(ours)).attempts()).owner.shot).toBe('seaside');
  });

  it('has the picks of both, and of two picks ours', async () => {
    const base = await rendered(['cliff', 'sea']);
    const ours = await branch(base, (store) => store.setPicks({ sea: { take: 1 } }));
    const theirs = await branch(base, (store) => store.setPicks({ cliff: { take: 1 }, sea: { take: 2 } }));
    conflict(ours, theirs, base);
    const store = await openAndClose(ours);
    expect(store.picks()).toEqual({ cliff: { take: 1 }, sea: { take: 1 } });
    expect((await opened(ours)).picks()).toEqual(store.picks());
  });

  it('has our catalogue where only catalogues differ', async () => {
    const base = await rendered(['sea']);
    const used = (name: string) => (store: LocalAttempts) =>
      store.setCatalogue(
        {
          gateway: 'https://openrouter.ai/api/v1',
          models: [{ id: 'a/b', canonical_slug: 'a/b', name, description: '' }],
        },
        AT,
      );
    const [ours, theirs] = [await branch(base, used('New')), await branch(base, used('Newer'))];
    const bought = await boughtIn(base);
    conflict(ours, theirs, base);
    const store = await opened(ours);
    expect(store.catalogue()?.models.map(({ name }) => name)).toEqual(['New']);
    expect(store.attempts()).toEqual(bought);
  });

  it('goes on from the journal that a kill has left beside our side', async () => {
    const base = await branch(undefined, (store) => live(store, 'sea', 2));
    const folder = await rendered([], base);
    const running = await opened(folder);
    const sea = await running.record(only(running.attempts()), { type: 'completed', at: AT });
    await running.deliver(sea, [output('sea')], () => Promise.resolve());
    await live(running, 'tide', 2);
    const ours = folderAfterKill(folder);
    putClips(ours, 'sea');
    const further = async (store: LocalAttempts) =>
      store.record(only(store.attempts()), { type: 'progressed', at: AT, status: 'in_progress' });
    const theirs = await branch(base, further);
    const before = await branch(base, (store) => store.setPicks({ sea: { take: 1 } }));
    copyFileSync(lockfileOf(before), lockfileOf(ours));
    const other = await branch(theirs, (store) => store.setPicks({ sea: { take: 2 } }));
    conflict(ours, other, base);
    expect(existsSync(journalOf(ours))).toBe(true);
    const store = await opened(ours);
    expect(store.attempts()).toEqual(running.attempts());
  });
});

describe('a lockfile with conflicts that cannot be read', () => {
  const broken = async (breakIt: (text: string) => string) => {
    const base = await rendered(['sea']);
    const [ours, theirs] = [await rendered(['cliff'], base), await rendered(['cliff'], base)];
    conflict(ours, theirs, base);
    const text = breakIt(readFileSync(lockfileOf(ours), 'utf8'));
    rmSync(join(ours, '.dailies'), { recursive: true });
    writeFileSync(lockfileOf(ours), text);
    return { ours, text };
  };

  it.each<[string, (text: string) => string, RegExp]>([
    ['both sides are no JSON', (text) => text.replace('{', '['), /the side "ours" is not JSON \(line 2\)/],
    [
      'a shot comes twice on our side',
      (text) => text.replace('"cliff": {', '"sea": {'),
      /the side "ours" has "sea" twice \(line \d+\)/,
    ],
    ['a marker was taken out', (text) => text.replace(/^={7}$/m, ''), /not all of their markers/],
    [
      'their side is no lockfile',
      (text) => text.replace(/(?<=^={7}\n(?:(?!>{7})[^])*?)"id": "\w+"/m, '"id": 7'),
      /side "theirs" is inconsistent: shots\.cliff/,
    ],
    [
      'a hand has changed our side',
      (text) => text.replace(/"id": "\w+"/, '"id": "0000000000000zz"'),
      /attempt 0000000000000zz at shots\.cliff\.takes\.1 is whole on neither side/,
    ],
  ])('is refused with its place where %s, and left as it is', async (_, breakIt, message) => {
    const { ours, text } = await broken(breakIt);
    await expect(opened(ours)).rejects.toMatchObject({
      code: 'lockfile-corrupt',
      exitCode: 3,
      message: expect.stringMatching(message) as string,
      hint: expect.stringMatching(/git checkout --theirs and dailies sheet/) as string,
    });
    expect(readFileSync(lockfileOf(ours), 'utf8')).toBe(text);
  });
});

async function openAndClose(folder: string): Promise<LocalAttempts> {
  const store = await opened(folder);
  await store.close();
  return store;
}
