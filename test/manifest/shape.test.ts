import { describe, expect, it } from 'vitest';
import { volume } from '../helpers/long-pass.js';
import { found, read, withShots } from './reading.js';

describe('the top level', () => {
  it('finds each mistake once, at its place', () => {
    const parsed = read(`projct: x
gateway: openruoter
output: 5
concurrency: { jobs: 0, download: 3, per_model: { m: 1.5 } }
budget_usd: "20"
poll: { interval: 0, timeout: .5 }
retries: -1
on_uncertain: resumbit
approve: yes
vars: { 1x: a, ok: [1] }
shots: [{ id: a, model: m, prompt: p }]
`);
    expect(found(parsed)).toEqual([
      'unknown-key: projct',
      'missing-key: projct',
      'invalid-value: openruoter',
      'wrong-type: 5',
      'invalid-value: 0',
      'unknown-key: download',
      'invalid-value: 1.5'.replace('invalid-value', 'wrong-type'),
      'wrong-type: "20"',
      'invalid-value: 0',
      'invalid-value: -1',
      'invalid-value: resumbit',
      'wrong-type: yes',
      'invalid-value: 1x',
      'wrong-type: [1]',
    ]);
  });

  it.each([
    ['version: 2', 'unsupported-version: 2'],
    ['version: 0', 'invalid-value: 0'],
    ['version: "1"', 'wrong-type: "1"'],
    ['version:', 'wrong-type: version'],
  ])('does not take %s', (line, finding) => {
    expect(found(read(`${line}\nshots: [{ id: a, model: m, prompt: p }]`))).toEqual([finding]);
  });

  it('asks for version and shots, and for at least one shot', () => {
    expect(found(read('project: x'))).toEqual(['missing-key: project']);
    expect(read('project: x').diagnostics[0]?.message).toContain('version');
    expect(found(read('version: 1\nshots: []'))).toEqual(['invalid-value: []']);
    expect(found(read('version: 1\nshots: { id: a }'))).toEqual(['missing-key: shots']);
    expect(found(read('version: 1\nshots:'))).toEqual(['wrong-type: shots']);
  });

  it('goes on to the shots where the top has mistakes', () => {
    expect(
      found(read('verion: 1\nshots: [{ id: a, model: m, promt: p }, { id: A, model: m, prompt: p }]')),
    ).toEqual(['unknown-key: verion', 'unknown-key: promt', 'duplicate-id: A']);
  });
});

