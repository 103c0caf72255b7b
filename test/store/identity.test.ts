import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../src/domain/attempt.js';
import type { LocalAttempts } from '../../src/store/local-attempts.js';
import { receiptsIn } from '../../src/store/receipts.js';
import { homeOf, type HomeChanges } from '../helpers/state.js';
import { folderAfterKill, live, newFolder, openIn } from './fixtures.js';

/** Opens the project of a manifest, which is there; it wants the shots of these names. */
function openProject(
  folder: string,
  manifest: string,
  { wants = [], ...home }: HomeChanges & { readonly wants?: readonly string[] } = {},
): Promise<LocalAttempts> {
  writeFileSync(join(folder, manifest), 'shots: []');
  const lockfile = join(folder, manifest.replace(/\.ya?ml$/, '.lock.json'));
  const hasBought = (attempts: readonly Attempt[]) =>
    attempts.some(({ owner }) => wants.includes(owner.shot));
  return openIn(folder, { home: homeOf(lockfile, { manifest, hasBought, ...home }) });
}

/** Buys a shot for a manifest. */
async function buy(folder: string, manifest: string, shot: string, home: HomeChanges = {}) {
  const store = await openProject(folder, manifest, home);
  await live(store, shot);
  await store.close();
  return store;
}

const shotsIn = (store: LocalAttempts) => store.attempts().map(({ owner }) => owner.shot);
const rename = (folder: string, from: string, to: string) => renameSync(join(folder, from), join(folder, to));
const forget = (folder: string, lockfile: string) => rmSync(join(folder, lockfile));

describe('a renamed manifest', () => {
  it('takes its lockfile over, where that has bought what is asked for', async () => {
    const folder = newFolder();
    const before = await buy(folder, 'film.yaml', 'sea');
    rename(folder, 'film.yaml', 'movie.yaml');
    const store = await openProject(folder, 'movie.yaml', { wants: ['sea'] });
    expect([shotsIn(store), store.projectId]).toEqual([['sea'], before.projectId]);
    expect(existsSync(join(folder, 'film.lock.json'))).toBe(false);
    expect(JSON.parse(readFileSync(join(folder, 'movie.lock.json'), 'utf8'))).toMatchObject({
      manifest: 'movie.yaml',
      project_id: before.projectId,
    });
    await store.close();
    expect(shotsIn(await openProject(folder, 'movie.yaml'))).toEqual(['sea']);
  });

  it('takes over what a killed run has left beside it', async () => {
    const folder = newFolder();
    const store = await openProject(folder, 'film.yaml');
    await live(store, 'sea', 1);
    await live(store, 'harbor', 2);
    const killed = folderAfterKill(folder);
    rmSync(join(killed, 'film.lock.json.lck'), { force: true });
    rename(killed, 'film.yaml', 'movie.yaml');
    const next = await openProject(killed, 'movie.yaml', { wants: ['sea'] });
    expect(next.attempts().map(({ state }) => state.kind)).toEqual(['uncertain', 'pending']);
    expect(existsSync(join(killed, 'film.lock.journal'))).toBe(false);
  });

  it('leaves a lockfile alone that has bought nothing of what is asked for, or whose manifest is there', async () => {
    const folder = newFolder();
    await buy(folder, 'film.yaml', 'sea');
    const stranger = await openProject(folder, 'other.yaml', { wants: ['sea'] });
    expect(shotsIn(stranger)).toEqual([]);
    rmSync(join(folder, 'film.yaml'));
    const next = await openProject(folder, 'next.yaml', { wants: ['hill'] });
    expect(shotsIn(next)).toEqual([]);
    expect(existsSync(join(folder, 'film.lock.json'))).toBe(true);
  });

  it('is known by its receipts too, where both names of the lockfile are gone', async () => {
    const folder = newFolder();
    const before = await buy(folder, 'film.yaml', 'sea');
    rename(folder, 'film.yaml', 'movie.yaml');
    forget(folder, 'film.lock.json');
    const stranger = await openProject(folder, 'other.yaml', { wants: ['hill'] });
    expect(shotsIn(stranger)).toEqual([]);
    const store = await openProject(folder, 'movie.yaml', { wants: ['sea'] });
    expect([shotsIn(store), store.projectId]).toEqual([['sea'], before.projectId]);
  });

  it('keeps its receipts where another manifest takes its former name', async () => {
    const folder = newFolder();
    const before = await buy(folder, 'film.yaml', 'sea');
    rename(folder, 'film.yaml', 'movie.yaml');
    await (await openProject(folder, 'movie.yaml', { wants: ['sea'] })).close();
    const fresh = await openProject(folder, 'film.yaml', { wants: ['sea'] });
    expect(shotsIn(fresh)).toEqual([]);
    expect(fresh.projectId).not.toBe(before.projectId);
    await fresh.close();
    forget(folder, 'movie.lock.json');
    expect(shotsIn(await openProject(folder, 'movie.yaml'))).toEqual(['sea']);
  });

  it('is known in a shared store after its folder was moved, also where the lockfile goes later', async () => {
    const [folder, root] = [newFolder(), newFolder()];
    const before = await buy(folder, 'film.yaml', 'sea', { root, place: 'here' });
    await (await openProject(folder, 'film.yaml', { root, place: 'there' })).close();
    forget(folder, 'film.lock.json');
    const store = await openProject(folder, 'film.yaml', { root, place: 'there' });
    expect([shotsIn(store), store.projectId]).toEqual([['sea'], before.projectId]);
  });
});

