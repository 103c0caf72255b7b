import { describe, expect, it } from 'vitest';
import { volume } from '../helpers/long-pass.js';
import { found, read, withShots } from './reading.js';

const BYTES = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('text that is no YAML manifest', () => {
  it.each([
    ['nothing at all', '', 'manifest-unreadable 1:1'],
    ['comments alone', '# later\n', 'manifest-unreadable 1:1'],
    ['an empty document', '---\n...\n', 'manifest-unreadable 1:4'],
    ['a list', '- a\n- b\n', 'wrong-type 1:3'],
    ['a word', 'hello', 'wrong-type 1:1'],
    ['a number', '42', 'wrong-type 1:1'],
    ['a tab as indentation', 'version: 1\nshots:\n\t- id: a\n', 'yaml-syntax 3:1'],
    ['an open bracket', 'version: 1\nshots: [\n', 'yaml-syntax 3:1'],
    ['an open quote', 'version: 1\nproject: "x\n', 'yaml-syntax 2:10'],
    ['a colon in plain text', 'version: 1\nproject: a: b\n', 'yaml-syntax 2:10'],
    ['two documents', 'version: 1\n---\nversion: 1\n', 'yaml-multiple-documents 2:1'],
    ['a tag', 'version: !one 1\n', 'yaml-syntax 1:10'],
    ['an unknown alias', 'version: *one\n', 'yaml-syntax 1:10'],
    ['a list as a key', '? [a]\n: b\n', 'yaml-syntax 1:3'],
    ['an empty key', ': b\n', 'yaml-syntax 1:1'],
    ['a NUL', 'version: 1\u0000\n', 'manifest-unreadable 1:11'],
    ['an escape sequence', 'project: \u001b[31mx\n', 'manifest-unreadable 1:10'],
  ])('%s is one finding, at its place', (_, text, finding) => {
    for (const source of [text, BYTES(text)]) {
      const { diagnostics, manifest } = read(source);
      expect(manifest).toBeUndefined();
      expect(diagnostics.map(({ code, at }) => `${code} ${at?.line ?? 0}:${at?.column ?? 0}`)).toEqual([
        finding,
      ]);
    }
  });

  it('does not read UTF-16, Latin-1 or noise', () => {
    expect(read(new Uint8Array([0xff, 0xfe, 0x61, 0])).diagnostics).toMatchObject([
      { code: 'manifest-unreadable' },
    ]);
    expect(read(new Uint8Array([0xfe, 0xff, 0, 0x61])).diagnostics).toMatchObject([
      { code: 'manifest-unreadable' },
    ]);
    const latin = new Uint8Array([...BYTES('version: 1\nproject: caf'), 0xe9]);
    expect(read(latin).diagnostics).toMatchObject([
      { code: 'manifest-unreadable', at: { line: 2, column: 13 } },
    ]);
    const noise = Uint8Array.from({ length: 4096 }, (_, index) => (index * 7919 + (index >> 3)) & 255);
    expect(read(noise).diagnostics).toMatchObject([{ code: 'manifest-unreadable' }]);
  });

  it('takes a replacement character that is really there', () => {
    expect(found(read(BYTES(withShots('  - { id: a, prompt: "\uFFFD" }'))))).toEqual([]);
  });

  it('counts columns without the byte order mark', () => {
    const text = '\uFEFFvershun: 1\nversion: 1\nshots: [{ id: a, model: m, prompt: p }]';
    for (const source of [text, BYTES(text)]) expect(found(read(source))).toEqual(['unknown-key: vershun']);
  });

  it('reads lines that end as on Windows', () => {
    const text = withShots('  - id: a\n    prompt: p\n    durration: 4\n').replaceAll('\n', '\r\n');
    expect(found(read(text))).toEqual(['unknown-key: durration']);
  });

  it('says that text with braces needs quotes', () => {
    const inList = read(withShots('  - id: a\n    prompt: {{hero}} walks\n'));
    expect(inList.diagnostics).toMatchObject([
      { code: 'yaml-syntax', hint: expect.stringContaining('quotes') as string },
    ]);
    const alone = read(withShots('  - id: a\n    prompt: p\n    first_frame: {{hero}}\n'));
    expect(alone.diagnostics).toMatchObject([
      { code: 'yaml-syntax', hint: expect.stringContaining('quotes') as string },
    ]);
  });
});

/** One shot of these lines. */
const shotOf = (...lines: readonly string[]): string =>
  withShots(`  - id: a\n${lines.map((line) => `    ${line}\n`).join('')}`);

