import { describe, expect, it } from 'vitest';
import { volume } from '../helpers/long-pass.js';
import { found, read, takesOf, withShots } from './reading.js';

describe('chains', () => {
  it('name the shot, the moment and the take', () => {
    const takes = takesOf(
      withShots(`  - { id: b, prompt: p, first_frame: { from: a, at: first }, last_frame: { from: a, at: 1.5, take: 2 } }
  - { id: a, prompt: p, duration: 4, takes: 2 }
  - { id: c, prompt: p, references: [x.png, { from: b }] }
  - { id: d, prompt: p, previous_job: a }
`),
    );
    const byKey = new Map(takes.map((take) => [take.key, take]));
    expect(byKey.get('b')?.frames).toEqual([
      { frame_type: 'first_frame', source: { kind: 'shot', shot: 'a', at: 'first' } },
      { frame_type: 'last_frame', source: { kind: 'shot', shot: 'a', at: 1.5, take: 2 } },
    ]);
    expect(byKey.get('c')?.references).toEqual([
      { media: 'image', source: { kind: 'file', path: 'x.png' } },
      { media: 'image', source: { kind: 'shot', shot: 'b', at: 'last' } },
    ]);
    expect(byKey.get('d')).toMatchObject({ type: 'text', previous_shot: 'a' });
    expect(byKey.get('a@1')).not.toHaveProperty('previous_shot');
  });

  it('go from matrix to matrix by their values', () => {
    const takes = takesOf(`version: 1
defaults: { prompt: "{{w}}", matrix: { model: [m/x, m/y], w: [rain, snow] } }
shots:
  - { id: a }
  - { id: b, first_frame: { from: a } }
  - { id: c, first_frame: { from: "a.x.rain" }, prompt: p, model: m, matrix: null }
  - { id: d, previous_job: b, matrix: { model: [m/y, m/x], w: [snow, rain] } }
  - { id: e, prompt: p, model: m, matrix: null, references: [{ from: f }] }
  - { id: f, prompt: p, matrix: { model: [m/x] } }
`);
    const sources = takes.map(({ key, frames, references, previous_shot }) => {
      const [source] = [...frames, ...references].map((input) => input.source);
      return `${key} < ${previous_shot ?? (source?.kind === 'shot' ? source.shot : '')}`;
    });
    expect(sources.slice(4)).toEqual([
      'b.x.rain < a.x.rain',
      'b.x.snow < a.x.snow',
      'b.y.rain < a.y.rain',
      'b.y.snow < a.y.snow',
      'c < a.x.rain',
      'd.y.snow < b.y.snow',
      'd.y.rain < b.y.rain',
      'd.x.snow < b.x.snow',
      'd.x.rain < b.x.rain',
      'e < f.x',
      'f.x < ',
    ]);
  });

  it('go from a matrix to one that has more, where the shared values leave one', () => {
    const text = (source: string): string =>
      withShots(`  - { id: a, prompt: "{{w}} {{x}}", matrix: { w: [rain, snow], ${source} } }
  - { id: b, prompt: "{{w}}", matrix: { w: [rain, snow] }, first_frame: { from: a } }`);
    expect(takesOf(text('x: [one]')).at(-1)?.frames[0]?.source).toMatchObject({ shot: 'a.snow.one' });
    const parsed = read(text('x: [one, two]'));
    expect(found(parsed)).toEqual(['unknown-shot: a']);
    expect(parsed.diagnostics[0]?.hint).toContain('a.rain.one');
  });

  it('may use vars', () => {
    const takes = takesOf(
      withShots(
        '  - { id: a-1, prompt: p }\n  - { id: b, prompt: p, first_frame: { from: "a-{{n}}" }, vars: { n: 1 } }',
      ),
    );
    expect(takes[1]?.frames[0]?.source).toMatchObject({ shot: 'a-1' });
  });

  it('are as long as they like', () => {
    const length = volume({ short: 2000, long: 5000 });
    const shots = Array.from({ length }, (_, index) =>
      index === 0
        ? '  - { id: s0, prompt: p }'
        : `  - { id: s${index}, prompt: p, first_frame: { from: s${index - 1} } }`,
    );
    expect(takesOf(withShots(shots.reverse().join('\n')))).toHaveLength(length);
  });
});

