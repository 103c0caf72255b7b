import fc from 'fast-check';
import { posix, win32 } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Take } from '../../src/domain/take.js';
import { outputStem } from '../../src/manifest/output-name.js';
import { volume } from '../helpers/long-pass.js';
import { found, onlyTake, read, takesOf, withShots } from './reading.js';

const TAKE: Take = onlyTake(
  withShots(
    '  - { id: a, prompt: p, seed: 7, duration: 4, aspect_ratio: "16:9", matrix: { model: [maker/engine-1], mood: [calm] } }',
    '',
  ).replace('prompt: p', 'prompt: "{{mood}}"'),
);

function stem(template: string | undefined, take: Partial<Take> = {}, project = 'film'): string {
  return outputStem({ template, take: { ...TAKE, ...take }, project });
}

describe('names without a template', () => {
  it('are a folder for each shot, and a number from the second take on', () => {
    expect(stem(undefined, { shot: 'a' })).toBe('a/a');
    expect(stem(undefined, { shot: 'a', take: 2 })).toBe('a/a.take-2');
  });
});

describe('a template', () => {
  it('fills in what is known of a take', () => {
    expect(stem('{project}/{id}/{model}-{seed}-{take}')).toBe('film/a.engine-1.calm/engine-1-7-1');
    expect(stem('{index}_{type}_{duration}_{mood}', { shot_index: 4 })).toBe('005_text_4_calm');
    expect(stem('{aspect_ratio} {size}')).toBe('16-9 no-size');
  });

  it('fills in vars', () => {
    const { manifest } = read(
      withShots(
        '  - { id: a, prompt: p, vars: { scene: Küche } }\n  - { id: b, prompt: p }',
        'vars: { scene: attic }\noutput: { name: "{scene}-{id}" }\n',
      ),
      { vars: {} },
    );
    expect(
      manifest?.takes.map((take) => outputStem({ template: manifest.output.name, take, project: 'x' })),
    ).toEqual(['Küche-a', 'attic-b']);
  });

  it('fills in the texts and numbers of a matrix as they stand in a prompt', () => {
    const matrix = '{ price: [49.00, 1.10], who: ["{{hero}} two"], wet: [true] }';
    const text = withShots(
      `  - { id: a, prompt: "{{price}}-{{who}}", vars: { hero: fox }, matrix: ${matrix} }`,
      'output: { name: "{price}-{who}" }\n',
    );
    const takes = takesOf(text);
    expect(takes.map((take) => stem('{price}-{who}', take))).toEqual(['49.00-fox two', '1.10-fox two']);
    expect(takes.map(({ settings }) => settings.prompt)).toEqual(['49.00-fox two', '1.10-fox two']);
    // Of what is on or off, the value alone would say nothing.
    expect(takes.map((take) => stem('{wet}', take))).toEqual(['wet-true', 'wet-true']);
  });

  it('takes a name that every object inherits for any other', () => {
    const shots =
      '  - { id: a, prompt: "{{constructor}}", matrix: { constructor: [x] } }\n' +
      '  - { id: b, prompt: p, vars: { toString: y } }\n  - { id: c, prompt: p }';
    const name = '{id}-{constructor}-{toString}';
    expect(
      takesOf(withShots(shots, `output: { name: "${name}" }\n`)).map((take) => stem(name, take)),
    ).toEqual(['a.x-x-no-toString', 'b-no-constructor-y', 'c-no-constructor-no-toString']);
  });

  it.each([
    ['{p}', 'a/b\\c:d*e?f"g<h>i|j', 'a-b-c-d-e-f-g-h-i-j'],
    ['{p}', '..', '_'],
    ['{p}', ' .hidden. ', 'hidden'],
    ['{p}', '', '_'],
    ['{p}', 'con', '_con'],
    ['{p}', 'NUL.tar.gz', '_NUL.tar.gz'],
    ['{p}', 'tab\there\u202Eand', 'tab-here-and'],
    ['x/{p}/y', '../..', 'x/-/y'],
    ['{p}', 'e\u0301', 'é'],
  ])('makes of %s with %j the name %j', (template, value, name) => {
    expect(stem(template, { matrix: { p: value } })).toBe(name);
  });

  it('cuts long names, and keeps them apart', () => {
    const one = stem('{p}', { matrix: { p: `${'ä'.repeat(300)}1` } });
    const two = stem('{p}', { matrix: { p: `${'ä'.repeat(300)}2` } });
    expect(one).not.toBe(two);
    expect(Buffer.byteLength(one)).toBeLessThanOrEqual(120);
  });

  it('never leaves the folder, whatever it is filled with', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.string({ unit: 'binary', maxLength: 40 }),
        (value, literal) => {
          const name = stem(`${literal}/{p}/{project}`, { matrix: { p: value } }, value);
          for (const path of [posix, win32]) {
            const root = path === posix ? '/out' : 'C:\\out';
            const target = path.resolve(root, name);
            expect(target.startsWith(root + path.sep)).toBe(true);
          }
          for (const segment of name.split('/')) {
            expect(segment).not.toMatch(/[<>:"|?*\\\p{C}]|^\.|[. ]$|^$/u);
            expect(Buffer.byteLength(segment)).toBeLessThanOrEqual(120);
          }
        },
      ),
      { numRuns: volume({ short: 100, long: 5000 }) },
    );
  });
});

