import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editManifest, lookUpValue, type ManifestEdit } from '../../../src/manifest/edit/edit-manifest.js';
import type { ManifestReading } from '../../../src/manifest/parse.js';
import { marked, takesOf } from '../reading.js';

const FILE = 'shots.yaml';

function reading(text: string | Uint8Array, more: Partial<ManifestReading> = {}): ManifestReading {
  return { text, file: FILE, ...more };
}

function edited(text: string, edit: ManifestEdit, more: Partial<ManifestReading> = {}): string {
  return editManifest(reading(text, more), edit).text;
}

/** The lines that an edit changed: `- old` and `+ new`. */
function difference(before: string, after: string): string[] {
  const [old, made] = [before.split('\n'), after.split('\n')];
  let start = 0;
  while (start < old.length && old[start] === made[start]) start++;
  let end = 0;
  while (end < old.length - start && end < made.length - start && old.at(-1 - end) === made.at(-1 - end))
    end++;
  return [
    ...old.slice(start, old.length - end).map((line) => `- ${line}`),
    ...made.slice(start, made.length - end).map((line) => `+ ${line}`),
  ];
}

/** The lines that an edit of a manifest with these shots changed. */
function change(text: string, field: string, value: unknown, where?: ManifestEdit['where']): string[] {
  return difference(text, edited(text, { shot: 'a', field, value, ...(where && { where }) }));
}

const TOP = 'version: 1 # one\ndefaults: { model: maker/model, duration: 4 }\nshots:\n';

