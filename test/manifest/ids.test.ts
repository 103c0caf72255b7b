import { describe, expect, it } from 'vitest';
import { idFault } from '../../src/manifest/expand/ids.js';
import { found, keysOf, read, withShots } from './reading.js';

describe('ids', () => {
  it.each([
    ...['a', 'A1', '_x', '0', 'scene-2.close_up', 'index', 'report', 'conx', 'lpt', 'x'.repeat(100)],
    ...['é', '夜明け', 'कमल', 'открытие', '日'.repeat(60)],
  ])('may be %s', (id) => {
    expect(idFault(id)).toBeUndefined();
    expect(keysOf(withShots(`  - { id: "${id}", prompt: p }`))).toEqual([id]);
  });

  it.each([
    '',
    '.',
    '..',
    '.hidden',
    '.superseded',
    '-x',
    'x.',
    'a b',
    'a/b',
    'a\\b',
    'a@2',
    'a:b',
    'e\u0301',
    '\u0301e',
    '日'.repeat(61),
    'con',
    'CON',
    'nul.txt',
    'Com1',
    'LPT9.x',
    'index.html',
    'Report.json',
    'x'.repeat(101),
  ])('may not be %j', (id) => {
    expect(found(read(withShots(`  - { id: ${JSON.stringify(id)}, prompt: p }`)))).toEqual([
      `unsafe-id: ${JSON.stringify(id)}`,
    ]);
  });

  it('are not told apart by letter case', () => {
    const parsed = read(
      withShots('  - { id: Turn, prompt: p }\n  - { id: turn, prompt: p }\n  - { id: TURN, prompt: p }'),
    );
    expect(found(parsed)).toEqual(['duplicate-id: turn', 'duplicate-id: TURN']);
    expect(parsed.diagnostics[0]?.message).toContain('line 4');
  });

  it('are not told apart by what only some file systems tell apart', () => {
    const shots = ['Straße', 'STRASSE', 'ΟΔΟΣ', 'οδος', 'ÉTÉ', 'été'].map(
      (id) => `  - { id: ${id}, prompt: p }`,
    );
    expect(found(read(withShots(shots.join('\n'))))).toEqual([
      ...['duplicate-id: STRASSE', 'duplicate-id: οδος', 'duplicate-id: été'],
    ]);
  });

  it('are unique in the manifest, whatever their matrices make of them', () => {
    const parsed = read(
      withShots(`  - { id: a, prompt: "{{c}}", matrix: { c: [red, blue] } }
  - { id: A, prompt: "{{c}}", matrix: { c: [green] } }
  - { id: a, prompt: p }
  - { id: "{{c}}-x", prompt: p, matrix: { c: [one] } }
  - { id: "{{c}}-x", prompt: p, matrix: { c: [two] } }
`),
    );
    expect(found(parsed)).toEqual(['duplicate-id: A', 'duplicate-id: a']);
  });

  it('are unique among what matrices make, too', () => {
    const parsed = read(
      withShots('  - { id: a.red, prompt: p }\n  - { id: a, prompt: "{{c}}", matrix: { c: [RED, blue] } }'),
    );
    expect(found(parsed)).toEqual(['duplicate-id: a']);
  });
});

describe('an id that comes twice through an anchor', () => {
  it.each([
    ['*a', '*a'],
    ['{ <<: *a }', '{ <<: *a }'],
    ['{ <<: *a, prompt: q }', '{ <<: *a, prompt: q }'],
  ])('is faulted where it is used again: %s', (second, place) => {
    const parsed = read(`version: 1\nshots:\n  - &a { id: a, model: m, prompt: p }\n  - ${second}\n`);
    expect(found(parsed)).toEqual([`duplicate-id: ${place}`]);
    expect(parsed.diagnostics[0]).toMatchObject({
      message: 'the id a is taken: see line 3',
      at: { line: 4, column: 5 },
    });
  });
});
