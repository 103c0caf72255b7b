import { describe, expect, it } from 'vitest';
import { createSlots } from '../../src/flow/slots.js';

/** Work that ends when the test says so. */
function held() {
  let end = (): void => undefined;
  const done = new Promise<void>((resolve) => (end = resolve));
  return { done, end };
}

describe('slots', () => {
  it('let no more work run at once than there are of them', async () => {
    const slots = createSlots(3);
    let [running, most] = [0, 0];
    const work = async () => {
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running--;
    };
    await Promise.all(Array.from({ length: 50 }, (_, rank) => slots.run(rank % 7, work)));
    expect([running, most]).toEqual([0, 3]);
  });

  it('go to the highest rank that waits, and among equals to who came first', async () => {
    const slots = createSlots(1);
    const first = held();
    const order: string[] = [];
    const all = [slots.run(0, () => first.done)];
    const asked = [
      ['a', 1],
      ['b', Infinity],
      ['c', 5],
      ['d', 1],
      ['e', 5],
      ['f', Infinity],
    ] as const;
    for (const [name, rank] of asked) {
      all.push(
        slots.run(rank, () => {
          order.push(name);
          return Promise.resolve();
        }),
      );
    }
    first.end();
    await Promise.all(all);
    expect(order.join('')).toBe('bfcead');
  });

  it('are free again after work that failed, and hand on what it gives', async () => {
    const slots = createSlots(1);
    await expect(slots.run(0, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await slots.run(0, () => Promise.resolve(7))).toBe(7);
  });
});
