import { describe, expect, it } from 'vitest';
import { DailiesError } from '../../../src/errors.js';
import { grouped } from '../../../src/store/postgres/group.js';

/** A database that keeps each group until it is let go, and refuses the calls named `bad`. */
function slowly() {
  const groups: string[][] = [];
  const open: (() => void)[] = [];
  const call = grouped(async (calls: readonly string[]) => {
    groups.push([...calls]);
    await new Promise<void>((resolve) => open.push(resolve));
    if (calls.includes('bad')) throw new DailiesError('store-refused', 'refused');
    return calls.map((name) => name.toUpperCase());
  });
  return { groups, call, answer: () => open.shift()?.() };
}

describe('calls of the database', () => {
  it('go at once where none is on its way, and together with what comes up meanwhile', async () => {
    const { groups, call, answer } = slowly();
    const first = call('a');
    await expect.poll(() => groups).toEqual([['a']]);
    const others = [call('b'), call('c')];
    answer();
    expect(await first).toBe('A');
    await expect.poll(() => groups).toEqual([['a'], ['b', 'c']]);
    answer();
    expect(await Promise.all(others)).toEqual(['B', 'C']);
  });

  it('go in groups of a size that holds nobody up', async () => {
    const { groups, call, answer } = slowly();
    const all = Promise.all(Array.from({ length: 40 }, (_, index) => call(`call-${index}`)));
    await expect.poll(() => groups.map(({ length }) => length)).toEqual([32]);
    answer();
    await expect.poll(() => groups.map(({ length }) => length)).toEqual([32, 8]);
    answer();
    expect(await all).toHaveLength(40);
  });

  it('do not suffer from one among them that is refused', async () => {
    const { groups, call, answer } = slowly();
    const outcomes = Promise.allSettled([call('a'), call('bad'), call('c')]);
    for (let asked = 1; asked <= 4; asked++) {
      await expect.poll(() => groups.length).toBe(asked);
      answer();
    }
    expect((await outcomes).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(groups).toEqual([['a', 'bad', 'c'], ['a'], ['bad'], ['c']]);
  });
});
