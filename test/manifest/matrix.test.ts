import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { volume } from '../helpers/long-pass.js';
import { found, keysOf, read, takesOf, withShots } from './reading.js';

function shot(matrix: string, fields = 'prompt: p'): string {
  return withShots(`  - { id: s, ${fields}, matrix: ${matrix} }`);
}

function idsOf(matrix: unknown, fields = 'prompt: p'): string[] {
  return keysOf(shot(JSON.stringify(matrix), fields));
}

describe('a matrix', () => {
  it('multiplies over fields and vars, the last list fastest', () => {
    const takes = takesOf(shot('{ model: [a/x, b/y], weather: [rain, snow] }', 'prompt: "in {{weather}}"'));
    expect(takes.map(({ key, settings }) => `${key}: ${settings.model} ${settings.prompt ?? ''}`)).toEqual([
      's.x.rain: a/x in rain',
      's.x.snow: a/x in snow',
      's.y.rain: b/y in rain',
      's.y.snow: b/y in snow',
    ]);
    expect(takes[1]).toMatchObject({
      shot: 's.x.snow',
      manifest_id: 's',
      shot_index: 0,
      matrix: { model: 'a/x', weather: 'snow' },
    });
  });

  it('wins over the shot and the defaults, and unsets with null', () => {
    const takes = takesOf(`version: 1
defaults: { model: m, duration: 4, last_frame: z.png }
shots: [{ id: s, prompt: p, duration: 5, matrix: { duration: [6, null], last_frame: [y.png, null] } }]`);
    expect(takes.map(({ key, settings, frames }) => [key, settings.duration, frames.length])).toEqual([
      ['s.6s.y', 6, 1],
      ['s.6s.no-last_frame', 6, 0],
      ['s.no-duration.y', undefined, 1],
      ['s.no-duration.no-last_frame', undefined, 0],
    ]);
  });

  it('multiplies over anything a shot has', () => {
    const takes = takesOf(
      shot(
        '{ references: [[a.png], [{ video: b.mp4 }]], takes: [1, 2], generate_audio: [true, false] }',
        'prompt: "{{takes}}", seed: 1',
      ),
    );
    expect(takes.map(({ key }) => key)).toEqual([
      's.a.takes-1.generate_audio-true',
      's.a.takes-1.generate_audio-false',
      's.a.takes-2.generate_audio-true@1',
      's.a.takes-2.generate_audio-true@2',
      's.a.takes-2.generate_audio-false@1',
      's.a.takes-2.generate_audio-false@2',
      's.b.takes-1.generate_audio-true',
      's.b.takes-1.generate_audio-false',
      's.b.takes-2.generate_audio-true@1',
      's.b.takes-2.generate_audio-true@2',
      's.b.takes-2.generate_audio-false@1',
      's.b.takes-2.generate_audio-false@2',
    ]);
  });

  it('may come from the defaults, and be unset', () => {
    expect(
      keysOf(
        'version: 1\ndefaults: { model: m, prompt: "{{c}}", matrix: { c: [x, y] } }\nshots: [{ id: a }, { id: b, prompt: p, matrix: null }]',
      ),
    ).toEqual(['a.x', 'a.y', 'b']);
  });

  it('may hold vars in its values', () => {
    const takes = takesOf(shot('{ prompt: ["{{hero}} walks", "{{hero}} runs"] }', 'vars: { hero: fox }'));
    expect(takes.map(({ settings }) => settings.prompt)).toEqual(['fox walks', 'fox runs']);
  });

  it('tells its size', () => {
    const { sizes } = read(
      shot('{ model: [a, b, c], duration: [4, 8], seed: [1, 3] }', 'prompt: p, takes: 2'),
    );
    expect(sizes).toEqual([{ manifest_id: 's', expansions: 12, takes: 24 }]);
  });
});

