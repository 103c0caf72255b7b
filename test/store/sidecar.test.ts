import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../src/domain/attempt.js';
import { findSidecars, writeSidecar } from '../../src/store/sidecar.js';
import { everyState } from './every-state.js';
import { newFolder } from './fixtures.js';

const attempts = everyState().attempts;

function attemptThatIs(kind: Attempt['state']['kind']): Attempt {
  const found = attempts.find(({ state }) => state.kind === kind);
  if (found === undefined) throw new Error(`no attempt is ${kind}`);
  return found;
}

describe('a sidecar', () => {
  it('tells all of its attempt, in JSON that people can read', () => {
    const folder = newFolder();
    const attempt = attemptThatIs('delivered');
    writeSidecar({ path: join(folder, 'sea.json'), attempt });
    expect(readdirSync(folder)).toEqual(['sea.json']);
    const text = readFileSync(join(folder, 'sea.json'), 'utf8');
    expect(text).toMatch(/^\{\n {2}"attempt": "7",\n/);
    expect(JSON.parse(text)).toMatchObject({
      version: 1,
      shot: attempt.owner.shot,
      take: attempt.owner.take,
      fingerprint: attempt.fingerprint,
      gateway: attempt.gateway,
      request: attempt.request,
      state: attempt.state,
      times: attempt.times,
    });
  });

  it('is found wherever it lies below the folder, and gives the attempt back', async () => {
    const folder = newFolder();
    const attempt = attemptThatIs('delivered');
    const paths = ['sea/sea.json', '.superseded/sea.2.json', 'a/b/c/d.json'].map((path) =>
      join(folder, path),
    );
    for (const path of paths) {
      mkdirSync(join(path, '..'), { recursive: true });
      writeSidecar({ path, attempt });
    }
    const found = await findSidecars(folder);
    expect(found.map(({ path }) => path)).toEqual(paths.toSorted());
    const { id: _, ...known } = attempt;
    for (const sidecar of found) expect(sidecar.attempt).toEqual(known);
  });

  it('is not looked for in anything that is none', async () => {
    const folder = newFolder();
    writeSidecar({ path: join(folder, 'unfinished.json'), attempt: attemptThatIs('failed') });
    writeFileSync(join(folder, 'report.json'), '{"version":1,"takes":[]}');
    writeFileSync(join(folder, 'torn.json'), '{"version":1,');
    writeFileSync(join(folder, 'empty.json'), '');
    writeFileSync(join(folder, 'list.json'), '[1]');
    writeFileSync(join(folder, 'huge.json'), `{"x":"${'y'.repeat(2_000_000)}"}`);
    writeFileSync(join(folder, 'clip.mp4'), 'x');
    mkdirSync(join(folder, 'folder.json'));
    symlinkSync(folder, join(folder, 'round-and-round'));
    symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling.json'));
    expect(await findSidecars(folder)).toEqual([]);
    expect(await findSidecars(join(folder, 'missing'))).toEqual([]);
  });

  it('of a later version is passed over', async () => {
    const folder = newFolder();
    const path = join(folder, 'sea.json');
    writeSidecar({ path, attempt: attemptThatIs('delivered') });
    writeFileSync(path, readFileSync(path, 'utf8').replace('"version": 1', '"version": 2'));
    expect(await findSidecars(folder)).toEqual([]);
  });

  it('says so where it cannot be written', () => {
    const path = join(newFolder(), 'missing', 'sea.json');
    const write = (): void => writeSidecar({ path, attempt: attemptThatIs('delivered') });
    expect(write).toThrow(expect.objectContaining({ code: 'disk' }) as Error);
  });
});