describe('shots', () => {
  it('suggests the key that was meant', () => {
    const { diagnostics } = read(
      withShots(`  - id: a
    prompt: p
    refrences: [x.png]
    frame_images: [x.png]
    concurrency: 4
    zzzzzz: 1
`),
    );
    expect(
      diagnostics.map(({ message }) => /did you mean (.*)\?|belongs (.*)$/.exec(message)?.slice(1)),
    ).toEqual([
      ['references', undefined],
      ['first_frame and last_frame', undefined],
      [undefined, 'at the top of the manifest'],
      undefined,
    ]);
  });

  it.each([
    ['shot: []', 'no such field: "shot"; did you mean shots?', undefined],
    ['id: a', 'no such field here: id belongs to a shot', undefined],
    ['model: m', 'no such field here: model belongs to a shot, or to defaults', undefined],
    ['name: x', 'no such field: "name"', undefined],
  ])('knows where a field of the top belongs: %s', (line, message, hint) => {
    const { diagnostics } = read(`version: 1\n${line}\nshots: [{ id: a, model: m, prompt: p }]`);
    expect(diagnostics.map((one) => [one.message, one.hint])).toEqual([[message, hint]]);
  });

  it.each([
    ['first_frame: { image: p.png }', '"image"', 'the fields here are from, at, take'],
    ['references: [{ name: x.png }]', '"name"', 'the fields here are image, video, audio, from, at, take'],
  ])('suggests no field that the place does not have: %s', (field, name, hint) => {
    const { diagnostics } = read(withShots(`  - { id: a, prompt: p, ${field} }`));
    const unknown = diagnostics.find(({ code }) => code === 'unknown-key');
    expect(unknown).toMatchObject({ message: `no such field: ${name}`, hint });
  });

  it('quotes a number as it is written', () => {
    const [first] = read('version: 1\nshots: [{ id: 010, model: m, prompt: p }]').diagnostics;
    expect(first).toMatchObject({
      message: 'id must be text, not 010',
      hint: 'if it is text, put it in quotes: "010"',
    });
  });

  it('points at the key of what is unknown and at the value of what is wrong, inside flow maps too', () => {
    const parsed = read(withShots('  - { id: a, prompt: p, duratoin: 4, seed: x, tags: [ok, 5], takes: 0 }'));
    expect(found(parsed)).toEqual([
      'unknown-key: duratoin',
      'wrong-type: x',
      'wrong-type: 5',
      'invalid-value: 0',
    ]);
  });

  it('points into the anchor where the mistake is written, once', () => {
    const parsed = read(`version: 1
defaults: &d { model: m, durration: 4 }
shots:
  - { <<: *d, id: a, prompt: p }
  - { <<: *d, id: b, prompt: p }
  - &c { id: c, model: m, prompt: p, takes: many }
  - { <<: *c, id: d }
`);
    expect(found(parsed)).toEqual(['unknown-key: durration', 'wrong-type: many']);
    expect(parsed.diagnostics.map(({ at }) => at?.line)).toEqual([2, 6]);
  });

  it('says one thing of a frame that is misspelt', () => {
    const parsed = read(
      withShots('  - { id: a, prompt: p, first_frame: { form: b } }\n  - { id: b, prompt: p }'),
    );
    expect(found(parsed)).toEqual(['unknown-key: form']);
  });

  it('wants one source for a reference', () => {
    const parsed = read(
      withShots(
        '  - { id: a, prompt: p, references: [{ image: a.png, video: b.mp4 }, {}, { at: last }, 5, [x]] }',
      ),
    );
    expect(found(parsed)).toEqual([
      'invalid-value: { image: a.png, video: b.mp4 }',
      'invalid-value: {}',
      'invalid-value: { at: last }',
      'wrong-type: 5',
      'wrong-type: [x]',
    ]);
  });

  it.each([
    ['duration: "4"', '"4"', 'write 4 without quotes'],
    ['duration: 4s', '4s', 'write 4'],
    ['duration: "{{s}}"', '"{{s}}"', 'matrix'],
    ['resolution: 720', '720', 'write 720p'],
    ['generate_audio: no', 'no', 'true or false'],
    ['prompt: 5', '5', 'in quotes'],
    ['model: true', 'true', 'in quotes'],
  ])('knows what was meant by %s', (field, text, hint) => {
    const parsed = read(`version: 1\nshots: [{ id: a, ${field} }]`);
    expect(found(parsed)).toEqual([`wrong-type: ${text}`]);
    expect(parsed.diagnostics[0]?.hint).toContain(hint);
  });

  it.each([
    'duration: 1.5',
    'duration: 0',
    'seed: 1.5',
    'upscale_factor: 0',
    'size: 1280',
    'size: big',
    'takes: 10001',
  ])('does not take %s', (field) => {
    expect(read(withShots(`  - { id: a, prompt: p, ${field} }`)).diagnostics).toHaveLength(1);
  });

  it('asks for an id, a model and a prompt', () => {
    expect(found(read('version: 1\nshots: [{ prompt: p, model: m }, { id: b }, 5, null]'))).toEqual([
      'missing-key: { prompt: p, model: m }',
      'missing-key: b',
      'prompt-required: b',
      'wrong-type: 5',
      'wrong-type: null',
    ]);
  });

  it('does not call missing what may be misspelt', () => {
    expect(found(read('version: 1\nshots: [{ id: a, modle: m, promt: p }]'))).toEqual([
      'unknown-key: modle',
      'unknown-key: promt',
    ]);
    expect(found(read('version: 1\ndefaults: { modle: m }\nshots: [{ id: a, prompt: p }]'))).toEqual([
      'unknown-key: modle',
    ]);
  });

  it('warns of a key that has no value and unsets nothing', () => {
    const parsed = read(withShots('  - id: a\n    prompt: p\n    first_frame:\n'));
    expect(found(parsed)).toEqual(['warning invalid-value: first_frame']);
    expect(parsed.manifest?.takes).toHaveLength(1);
  });

  it('does not print the key that stands where a variable belongs', () => {
    const parsed = read(
      'version: 1\ngateway: { base_url: "https://x.example/v1", api_key_env: sk-or-v1-0123456789 }\nshots: [{ id: a, model: m, prompt: p }]',
    );
    expect(found(parsed)).toEqual(['invalid-value: sk-or-v1-0123456789']);
    expect(JSON.stringify(parsed.diagnostics)).not.toContain('sk-or');
    expect(parsed.diagnostics[0]?.hint).toContain('not the key itself');
  });
});

it('finds a mistake in each of thousands of shots', () => {
  const length = volume({ short: 2000, long: 5000 });
  const shots = Array.from({ length }, (_, index) => `  - { id: s${index}, promt: p }`).join('\n');
  const { diagnostics } = read(withShots(shots));
  expect(diagnostics).toHaveLength(length);
  expect(diagnostics.at(-1)).toMatchObject({ code: 'unknown-key', at: { line: length + 3, column: 18 } });
});
