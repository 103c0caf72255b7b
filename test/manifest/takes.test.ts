import { describe, expect, it } from 'vitest';
import { found, read, takesOf, withShots } from './reading.js';

describe('takes', () => {
  it('have keys of their own where there are several', () => {
    const takes = takesOf(
      withShots('  - { id: a, prompt: p, takes: 2 }\n  - { id: b, prompt: p, takes: 1 }'),
    );
    expect(takes.map(({ key, shot, take, takes: count }) => [key, shot, take, count])).toEqual([
      ['a@1', 'a', 1, 2],
      ['a@2', 'a', 2, 2],
      ['b', 'b', 1, 1],
    ]);
  });

  it('count a given seed up, and leave the choice to the model without one', () => {
    const seeds = (fields: string): unknown[] =>
      takesOf(withShots(`  - { id: a, prompt: p, takes: 3${fields} }`)).map(({ settings }) => settings.seed);
    expect(seeds(', seed: 40')).toEqual([40, 41, 42]);
    expect(seeds(', seed: 0')).toEqual([0, 1, 2]);
    expect(seeds(', seed: -1')).toEqual([-1, 0, 1]);
    expect(seeds('')).toEqual([undefined, undefined, undefined]);
    expect(seeds(', seed: 2147483645')).toEqual([2147483645, 2147483646, 2147483647]);
    expect(seeds(', seed: 3000000000')).toEqual([3000000000, 3000000001, 3000000002]);
  });

  it('do not count a seed over the edge', () => {
    expect(found(read(withShots('  - { id: a, prompt: p, takes: 3, seed: 2147483646 }')))).toEqual([
      'invalid-value: 2147483646',
    ]);
    expect(found(read(withShots('  - { id: a, prompt: p, takes: 3, seed: 9007199254740990 }')))).toEqual([
      'invalid-value: 9007199254740990',
    ]);
  });

  it('share what they have in common', () => {
    const [one, two] = takesOf(withShots('  - { id: a, prompt: p, first_frame: a.png, takes: 2 }'));
    expect(one?.settings).toBe(two?.settings);
    expect(one?.frames).toBe(two?.frames);
  });

  it('reach a hundred thousand from one shot', () => {
    const names = Array.from({ length: 100 }, (_, index) => `v${index}`).join(', ');
    const takes = takesOf(
      withShots(`  - { id: a, prompt: "{{n}}", seed: 1, takes: 1000, matrix: { n: [${names}] } }`),
    );
    expect(takes).toHaveLength(100_000);
    expect(takes.at(-1)).toMatchObject({ key: 'a.v99@1000', settings: { prompt: 'v99', seed: 1000 } });
  });

  it('stay within what memory holds', () => {
    const shots = Array.from(
      { length: 101 },
      (_, index) => `  - { id: s${index}, prompt: p, takes: 10000 }`,
    ).join('\n');
    expect(found(read(withShots(shots)))).toEqual(['matrix-too-large: shots']);
  });
});

describe('a cap for a model', () => {
  const warnings = (model: string) =>
    found(
      read(
        withShots(
          '  - { id: a, prompt: p, model: acme/one }',
          `concurrency: { jobs: 4, per_model: { ${model}: 1 } }\n`,
        ),
      ),
    );

  it('is for one that shots have', () => {
    expect(warnings('acme/one')).toEqual([]);
    expect(warnings('acme/oen')).toEqual(['warning cap-unused: acme/oen']);
  });
});