describe('an unknown shot', () => {
  it('is named, with the one that was meant', () => {
    const parsed = read(
      withShots(`  - { id: greenhouse, prompt: p, takes: 2 }
  - { id: b, prompt: p, first_frame: { from: greenhuose } }
  - { id: c, prompt: p, references: [{ from: nothing-like-it }] }
  - { id: d, prompt: p, previous_job: Greenhouse }
  - { id: e, prompt: p, last_frame: { from: greenhouse@2 } }
  - { id: f, prompt: p, previous_job: greenhouse@2 }
`),
    );
    expect(found(parsed)).toEqual([
      'unknown-shot: greenhuose',
      'unknown-shot: nothing-like-it',
      'unknown-shot: Greenhouse',
      'unknown-shot: greenhouse@2',
      'unknown-shot: greenhouse@2',
    ]);
    expect(
      parsed.diagnostics.map(({ message, hint }) => hint ?? /did you mean (.*)\?/.exec(message)?.[1]),
    ).toEqual([
      'greenhouse',
      undefined,
      'greenhouse',
      'write { from: greenhouse, take: 2 }',
      'write the id alone: greenhouse',
    ]);
  });

  it('is not one that has mistakes of its own', () => {
    const parsed = read(
      withShots(`  - { id: a, prompt: p, matrix: { model: x } }
  - { id: b, promt: p }
  - { id: c, prompt: p, first_frame: { from: a } }
  - { id: d, prompt: p, first_frame: { from: a.x } }
  - { id: e, prompt: p, first_frame: { from: b } }
`),
    );
    expect(found(parsed)).toEqual(['wrong-type: x', 'unknown-key: promt']);
  });

  it('is found quickly among very many', () => {
    const length = volume({ short: 100, long: 4000 });
    const shots = Array.from(
      { length },
      (_, index) =>
        `  - { id: shot-number-${index}, prompt: p, first_frame: { from: shto-nmuber-${index} } }`,
    );
    expect(read(withShots(shots.join('\n'))).diagnostics).toHaveLength(length);
  });
});

describe('a circle', () => {
  it.each([
    ['a → a', ['a < a']],
    ['a → b → a', ['a < b', 'b < a']],
    ['b → c → d → b', ['a < b', 'b < c', 'c < d', 'd < b']],
  ])('is shown as %s', (path, edges) => {
    const shots = edges.map((edge) => {
      const [id = '', from = ''] = edge.split(' < ');
      return `  - { id: ${id}, prompt: p, first_frame: { from: ${from} } }`;
    });
    const { diagnostics } = read(withShots(shots.join('\n')));
    expect(diagnostics.map(({ code }) => code)).toEqual(['shot-cycle']);
    expect(diagnostics[0]?.message).toContain(path);
  });

  it('may run through frames, references and continued jobs', () => {
    const parsed = read(
      withShots(`  - { id: a, prompt: p, first_frame: { from: b } }
  - { id: b, prompt: p, references: [{ from: c }] }
  - { id: c, prompt: p, previous_job: a }
  - { id: d, prompt: p, previous_job: a }
`),
    );
    expect(found(parsed)).toEqual(['shot-cycle: a']);
    expect(parsed.diagnostics[0]).toMatchObject({ at: { line: 6 } });
  });

  it('is no shot that two others use', () => {
    const parsed = read(
      withShots(`  - { id: a, prompt: p }
  - { id: b, prompt: p, first_frame: { from: a } }
  - { id: c, prompt: p, first_frame: { from: a }, last_frame: { from: b } }
`),
    );
    expect(found(parsed)).toEqual([]);
  });

  it('of thousands is told in a few words', () => {
    const shots = Array.from(
      { length: 3000 },
      (_, index) => `  - { id: s${index}, prompt: p, first_frame: { from: s${(index + 1) % 3000} } }`,
    );
    const { diagnostics } = read(withShots(shots.join('\n')));
    expect(diagnostics).toHaveLength(1);
    expect(diagnostics[0]?.message.length).toBeLessThan(300);
  });
});

describe('what does not exist', () => {
  it.each([
    ['first_frame: { from: a, take: 3 }', 'invalid-value: 3'],
    ['first_frame: { from: a, at: 4.5 }', 'invalid-value: 4.5'],
    ['first_frame: { from: a, at: -1 }', 'invalid-value: -1'],
    ['first_frame: { from: a, at: middle }', 'invalid-value: middle'],
    ['first_frame: { at: last }', 'missing-key: { at: last }'],
  ])('%s', (fields, finding) => {
    expect(
      found(
        read(
          withShots(`  - { id: a, prompt: p, duration: 4, takes: 2 }\n  - { id: b, prompt: p, ${fields} }`),
        ),
      ),
    ).toEqual([finding]);
  });

  it('is told of with a remedy', () => {
    const missing = '{ from: a, take: 3, at: 4.5 }';
    const { diagnostics } = read(
      withShots(
        `  - { id: a, prompt: p, duration: 4, takes: 2 }\n  - { id: b, prompt: p, first_frame: ${missing} }`,
      ),
    );
    expect(diagnostics.map(({ hint }) => hint)).toEqual([
      'name an existing take, or none for the picked one',
      'at: last takes its last frame, however long it is',
    ]);
  });

  it('is a job continued by another model, but for its dated slug', () => {
    const text = (model: string): string =>
      withShots(`  - { id: a, prompt: p }\n  - { id: b, prompt: p, model: ${model}, previous_job: a }`);
    expect(found(read(text('maker/other')))).toEqual(['conflicting-fields: a']);
    expect(found(read(text('maker/model-20260101')))).toEqual([]);
  });
});