describe('a lockfile of another project', () => {
  it('is refused where that one’s manifest is there: film.yaml and film.yml are two', async () => {
    const folder = newFolder();
    await buy(folder, 'film.yaml', 'sea');
    const lockfile = readFileSync(join(folder, 'film.lock.json'), 'utf8');
    await expect(openProject(folder, 'film.yml', { wants: ['sea'] })).rejects.toMatchObject({
      code: 'lockfile-of-another',
      exitCode: 3,
      message: 'film.lock.json belongs to film.yaml',
    });
    expect(readFileSync(join(folder, 'film.lock.json'), 'utf8')).toBe(lockfile);
    rmSync(join(folder, 'film.yaml'));
    expect(shotsIn(await openProject(folder, 'film.yml'))).toEqual(['sea']);
  });

  it('is refused where it was copied beside its own', async () => {
    const folder = newFolder();
    await buy(folder, 'film.yaml', 'sea');
    copyFileSync(join(folder, 'film.lock.json'), join(folder, 'copy.lock.json'));
    await expect(openProject(folder, 'copy.yaml')).rejects.toMatchObject({ code: 'lockfile-of-another' });
  });

  it('is refused where the one is a rehearsal and the other is not, whatever manifests there are', async () => {
    const folder = newFolder();
    await buy(folder, 'film.yaml', 'sea', { sandbox: true });
    await expect(openProject(folder, 'film.yaml')).rejects.toMatchObject({
      code: 'lockfile-of-another',
      message: 'film.lock.json belongs to film.yaml, on the sandbox',
    });
  });
});

describe('without a lockfile, the receipts are left alone', () => {
  it.each<[string, string, HomeChanges]>([
    ['of another manifest that is there', 'other.yaml', {}],
    ['of the sandbox', 'film.yaml', { sandbox: true }],
    ['of a project of the same name in another place', 'film.yaml', { place: 'elsewhere' }],
  ])('%s', async (_, manifest, other) => {
    const folder = newFolder();
    const root = newFolder();
    const before = await buy(folder, manifest, 'sea', { root, ...other });
    forget(folder, manifest.replace('.yaml', '.lock.json'));
    const store = await openProject(folder, 'film.yaml', { root, wants: ['sea'] });
    expect(shotsIn(store)).toEqual([]);
    expect(store.projectId).not.toBe(before.projectId);
    await live(store, 'sea', 2);
    expect((await receiptsIn(root)).map(({ owner }) => owner.project_id).sort()).toEqual(
      [before.projectId, store.projectId].sort(),
    );
  });

  it('but those of this very project are found among them', async () => {
    const [folder, elsewhere, root] = [newFolder(), newFolder(), newFolder()];
    const ours = await buy(folder, 'film.yaml', 'sea', { root, place: 'here' });
    await buy(elsewhere, 'film.yaml', 'hill', { root, place: 'there' });
    forget(folder, 'film.lock.json');
    const store = await openProject(folder, 'film.yaml', { root, place: 'here' });
    expect([shotsIn(store), store.projectId]).toEqual([['sea'], ours.projectId]);
  });

  it('and those whose first line is damaged are still found by what they have bought', async () => {
    const folder = newFolder();
    const before = await buy(folder, 'film.yaml', 'sea');
    forget(folder, 'film.lock.json');
    const path = join(folder, '.dailies/receipts', `${before.projectId}.jsonl`);
    writeFileSync(path, readFileSync(path, 'utf8').replace('film.yaml', 'filn.yaml'));
    const store = await openProject(folder, 'film.yaml', { wants: ['sea'] });
    expect(shotsIn(store)).toEqual(['sea']);
  });
});