describe('exclude and include', () => {
  const ids = (matrix: string): string[] =>
    keysOf(shot(matrix, 'prompt: "{{os}} {{v}} {{x}} {{y}}", vars: { os: o, v: v, x: x, y: y }'));

  it('leaves out what has all of the values', () => {
    expect(ids('{ os: [a, b], v: [1, 2], exclude: [{ os: a, v: 2 }] }')).toEqual([
      's.a.v-1',
      's.b.v-1',
      's.b.v-2',
    ]);
    expect(ids('{ os: [a, b], v: [1, 2], exclude: [{ os: a }, { v: 2 }] }')).toEqual(['s.b.v-1']);
  });

  it('adds to the combinations that agree, else makes one', () => {
    // The example of the GitHub documentation: fruit, animal and the six maps to include.
    const takes = takesOf(
      shot(
        `{ fruit: [apple, pear], animal: [cat, dog], include: [{ color: green }, { color: pink, animal: cat },
          { fruit: apple, shape: circle }, { fruit: banana }, { fruit: banana, animal: cat }] }`,
        'prompt: "{{fruit}} {{animal}} {{color}} {{shape}}", vars: { animal: "-", color: "-", shape: "-" }',
      ),
    );
    expect(takes.map(({ matrix }) => matrix)).toEqual([
      { fruit: 'apple', animal: 'cat', color: 'pink', shape: 'circle' },
      { fruit: 'apple', animal: 'dog', color: 'green', shape: 'circle' },
      { fruit: 'pear', animal: 'cat', color: 'pink' },
      { fruit: 'pear', animal: 'dog', color: 'green' },
      { fruit: 'banana' },
      { fruit: 'banana', animal: 'cat' },
    ]);
    expect(takes.map(({ key }) => key)).toEqual([
      's.apple.cat',
      's.apple.dog',
      's.pear.cat',
      's.pear.dog',
      's.banana',
      's.banana.cat',
    ]);
  });

  it('makes the combinations alone where there are no lists', () => {
    expect(ids('{ include: [{ os: a, x: 1 }, { os: b, x: 2 }] }')).toEqual(['s.a.x-1', 's.b.x-2']);
  });

  it('brings back what was excluded', () => {
    expect(ids('{ os: [a, b], exclude: [{ os: a }], include: [{ os: a, x: 1 }] }')).toEqual([
      's.b',
      's.a.x-1',
    ]);
  });

  it('faults an exclusion that cannot match', () => {
    expect(found(read(shot('{ duration: [4, 8], exclude: [{ duraton: 4 }] }')))).toEqual([
      'matrix-invalid: duraton',
    ]);
    expect(found(read(shot('{ duration: [4, 8], exclude: [{ duration: 6 }] }')))).toEqual([
      'warning matrix-invalid: 6',
    ]);
    expect(found(read(shot('{ duration: [4], exclude: [{ duration: 4 }] }')))).toEqual([
      'matrix-invalid: [{ duration: 4 }]',
    ]);
  });
});

describe('mistakes in a matrix', () => {
  it.each([
    ['{}', 'invalid-value: {}'],
    ['{ model: x }', 'wrong-type: x'],
    ['{ model: [] }', 'invalid-value: []'],
    ['{ duration: [4, four] }', 'wrong-type: four'],
    ['{ scene: [[a]] }', 'wrong-type: [a]'],
    ['{ duration: [4, 8, 4] }', 'matrix-invalid: 4'],
    [
      '{ provider: [{ options: { a: { x: 1, y: 2 } } }, { options: { a: { y: 2, x: 1 } } }] }',
      'matrix-invalid: { options: { a: { y: 2, x: 1 } } }',
    ],
    ['{ id: [a, b] }', 'matrix-invalid: id'],
    ['{ modle: [a, b] }', 'matrix-invalid: modle'],
    ['{ weather: [a, b] }', 'matrix-invalid: weather'],
    ['{ weather: [a] }', 'warning matrix-invalid: weather'],
    ['{ seed: [1], include: [{ seed: 1, resolutoin: 1080p }] }', 'matrix-invalid: resolutoin'],
    ['{ "a b": [c] }', 'invalid-value: "a b"'],
    ['{ size: [1280x720, big] }', 'invalid-value: big'],
    ['{ first_frame: [a.png, ../b.png] }', 'path-outside: ../b.png'],
  ])('%s is %s', (matrix, finding) => {
    expect(found(read(shot(matrix)))).toEqual([finding]);
  });

  it('are none where include has a var for another shot', () => {
    const matrix = '{ port: [Bergen], include: [{ port: Bergen, line: Hei }] }';
    const shots = '[{ id: a, prompt: "{{port}} {{line}}" }, { id: b, prompt: "{{port}}" }]';
    const text = `version: 1\ndefaults: { model: m, matrix: ${matrix} }\nshots: ${shots}`;
    expect(keysOf(text)).toEqual(['a.Bergen', 'b.Bergen']);
    expect(found(read(text))).toEqual([]);
  });

  it('points at the value that made a combination wrong', () => {
    expect(found(read(shot('{ references: [[a.png], [b.png]], first_frame: [c.png, null] }')))).toEqual([
      'conflicting-fields: [a.png]',
      'conflicting-fields: [b.png]',
    ]);
    expect(found(read(shot('{ duration: [4], include: [{ callback_url: "http://x.example" }] }')))).toEqual([
      'insecure-url: "http://x.example"',
    ]);
  });
});