describe('the slips of those who write prompts', () => {
  it.each([
    ['[Wide shot] A fox', 'A fox', 'the whole text in quotes'],
    ['[Wide shot] A fox, {{weather}}', 'A fox, {{weather}}', 'the whole text in quotes'],
    ['[sandbox: fail] A fox', 'A fox', 'the whole text in quotes'],
    ['*slow* A fox', 'A fox', 'the whole text in quotes'],
    ['*slow', '*slow', 'begins with * in quotes'],
    ['{x} A fox', 'A fox', 'the whole text in quotes'],
    ['{{x}} walks', 'walks', 'begins with {{ needs quotes'],
    ['"Hello," she says', 'she says', 'after a |'],
    ["'It's a fox'", "s a fox'", 'after a |'],
    ['@fox runs', '@', 'in quotes'],
    ['A fox: red', 'A', 'the whole text in quotes'],
    ['- A fox', '-', 'on the line below'],
    ['| A fox', 'A fox', 'on the line below'],
    ['"A fox', '"', 'close it'],
    ['"C:\\pics"', '\\', 'single quotes'],
  ])('prompt: %s', (prompt, under, hint) => {
    for (const end of ['\n', '\r\n']) {
      const parsed = read(shotOf(`prompt: ${prompt}`, 'duration: 4').replaceAll('\n', end));
      expect(found(parsed)).toEqual([`yaml-syntax: ${under}`]);
      expect(parsed.diagnostics[0]?.hint).toContain(hint);
    }
  });

  it.each([
    ['a key one space too far in', ['duration: 4', ' prompt: A fox'], 'p', 'the same column'],
    ['no space after a colon', ['model:maker/model', 'prompt: A fox'], 'model:maker/model', 'NAME: VALUE'],
    ['no colon', ['duration: 4', 'prompt A fox'], 'prompt A fox', 'NAME: VALUE'],
    ['text below a > that is not indented', ['prompt: >', 'A fox', 'duration: 4'], 'A fox', 'two spaces'],
    ['an open quote that a later one closes', ['prompt: "A fox', 'size: "1x1"'], '"', 'close it'],
    ['an open bracket', ['references: [a.png', 'duration: 4'], 'd', 'close it'],
    ['items in two columns', ['references:', '  - a.png', ' - b.png'], ' ', 'the same column'],
    ['a long text in quotes, and a bracket', ['prompt: "A', '  fox"', 'size: [a] b'], 'b', 'the whole text'],
  ])('%s', (_, lines, under, hint) => {
    const parsed = read(shotOf(...lines));
    expect(found(parsed)).toEqual([`yaml-syntax: ${under}`]);
    expect(parsed.diagnostics[0]?.hint).toContain(hint);
  });
});

it('warns of words that a # cuts off a prompt, not of remarks', () => {
  const parsed = read(
    withShots(`  - id: a # first
    prompt: A fox, handheld #cinematic #4k
    duration: 4 #seconds
  - id: b
    prompt: A fox # for the teaser
  - id: c
    prompt: "A fox #cinematic" #quoted
    matrix:
      prompt:
        - A hen #loud
        - A cat
`),
  );
  expect(found(parsed)).toEqual(['warning prompt-cut: #cinematic', 'warning prompt-cut: #loud']);
  expect(parsed.manifest?.takes[0]?.settings.prompt).toBe('A fox, handheld');
});

describe('keys', () => {
  it('names the second of two equal keys, and goes on', () => {
    const parsed = read(withShots('  - { id: a, prompt: p, prompt: q, durration: 4 }'));
    expect(found(parsed)).toEqual(['yaml-syntax: prompt', 'unknown-key: durration']);
    expect(parsed.diagnostics[0]?.at?.column).toBe(25);
  });

  it('holds a long map with equal keys without comparing each with each', () => {
    const keys = Array.from(
      { length: volume({ short: 10_000, long: 30_000 }) },
      (_, index) => `k${index}: 1`,
    ).join(', ');
    const { diagnostics } = read(
      `version: 1\nvars: { ${keys}, k7: 2 }\nshots: [{ id: a, model: m, prompt: p }]`,
    );
    expect(diagnostics.map(({ code }) => code)).toEqual(['yaml-syntax']);
  });

  it('knows no __proto__, constructor or toString', () => {
    const parsed = read(
      withShots(
        '  - { id: a, prompt: "{{constructor}} {{toString}}", vars: { __proto__: x }, constructor: 1 }',
        '__proto__: { polluted: true }\n',
      ),
    );
    expect(found(parsed)).toEqual([
      'unknown-key: __proto__',
      'unknown-var: {{constructor}}',
      'unknown-var: {{toString}}',
      'unknown-key: __proto__',
      'unknown-key: constructor',
    ]);
    expect({}).not.toHaveProperty('polluted');
  });

  it('lets vars be called like what every object has', () => {
    const parsed = read(
      withShots('  - { id: a, prompt: "{{constructor}}", vars: { constructor: ok, toString: x } }'),
    );
    expect(parsed.manifest?.takes[0]?.settings.prompt).toBe('ok');
  });
});

