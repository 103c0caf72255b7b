import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { live, lockfileOf, newFolder, openIn } from './fixtures.js';

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
    const later = { now: () => Date.parse('2030-01-01'), sleep: () => Promise.resolve() };
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
