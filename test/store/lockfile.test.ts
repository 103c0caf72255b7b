import {
  readFileSync,
  readdirSync,
  statSync,
  chmodSync,
  symlinkSync,
  writeFileSync,
  lstatSync,
  mkdirSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../src/domain/attempt.js';
import { readLockfile, writeLockfile } from '../../src/store/lockfile.js';
import type { Lockfile } from '../../src/store/lockfile-text.js';
import { sortedJson } from '../../src/store/sorted-json.js';
import { everyState } from './every-state.js';
import { HASH, IDENTITY, live, lockfileOf, newFolder, openIn } from './fixtures.js';

const full: Lockfile = { ...everyState(), identity: IDENTITY };
const found = { ...full, damaged: [] };
const later: Lockfile = { ...full, picks: {} };

async function written(lockfile: Lockfile): Promise<{ path: string; text: string }> {
  const path = lockfileOf(newFolder());
  await writeLockfile(path, lockfile);
  return { path, text: readFileSync(path, 'utf8') };
}

/** What JSON.stringify makes of the same data with its keys in order: the format as everybody knows it. */
function canonical(text: string): string {
  const order = (_: string, value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  return `${JSON.stringify(JSON.parse(text, order), null, 2)}\n`;
}

describe('the lockfile', () => {
  it('has sorted keys, two-space indent and a newline at the end', async () => {
    const { text } = await written(full);
    expect(text).toBe(canonical(text));
    expect(text.startsWith('{\n  "catalogue": {\n')).toBe(true);
    const empty = await written({
      identity: { ...IDENTITY, project: 'a "b"' },
      attempts: [],
      picks: {},
      catalogue: undefined,
    });
    expect(empty.text).toBe(canonical(empty.text));
  });

  it('gives back what it was given, in the order of creation', async () => {
    const { path } = await written(full);
    expect(await readLockfile(path)).toEqual(found);
  });

  it('keeps apart the attempts of a take that were made from different things', async () => {
    const base = full.attempts[0];
    if (base === undefined) throw new Error('no attempt');
    const other = HASH.replaceAll('0', 'f');
    const attempts: Attempt[] = [
      { ...base, id: '0001', owner: { shot: 'b', take: 2 }, fingerprint: other },
      { ...base, id: '0002', owner: { shot: 'a', take: 10 } },
      { ...base, id: '0003', owner: { shot: 'b', take: 2 } },
      { ...base, id: '0010', owner: { shot: '10', take: 1 } },
      { ...base, id: '0011', owner: { shot: '__proto__', take: 1 } },
      { ...base, id: '0012', owner: { shot: 'constructor', take: 1 } },
    ];
    const { path, text } = await written({ ...full, attempts });
    expect(text).toBe(canonical(text));
    expect(await readLockfile(path)).toMatchObject({ attempts, picks: full.picks });
  });

  it('keeps a pick of a shot whatever its name', async () => {
    const picks = Object.fromEntries([
      ['__proto__', { take: 1 }] as const,
      ['constructor', { take: 2 }] as const,
    ]);
    const { path } = await written({ ...full, picks });
    expect(Object.entries((await readLockfile(path))?.picks ?? {})).toEqual(Object.entries(picks));
  });

  it('says its size', async () => {
    const path = lockfileOf(newFolder());
    expect(await writeLockfile(path, full)).toBe(statSync(path).size);
  });

  it('replaces the old one whole, keeps its mode, and leaves nothing beside it', async () => {
    const folder = newFolder();
    const path = lockfileOf(folder);
    await writeLockfile(path, full);
    chmodSync(path, 0o640);
    await writeLockfile(path, later);
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect((await readLockfile(path))?.picks).toEqual({});
    expect(readdirSync(folder)).toEqual(['teaser.lock.json']);
  });

  it('takes the place of a link, and is never written through one', async () => {
    const folder = newFolder();
    const secret = join(folder, 'secret');
    writeFileSync(secret, 'as it was');
    for (const link of [lockfileOf(folder), `${lockfileOf(folder)}.tmp`]) symlinkSync(secret, link);
    await writeLockfile(lockfileOf(folder), full);
    expect(lstatSync(lockfileOf(folder)).isSymbolicLink()).toBe(false);
    expect(readFileSync(secret, 'utf8')).toBe('as it was');
  });

  it('stays as it was where the new one cannot be written', async () => {
    const path = lockfileOf(newFolder());
    await writeLockfile(path, full);
    mkdirSync(`${path}.tmp`);
    await expect(writeLockfile(path, later)).rejects.toMatchObject({ code: 'disk' });
    expect(await readLockfile(path)).toEqual(found);
  });
});

describe('sorted JSON', () => {
  it('is what JSON.stringify writes of any plain data whose keys are in order', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        expect(`${sortedJson(value)}\n`).toBe(canonical(JSON.stringify(value)));
      }),
      { numRuns: 300 },
    );
  });

  it('leaves out what is undefined, as JSON does', () => {
    expect(sortedJson({ a: undefined, b: [undefined] })).toBe(JSON.stringify({ b: [null] }, null, 2));
  });
});