describe('a matrix that would buy one clip several times', () => {
  it.each([
    ['a list that no text uses', '{ cut: [a, b] }', 'prompt: p', 'cut'],
    ['a list that the id alone uses', '{ cut: [a, b] }', 'id: "s-{{cut}}", prompt: p', 'cut'],
    ['a setting that shapes no picture', '{ user: [a, b] }', 'prompt: p', 'user'],
    ['a trace', '{ trace: [{ a: 1 }, { a: 2 }] }', 'prompt: p', 'trace'],
    ['tags', '{ tags: [[a], [b]] }', 'prompt: p', 'tags'],
    ['another number of takes', '{ takes: [1, 2] }', 'prompt: p', 'takes'],
    ['spaces at the end of a prompt', '{ word: [calm, "calm "] }', 'prompt: "waves {{word}}"', 'word'],
    ['an empty map', '{ provider: [null, { options: {} }] }', 'prompt: p', 'provider'],
    [
      'one combination of include like another',
      '{ include: [{ seed: 1, cut: a }, { seed: 1, cut: b }] }',
      'prompt: p',
      'b',
    ],
  ])('is told of: %s', (_, matrix, fields, name) => {
    const text = withShots(`  - { ${fields.includes('id:') ? '' : 'id: s, '}${fields}, matrix: ${matrix} }`);
    expect(found(read(text))).toEqual([`matrix-invalid: ${name}`]);
  });

  it('is none where it compares providers', () => {
    const text = withShots(`  - { id: s, prompt: p, matrix: { provider: [{ only: [a] }, { only: [b] }] } }`);
    expect(found(read(text))).toEqual([]);
  });

  it('is none where include adds what no text uses to what is there', () => {
    const include = '[{ duration: 4, cut: x }, { duration: 6, cut: z, tags: [t] }, { cut: w }]';
    expect(found(read(shot(`{ duration: [4, 8], include: ${include} }`)))).toEqual([]);
  });

  it('is told of a list that the name of the file alone uses', () => {
    const top = 'output: { dir: o, name: "{id}-{cut}" }\n';
    expect(found(read(withShots('  - { id: s, prompt: p, matrix: { cut: [a, b] } }', top)))).toEqual([
      'matrix-invalid: cut',
    ]);
  });

  it('names each list that makes no difference, what it buys twice, and what to write instead', () => {
    const text = shot(
      '{ x: [1, 2], sky: [clear, grey], y: [3, 4, 5] }',
      'prompt: "{{sky}}", tags: ["{{x}}{{y}}"]',
    );
    const parsed = read(text);
    expect(found(parsed)).toEqual(['matrix-invalid: x', 'matrix-invalid: y']);
    expect(parsed.diagnostics[1]).toMatchObject({
      message: expect.stringMatching(
        /^the values of y make no difference: s\.\S+ and s\.\S+ ask for the same clip$/,
      ) as string,
      hint: 'use {{y}} in a prompt or a setting; for several clips of one shot write takes: 3',
    });
  });

  it('is one whose takes count up to the seeds of others', () => {
    expect(found(read(shot('{ seed: [1, 2] }', 'prompt: p, takes: 2')))).toEqual(['matrix-invalid: seed']);
    expect(found(read(shot('{ seed: [1, 3] }', 'prompt: p, takes: 2')))).toEqual([]);
  });

  it('is none where the shots grow out of different ones', () => {
    const matrix = '{ look: [red, blue] }';
    const shots = `[{ id: a, prompt: "{{look}}", matrix: ${matrix} }, { id: b, prompt: on, first_frame: { from: a }, matrix: ${matrix} }]`;
    expect(found(read(`version: 1\ndefaults: { model: m }\nshots: ${shots}`))).toEqual([]);
  });

  it('may come from the defaults, and is unset on the shot', () => {
    const defaults = 'defaults: { model: m, matrix: { look: [red, blue] } }';
    const parsed = read(
      `version: 1\n${defaults}\nshots: [{ id: a, prompt: "{{look}}" }, { id: "b-{{look}}", prompt: p }]`,
    );
    expect(found(parsed)).toEqual(['matrix-invalid: look']);
    expect(parsed.diagnostics[0]?.hint).toContain('matrix: null on the shot');
  });

  it('is not looked for where a fault may hide the difference', () => {
    expect(
      found(read(shot('{ cut: [a, b] }', 'id: "s-{{cut}}", prompt: "{{cutt}}"').replace('id: s, ', ''))),
    ).toEqual(['unknown-var: {{cutt}}']);
  });

  it('is no matter of two shots that are written out', () => {
    expect(
      found(read('version: 1\nshots: [{ id: a, model: m, prompt: p }, { id: b, model: m, prompt: p }]')),
    ).toEqual([]);
  });
});