describe('an edit of a manifest', () => {
  it.each([
    ['prompt: A fox   # note', 'A wolf', 'prompt: A wolf   # note'],
    ["prompt: 'A fox' # note", "A wolf's den", "prompt: 'A wolf''s den' # note"],
    ['prompt: "A fox" # note', 'Say "hi"\nnow', 'prompt: "Say \\"hi\\"\\nnow" # note'],
    ['prompt: A fox # note', 'A wolf: at night', "prompt: 'A wolf: at night' # note"],
    ['prompt: A fox # note', 'A wolf # or two', "prompt: 'A wolf # or two' # note"],
    ['prompt: A fox # note', 'true', "prompt: 'true' # note"],
    ['prompt: A fox # note', ' A wolf', "prompt: ' A wolf' # note"],
    ['prompt: A fox # note', 'one\ntwo', 'prompt: "one\\ntwo" # note'],
    ['prompt: &p A fox', 'A wolf', 'prompt: &p A wolf'],
    ['prompt: !!str 5', '6', 'prompt: !!str 6'],
    ['prompt:   # none yet', 'A wolf', 'prompt: A wolf   # none yet'],
    ['prompt: A fox', 'A \u007f wolf', 'prompt: "A \\u007f wolf"'],
  ])('keeps the style of %j and the comment behind it', (line, value, wanted) => {
    const text = `${TOP}  - id: a\n    ${line}\n    duration: 4\n`;
    expect(change(text, 'prompt', value)).toEqual([`-     ${line}`, `+     ${wanted}`]);
  });

  it('writes several lines as a block where it can', () => {
    const text = `${TOP}  - id: a\n    prompt: A fox\n    duration: 4\n`;
    expect(change(text, 'prompt', 'A wolf\n\n  and a fox')).toEqual([
      '-     prompt: A fox',
      '+     prompt: |-',
      '+       A wolf',
      '+ ',
      '+         and a fox',
    ]);
  });

  it.each(['|', '|-', '|+', '| # on two lines', '|2'])(
    'keeps a block %j, its margin and its last line break',
    (header) => {
      const text = `${TOP}  - id: a\n    prompt: ${header}\n      A fox\n      runs\n\n    duration: 4\n`;
      expect(change(text, 'prompt', 'A wolf\nruns')).toEqual(['-       A fox', '+       A wolf']);
    },
  );

  it('keeps a folded block, broken as wide as it was', () => {
    const text = `${TOP}  - id: a\n    prompt: >-\n      A fox runs over\n      the hill\n    duration: 4\n`;
    const after = edited(text, {
      shot: 'a',
      field: 'prompt',
      value: 'A grey wolf runs over the hill\nand back',
    });
    expect(difference(text, after)).toEqual([
      '-       A fox runs over',
      '-       the hill',
      '+       A grey wolf',
      '+       runs over the',
      '+       hill',
      '+ ',
      '+       and back',
    ]);
    expect(takesOf(after)[0]?.settings.prompt).toBe('A grey wolf runs over the hill\nand back');
  });

  it('changes the last block of a file that does not end with a line break', () => {
    const text = `${TOP}  - id: a\n    prompt: |\n      A fox`;
    expect(edited(text, { shot: 'a', field: 'prompt', value: 'A wolf' })).toBe(
      `${TOP}  - id: a\n    prompt: |\n      A wolf`,
    );
  });

  it('changes numbers, switches and nested settings where they stand, also in flow style', () => {
    const text = `${TOP}  - { id: a, prompt: p, duration: 4, provider: { options: { google-vertex: { cfg.scale: 3 } } } } # x\n`;
    expect(change(text, 'duration', 8)[1]).toContain('duration: 8, provider');
    expect(change(text, 'prompt', 'one, two')[1]).toContain("prompt: 'one, two', duration");
    expect(change(text, 'provider.options.google-vertex.cfg.scale', 4.5)[1]).toContain('{ cfg.scale: 4.5 }');
    expect(change(text, 'provider.options.google-vertex.seed', 1)[1]).toContain('cfg.scale: 3, seed: 1 }');
    expect(change(text, 'generate_audio', true)[1]).toContain('}, generate_audio: true } # x');
  });

  it('changes one entry of a list, or the list', () => {
    const text = `${TOP}  - id: a\n    prompt: p\n    references:\n      - a.png # front\n      - video: b.mp4\n\n    # the end\n    duration: 4\n`;
    expect(change(text, 'references[0]', 'c.png')).toEqual([
      '-       - a.png # front',
      '+       - c.png # front',
    ]);
    expect(change(text, 'references[1].video', 'c.mp4')).toEqual([
      '-       - video: b.mp4',
      '+       - video: c.mp4',
    ]);
    expect(change(text, 'references', ['x.png', { audio: 'y.mp3' }])).toEqual([
      '-       - a.png # front',
      '-       - video: b.mp4',
      '+       - x.png',
      '+       - audio: y.mp3',
    ]);
  });

  it('keeps CRLF and a byte order mark, and gives the rest byte for byte', () => {
    const text = `\uFEFF${TOP}  - id: a\n    prompt: |\n      A fox\n    # ä😀\n`.replaceAll('\n', '\r\n');
    const after = edited(text, { shot: 'a', field: 'prompt', value: 'A wolf\nruns' });
    expect(after).toBe(text.replace('A fox', 'A wolf\r\n      runs'));
    expect(
      editManifest(reading(Buffer.from(text)), { shot: 'a', field: 'duration', value: 6, where: 'here' })
        .text,
    ).toBe(text.replace('- id: a\r\n', '- id: a\r\n    duration: 6\r\n'));
  });

  it('says which takes ask for something else', () => {
    const text = `${TOP}  - { id: a, prompt: p, takes: 2 }\n  - { id: b, prompt: q, duration: 5 }\n  - { id: c, prompt: r }\n`;
    const edit = { shot: 'a', field: 'duration', value: 6 };
    expect(editManifest(reading(text), { ...edit, where: 'there' }).changed).toEqual(['a@1', 'a@2', 'c']);
    expect(editManifest(reading(text), { ...edit, where: 'here' }).changed).toEqual(['a@1', 'a@2']);
  });

  it('reports what is wrong with the new value at its place', () => {
    const text = `${TOP}  - id: a\n    prompt: p\n    duration: 4\n`;
    const { parsed } = editManifest(reading(text), { shot: 'a', field: 'duration', value: 'long' });
    expect(parsed.diagnostics.map((one) => [one.code, marked(parsed, one)])).toEqual([
      ['wrong-type', 'long'],
    ]);
  });

  it('mends a manifest that is not sound', () => {
    const text = `${TOP}  - id: a\n    prompt: p\n    duration: long\n`;
    expect(change(text, 'duration', 4)).toEqual(['-     duration: long', '+     duration: 4']);
  });

  it('writes any text so that it reads back as it is', () => {
    const STYLES = ['A fox', "'A fox'", '"A fox"', '|\n      A fox', '>\n      A fox', '|-\n      A fox', ''];
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: fc.constantFrom(...Array.from(' \n\t:#-\'"{}[]|>&*!%@`,?ab\u2028\\')) }),
    );
    fc.assert(
      fc.property(text, fc.constantFrom(...STYLES), fc.boolean(), (value, style, isFlow) => {
        const flow = `  - { id: a, prompt: ${style}, type: text }\n`;
        const before =
          TOP +
          (isFlow && !style.includes('\n') ? flow : `  - id: a\n    prompt: ${style}\n    type: text\n`);
        const { parsed } = editManifest(reading(before), { shot: 'a', field: 'prompt', value });
        const written = lookUpValue(reading(parsed.text), { shot: 'a', field: 'prompt' }).value;
        expect([value, `${value}\n`]).toContain(written);
        return true;
      }),
      { numRuns: 600 },
    );
  });
});