describe('bombs', () => {
  it('stops aliases that multiply', () => {
    const rows = 'abcdefghi'.split('').map((name, index, all) => {
      const items = index === 0 ? 'x' : `*${all[index - 1] ?? ''}`;
      return `${name}: &${name} [${Array(10).fill(items).join(', ')}]`;
    });
    expect(read(rows.join('\n')).diagnostics).toMatchObject([{ code: 'yaml-alias-bomb', at: { line: 6 } }]);
  });

  it('stops maps that merge and multiply', () => {
    const rows = Array.from({ length: 40 }, (_, index) =>
      index === 0
        ? 'm0: &m0 { a: 1, b: 2 }'
        : `m${index}: &m${index} { l: *m${index - 1}, r: *m${index - 1} }`,
    );
    expect(read(rows.join('\n')).diagnostics.map(({ code }) => code)).toEqual(['yaml-alias-bomb']);
  });

  it('stops a long text that is repeated', () => {
    const text = `a: &a "${'x'.repeat(1_000_000)}"\nb: [${Array(2000).fill('*a').join(', ')}]`;
    expect(read(text).diagnostics.map(({ code }) => code)).toEqual(['yaml-alias-bomb']);
  });

  it('stops an anchor that holds itself', () => {
    expect(found(read('a: &a [1, *a]'))).toEqual(['yaml-alias-bomb: *a']);
    expect(found(read('a: &a\n  <<: *a\n'))).toEqual(['yaml-alias-bomb: *a']);
  });

  it.each(['[', '{a: ', '- ', '? ', 'a:\n '])('stops at the nesting of %j', (piece) => {
    const text = piece.includes('\n')
      ? Array.from({ length: 3000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')
      : piece.repeat(100_000);
    expect(read(text).diagnostics).toMatchObject([{ code: 'yaml-syntax' }]);
  });

  it('stops at a file that is too large', () => {
    expect(read('#'.repeat(17 * 1024 * 1024)).diagnostics.map(({ code }) => code)).toEqual([
      'manifest-unreadable',
    ]);
  });

  it('stops vars that double each other, even those that stay empty', () => {
    const vars = Array.from({ length: 60 }, (_, index) =>
      index === 0 ? 'v0: x' : `v${index}: "{{v${index - 1}}}{{v${index - 1}}}"`,
    ).join(', ');
    const text = withShots('  - { id: a, prompt: "{{v59}}" }', `vars: { ${vars} }\n`);
    expect(new Set(read(text).diagnostics.map(({ code }) => code))).toEqual(new Set(['invalid-value']));
    expect(found(read(text.replace('v0: x', 'v0: ""')))).toEqual(['prompt-required: "{{v59}}"']);
  });

  it('gives a flood of brackets few findings', () => {
    const count = volume({ short: 10_000, long: 50_000 });
    expect(read(']'.repeat(count)).diagnostics.length).toBeLessThan(5);
    expect(read(']\n'.repeat(count)).diagnostics.length).toBeLessThan(20);
  });
});

describe('numbers and text that JSON cannot carry', () => {
  it('refuses them at their place', () => {
    const parsed = read(
      withShots(`  - { id: a, prompt: "\\uD800", seed: 123456789012345678901 }
  - { id: b, prompt: p, provider: { options: { x: { big: .inf, not: .nan } } } }`),
    );
    expect(found(parsed)).toEqual([
      'invalid-value: "\\uD800"',
      'invalid-value: 123456789012345678901',
      'invalid-value: .inf',
      'invalid-value: .nan',
    ]);
  });
});

it('says of a number that is none what it is', () => {
  const parsed = read('version: 1\nbudget_usd: .nan\nshots: [{ id: a, model: m, prompt: p }]');
  expect(found(parsed)).toEqual(['invalid-value: .nan']);
  expect(parsed.diagnostics[0]?.message).toBe('this is not a number');
});