describe('a large matrix', () => {
  const list = (count: number): string =>
    `[${Array.from({ length: count }, (_, index) => `v${index}`).join(', ')}]`;
  const matrix = (a: number, b: number): string =>
    shot(`{ a: ${list(a)}, b: ${list(b)} }`, 'prompt: "{{a}} {{b}}"');

  it('needs a word from 1,001 combinations on', () => {
    expect(keysOf(matrix(100, 10))).toHaveLength(1000);
    expect(found(read(matrix(77, 13)))).toEqual(['matrix-too-large: matrix']);
    expect(keysOf(matrix(77, 13), { allowLargeMatrix: true })).toHaveLength(1001);
  });

  it('counts what exclude leaves', () => {
    const text = shot(`{ a: ${list(100)}, b: ${list(11)}, exclude: [{ b: v0 }] }`, 'prompt: "{{a}} {{b}}"');
    expect(keysOf(text)).toHaveLength(1000);
  });

  it('is never beyond what memory holds', () => {
    const axes = 'abcdefghij'.split('').map((name) => `${name}: ${list(50)}`);
    const text = shot(`{ ${axes.join(', ')} }`);
    for (const allowLargeMatrix of [false, true]) {
      expect(read(text, { allowLargeMatrix }).diagnostics.map(({ code }) => code)).toEqual([
        'matrix-too-large',
      ]);
    }
  });
});