describe('a value from somewhere else', () => {
  const TEXT = `version: 1
vars: { hero: a fox, mood: calm }
defaults: &d
  model: maker/model
  duration: 4 # seconds
  provider: &options { options: { google-vertex: { cfg: 3, sampler: x } } }
`;
  const SHOTS = `${TEXT}shots:
  - id: a
    prompt: &p A fox
  - id: b
    prompt: *p
    provider: *options
  - id: c
    prompt: '{{hero}}'
    vars: { mood: wild }
  - id: d
    prompt: '{{hero}}, {{ mood }}'
  - <<: { resolution: 720p }
    id: e
    prompt: q
  - id: f
    prompt: 'a {{look}} day'
    matrix: { duration: [6, 8], look: [dry, wet] }
`;

  const find = (shot: string, field: string, more: Partial<ManifestReading> = {}) => {
    const { origin, name, choices, at, value } = lookUpValue(reading(SHOTS, more), { shot, field });
    return [origin, name, value, at && `${at.line}:${at.column}`, choices.join('|')];
  };
  const lines = (edit: ManifestEdit) => difference(SHOTS, edited(SHOTS, edit));

  it('is reported with its place and the choices', () => {
    expect(find('a', 'duration')).toEqual(['defaults', undefined, 4, '5:13', 'there|here']);
    expect(find('b', 'prompt')).toEqual(['anchor', 'p', 'A fox', '9:16', 'there|here']);
    expect(find('b', 'provider.options.google-vertex.cfg')).toEqual([
      'anchor',
      'options',
      3,
      '6:57',
      'there|here',
    ]);
    expect(find('c', 'prompt')).toEqual(['var', 'hero', '{{hero}}', '2:15', 'there|here']);
    expect(find('c', 'vars.mood')).toEqual(['shot', undefined, 'wild', '15:19', 'there']);
    expect(find('d', 'vars.mood')).toEqual(['var', 'mood', 'calm', '2:28', 'there|here']);
    expect(find('e', 'resolution')).toEqual(['anchor', '<<', '720p', '18:23', 'there|here']);
    expect(find('a', 'seed')).toEqual(['none', undefined, undefined, undefined, 'here']);
    expect(find('a', 'prompt')).toEqual(['shot', undefined, 'A fox', '9:16', 'there']);
    expect(find('f.6s.dry', 'duration')).toEqual(['matrix', 'duration', 6, '23:26', 'there']);
    expect(lookUpValue(reading(SHOTS), { shot: 'd', field: 'prompt' }).vars).toEqual(['hero', 'mood']);
  });

  it('cannot be changed there if the command line gives it', () => {
    const [origin, name, , at, choices] = find('c', 'prompt', { vars: { hero: 'a wolf' } });
    expect([origin, name, at, choices]).toEqual(['var', 'hero', undefined, 'here']);
  });

  it('is changed there, for all that use it', () => {
    const where = 'there';
    expect(lines({ shot: 'a', field: 'duration', value: 8, where })).toEqual([
      '-   duration: 4 # seconds',
      '+   duration: 8 # seconds',
    ]);
    expect(lines({ shot: 'b', field: 'prompt', value: 'A wolf', where })[1]).toBe('+     prompt: &p A wolf');
    expect(lines({ shot: 'c', field: 'prompt', value: 'a wolf', where })[1]).toBe(
      '+ vars: { hero: a wolf, mood: calm }',
    );
    expect(lines({ shot: 'f.8s.wet', field: 'duration', value: 10, where })[1]).toContain('[6, 10]');
  });

  it('is overridden here, with the rest of what it is a part of', () => {
    const where = 'here';
    expect(lines({ shot: 'a', field: 'duration', value: 8, where })).toEqual(['+     duration: 8']);
    expect(lines({ shot: 'b', field: 'prompt', value: 'A wolf', where })[1]).toBe('+     prompt: A wolf');
    expect(lines({ shot: 'b', field: 'provider.options.google-vertex.cfg', value: 5, where })[1]).toBe(
      '+     provider: { options: { google-vertex: { cfg: 5, sampler: x } } }',
    );
    expect(lines({ shot: 'd', field: 'provider.options.google-vertex.cfg', value: 5, where })[0]).toBe(
      '+     provider: { options: { google-vertex: { cfg: 5, sampler: x } } }',
    );
    expect(lines({ shot: 'c', field: 'vars.hero', value: 'a wolf', where })[1]).toBe(
      '+     vars: { mood: wild, hero: a wolf }',
    );
    expect(lines({ shot: 'd', field: 'vars.hero', value: 'a wolf', where })[0]).toBe(
      '+     vars: { hero: a wolf }',
    );
    expect(lines({ shot: 'e', field: 'resolution', value: '1080p', where })).toEqual([
      '+     resolution: 1080p',
    ]);
    expect(lines({ shot: 'c', field: 'prompt', value: 'A wolf', where })[1]).toBe("+     prompt: 'A wolf'");
  });

  it('needs a choice, and says what it is between', () => {
    expect(() => lines({ shot: 'a', field: 'duration', value: 8 })).toThrow(
      'duration of a comes from the defaults (shots.yaml:5:13), where other shots may use it too',
    );
    expect(() => lines({ shot: 'f.6s.dry', field: 'duration', value: 8, where: 'here' })).toThrow(
      'duration of f.6s.dry comes from the matrix (shots.yaml:23:26): it cannot be changed here',
    );
    expect(lines({ shot: 'a', field: 'seed', value: 8 })).toEqual(['+     seed: 8']);
  });

  it('is not guessed', () => {
    const edit = { field: 'prompt', value: 'x' };
    expect(() => lines({ shot: 'g', ...edit })).toThrow('the manifest has no shot g');
    expect(() => lines({ shot: 'f', field: 'duration', value: 5 })).toThrow(
      'the matrix gives several values of duration to this shot',
    );
    expect(() => lines({ shot: 'a', field: 'prompt.text', value: 5 })).toThrow(
      'there is no place for prompt.text',
    );
    expect(() => edited('a: [', { shot: 'a', ...edit })).toThrow('has mistakes');
  });
});