describe('a lockfile that cannot be used', () => {
  const refusal = async (content: string) => {
    const path = lockfileOf(newFolder());
    writeFileSync(path, content);
    return readLockfile(path).then(
      () => undefined,
      (error: unknown) => error,
    );
  };

  it.each([
    ['is empty', '', /is empty/],
    ['is cut short', '{\n  "journal": {\n', /is not JSON \(line 3\)/],
    ['has merge conflicts', '{\n<<<<<<< HEAD\n  "a": 1\n=======\n', /merge conflict/],
    ['is no object', '[]', /should be a dailies lockfile/],
    ['is a word', 'null', /should be a dailies lockfile/],
    ['lacks its version', '{}', /version is missing/],
    ['has version 0', JSON.stringify({ ...IDENTITY, version: 0, shots: {} }), /version should be 1/],
  ])('is refused with its reason where it %s', async (_, content, message) => {
    expect(await refusal(content)).toMatchObject({
      code: 'lockfile-corrupt',
      exitCode: 3,
      message: expect.stringMatching(message) as string,
      hint: expect.stringContaining('restore') as string,
    });
  });

  it('is refused where a newer version wrote it', async () => {
    expect(await refusal('{"version":2,"anything":true}')).toMatchObject({
      code: 'lockfile-newer',
      exitCode: 3,
      hint: expect.stringContaining('update dailies') as string,
    });
  });

  it('is refused where a merge has written a shot twice, of which only one would be read', async () => {
    const folder = newFolder();
    const store = await openIn(folder, { home: { shots: ['cliff', 'sea'] } });
    await live(store, 'cliff');
    await live(store, 'sea');
    await store.close();
    const text = readFileSync(lockfileOf(folder), 'utf8');
    expect(await refusal(text)).toBeUndefined();
    expect(await refusal(text.replace('"cliff": {', '"sea": {'))).toMatchObject({
      code: 'lockfile-corrupt',
      message: expect.stringMatching(/has "sea" twice \(line \d+\)/) as string,
    });
  });

  it('is refused where two attempts bear one id', async () => {
    const { text } = await written(full);
    expect(await refusal(text.replace('"id": "0k3v01"', '"id": "0k3v00"'))).toMatchObject({
      message: expect.stringContaining('two attempts with the id 0k3v00') as string,
    });
  });

  it('is told by the path to its fault, wherever a hand has changed it, and never ends in a crash', async () => {
    const { text } = await written(full);
    const paths = pathsIn(JSON.parse(text));
    const path = lockfileOf(newFolder());
    const odd = fc.constantFrom<unknown>(null, -1, 1.5, '', 'x', true, [], {}, [null], { kind: 'toString' });
    const place = fc.nat(paths.length - 1).map((index) => paths[index] ?? []);
    await fc.assert(
      fc.asyncProperty(place, odd, async (keys, value) => {
        writeFileSync(path, JSON.stringify(changedAt(JSON.parse(text), keys, value)));
        const error: unknown = await readLockfile(path).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (error === undefined) return;
        expect(error).toMatchObject({ name: 'DailiesError', exitCode: 3 });
        const named = keys.findLast((key) => !/^\d+$/.test(key)) ?? '';
        if (value === true)
          expect(error).toMatchObject({ message: expect.stringContaining(named) as string });
      }),
      { numRuns: 400 },
    );
  });
});

function pathsIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  const below = Object.entries(value).flatMap(([key, part]) => pathsIn(part, [...path, key]));
  return path.length === 0 ? below : [path, ...below];
}

function changedAt(value: unknown, [key, ...rest]: readonly string[], to: unknown): unknown {
  if (key === undefined) return to;
  if (Array.isArray(value))
    return value.map((item: unknown, index) => (String(index) === key ? changedAt(item, rest, to) : item));
  const part: unknown = Object.entries(value ?? {}).find(([name]) => name === key)?.[1];
  return { ...(value as object), [key]: changedAt(part, rest, to) };
}