describe('mistakes in a template', () => {
  const named = (name: string, shots = '  - { id: a, prompt: p }'): string =>
    withShots(shots, `output: { name: '${name}' }\n`);

  it.each([
    ['{idd}', 'output-template: {idd}'],
    ['{id', "output-template: '{id'"],
    ['id}', "output-template: 'id}'"],
    ['{id}.mp4', "output-template: '{id}.mp4'"],
    ['{{id}}', "output-template: '{{id}}'"],
    ['a//{id}', "output-template: 'a//{id}'"],
    ['{id}/', "output-template: '{id}/'"],
    ['/{id}', "path-outside: '/{id}'"],
    ['../{id}', "path-outside: '../{id}'"],
    ['a/../{id}', "path-outside: 'a/../{id}'"],
    ['C:{id}', "path-outside: 'C:{id}'"],
    ['a\\{id}', "path-outside: 'a\\{id}'"],
  ])('%s is %s', (name, finding) => {
    expect(found(read(named(name)))).toEqual([finding]);
  });

  it.each([
    ['two shots under one name', 'clip', '  - { id: a, prompt: p }\n  - { id: b, prompt: p }'],
    ['two takes', '{id}', '  - { id: a, prompt: p, takes: 2 }'],
    ['names in other letters', '{v}', '  - { id: a, prompt: "{{v}}", matrix: { v: [Fox, fox] } }'],
    ['a second output', '{id}', '  - { id: a, prompt: p }\n  - { id: a.2, prompt: p }'],
    ['the report', '{id}', '  - { id: report, prompt: p }'],
    ['the contact sheet', 'index.html/{id}', '  - { id: a, prompt: p }'],
  ])('%s would meet', (_, name, shots) => {
    const parsed = read(named(name, shots));
    expect(parsed.diagnostics.map(({ code }) => code)).toEqual(['output-collision']);
  });

  it('are none between a version and its point release', () => {
    const shots = '  - { id: a, prompt: p, model: x/veo-3 }\n  - { id: b, prompt: p, model: x/veo-3.1 }';
    expect(found(read(named('{model}', shots)))).toEqual([]);
  });

  it('are none where every take has a name of its own', () => {
    const takes = takesOf(
      named('{id}/{take}', '  - { id: a, prompt: p, takes: 3 }\n  - { id: b, prompt: p }'),
    );
    expect(takes.map((take) => outputStem({ template: '{id}/{take}', take, project: 'x' }))).toEqual([
      'a/1',
      'a/2',
      'a/3',
      'b/1',
    ]);
  });
});