describe('expanded ids', () => {
  it('read like what they were made of', () => {
    expect(idsOf({ model: ['bytedance/seedance-2.0-fast', 'bytedance/seedance-2.0'] })).toEqual([
      's.seedance-2.0-fast',
      's.seedance-2.0',
    ]);
    expect(idsOf({ aspect_ratio: ['16:9', '9:16'], duration: [4] })).toEqual(['s.16-9.4s', 's.9-16.4s']);
  });

  it('take the names of files and sources', () => {
    const text = `version: 1
defaults: { model: m, prompt: p }
shots:
  - { id: o }
  - { id: s, matrix: { first_frame: [frames/one.png, "https://e.com/a/two.jpg?x=1", { from: o, at: first }] } }`;
    expect(keysOf(text)).toEqual(['o', 's.one', 's.two', 's.o']);
  });

  it('keep an id that names its vars', () => {
    expect(
      keysOf(
        withShots(
          '  - { id: "{{city}}-{{time}}", prompt: "{{city}}", matrix: { city: [New York, Köln], time: [dawn] } }',
        ),
      ),
    ).toEqual(['New-York-dawn', 'Köln-dawn']);
    expect(
      keysOf(
        withShots('  - { id: "in-{{city}}", prompt: "{{city}}", matrix: { city: [a, b], seed: [1, 2] } }'),
      ),
    ).toEqual(['in-a.seed-1', 'in-a.seed-2', 'in-b.seed-1', 'in-b.seed-2']);
    expect(
      keysOf(
        withShots(
          '  - { id: "c-{{n}}", matrix: { include: [{ n: one, prompt: A long text }, { n: two, prompt: Another }] } }',
        ),
      ),
    ).toEqual(['c-one', 'c-two']);
  });

  it('get a hash where values read the same, or cannot be read', () => {
    const clash = idsOf({ model: ['a/x', 'b/x', 'c/y'] });
    expect(clash[2]).toBe('s.y');
    expect(clash[0]).toMatch(/^s\.x-[0-9a-f]{6}$/);
    expect(clash[1]).toMatch(/^s\.x-[0-9a-f]{6}$/);
    expect(idsOf({ t: ['!!', '🦊'] }, 'prompt: "{{t}}"').every((id) => /^s\.[0-9a-f]{6}$/.test(id))).toBe(
      true,
    );
    const [long] = idsOf(
      { prompt: ['A very long prompt about a fox in a greenhouse at dawn, in the rain'] },
      'seed: 1',
    );
    expect(long).toMatch(/^s\.A-very-long-prompt-about[\w-]*-[0-9a-f]{6}$/);
    expect(long?.length).toBeLessThan(40);
  });

  it('keep the letters of every script, in one spelling', () => {
    expect(
      idsOf({ t: ['夜明け', 'рассвет', 'भोर', 'cafe\u0301 noir', 'ÅNGSTRÖM'] }, 'prompt: "{{t}}"'),
    ).toEqual([...['s.夜明け', 's.рассвет', 's.भोर', 's.café-noir', 's.ÅNGSTRÖM']]);
    for (const id of idsOf({ t: ['Straße', 'STRASSE'] }, 'prompt: "{{t}}"'))
      expect(id).toMatch(/^s\.(?:Straße|STRASSE)-[0-9a-f]{6}$/);
    const [long = ''] = idsOf({ t: [`ा${'कि'.repeat(60)}`] }, 'prompt: "{{t}}"');
    expect(long).toMatch(/^s\.(?:कि)+-[0-9a-f]{6}$/);
    expect(Buffer.byteLength(long)).toBeLessThan(110);
  });

  it('stay the same when values are added or moved, whatever the values', () => {
    const value = fc.oneof(fc.stringMatching(/^[a-z][a-z0-9]{0,6}$/), fc.integer({ min: 1, max: 99 }));
    const values = fc.uniqueArray(value, { minLength: 2, maxLength: 6, selector: String });
    fc.assert(
      fc.property(values, values, fc.integer(), (a, b, turn) => {
        const fields = 'prompt: "{{a}} {{b}}"';
        const known = new Map(
          takesOf(shot(JSON.stringify({ a: a.slice(1), b }), fields)).map(({ matrix, key }) => [key, matrix]),
        );
        const at = Math.abs(turn) % a.length;
        const moved = [...a.slice(at), ...a.slice(0, at)];
        const later = new Map(
          takesOf(shot(JSON.stringify({ a: moved, b: [...b].reverse() }), fields)).map(({ matrix, key }) => [
            key,
            matrix,
          ]),
        );
        for (const [key, matrix] of known) expect(later.get(key)).toEqual(matrix);
      }),
      { numRuns: volume({ short: 20, long: 1000 }) },
    );
  });

  it('are always fit to be ids, and distinct', () => {
    const value = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
    );
    fc.assert(
      fc.property(fc.uniqueArray(value, { minLength: 1, maxLength: 8 }), (values) => {
        const usable = values.filter((one) => typeof one !== 'string' || !one.includes('{{'));
        fc.pre(
          usable.length > 0 &&
            usable.every(
              (one) => !Object.is(one, -0) && !(Number.isInteger(one) && !Number.isSafeInteger(one)),
            ),
        );
        const { diagnostics, manifest } = read(shot(JSON.stringify({ v: usable }), 'prompt: "x {{v}}"'));
        expect(diagnostics.filter(({ code }) => code === 'unsafe-id' || code === 'duplicate-id')).toEqual([]);
        expect(new Set(manifest?.takes.map(({ key }) => key.toLowerCase())).size).toBe(
          manifest ? usable.length : 0,
        );
      }),
      { numRuns: volume({ short: 50, long: 2000 }) },
    );
  });
});
