import { describe, expect, it } from 'vitest';
import { found, marked, onlyTake, read, takesOf, withShots } from './reading.js';

function promptOf(
  prompt: string,
  options: { top?: string; shot?: string; given?: Record<string, string> } = {},
): string | undefined {
  const { top = '', shot = '', given } = options;
  const text = withShots(`  - { id: a, prompt: ${JSON.stringify(prompt)}${shot} }`, top);
  return onlyTake(text, given ? { vars: given } : {}).settings.prompt;
}

describe('vars', () => {
  it('go into prompts, however they are spaced', () => {
    const top = 'vars: { hero: a red fox, n: 3, yes: true }\n';
    expect(promptOf('{{hero}}, {{ hero }}: {{n}} {{yes}}', { top })).toBe('a red fox, a red fox: 3 true');
  });

  it('that YAML reads as numbers or booleans go in as they are written, wherever they stand', () => {
    const vars = '{ price: 49.00, oct: 007, ver: 1.10, big: 1e3, n: .5, t: True, x: 0x1F, q: "1.0" }';
    const prompt = '{{price}} {{oct}} {{ver}} {{big}} {{n}} {{t}} {{x}} {{q}}';
    const written = '49.00 007 1.10 1e3 .5 True 0x1F 1.0';
    expect(promptOf(prompt, { top: `vars: ${vars}\n` })).toBe(written);
    expect(promptOf(prompt, { shot: `, vars: ${vars}` })).toBe(written);
    const [, merged] = takesOf(
      `version: 1\ndefaults: { model: m }\nshots: [{ id: a, prompt: p, vars: &v ${vars} }, { id: b, prompt: "${prompt}", vars: { <<: *v } }]`,
    );
    expect(merged?.settings.prompt).toBe(written);
    const matrix = ', matrix: { price: [49.00], include: [{ price: 49, ver: 1.10 }] }';
    expect(promptOf('{{price}} {{ver}}', { shot: matrix })).toBe('49.00 1.10');
  });

  it('go into paths, URLs, ids and any other text', () => {
    const { shot, frames, settings, tags } = onlyTake(
      `version: 1
vars: { name: fox, host: cdn.example.com, m: maker/model }
shots:
  - id: "{{name}}-1"
    model: "{{m}}"
    prompt: p
    first_frame: frames/{{name}}.png
    last_frame: https://{{host}}/{{name}}.png
    callback_url: https://{{host}}/done
    provider: { options: { x: { negative: "no {{name}}", list: ["{{name}}", 5] } } }
    user: "{{name}}"
    size: "{{name}}x720"
    tags: ["{{name}}"]
`.replace('    size: "{{name}}x720"\n', ''),
    );
    expect(shot).toBe('fox-1');
    expect(tags).toEqual(['fox']);
    expect(frames.map(({ source }) => source)).toEqual([
      { kind: 'file', path: 'frames/fox.png' },
      { kind: 'url', url: 'https://cdn.example.com/fox.png' },
    ]);
    expect(settings).toEqual({
      model: 'maker/model',
      prompt: 'p',
      callback_url: 'https://cdn.example.com/done',
      provider: { options: { x: { negative: 'no fox', list: ['fox', 5] } } },
      user: 'fox',
    });
  });

  it('go into the project, the output and the base URL', () => {
    const { manifest } = read(
      withShots(
        '  - { id: a, prompt: p }',
        'vars: { n: x }\nproject: p-{{n}}\noutput: out/{{n}}\ngateway: { base_url: "https://{{n}}.example/v1" }\n',
      ),
    );
    expect(manifest).toMatchObject({
      project: 'p-x',
      output: { dir: 'out/x' },
      gateway: { base_url: 'https://x.example/v1' },
    });
  });

  it('are judged where they have been put in', () => {
    const parsed = read(
      withShots(
        '  - { id: "{{n}}", prompt: p, first_frame: "{{up}}/a.png", size: "{{n}}" }',
        'vars: { n: con, up: .. }\n',
      ),
    );
    expect(found(parsed)).toEqual([
      'unsafe-id: "{{n}}"',
      'path-outside: "{{up}}/a.png"',
      'invalid-value: "{{n}}"',
    ]);
  });

  it('are held to the limits of the fields they go into', () => {
    const long = 'x'.repeat(60_000);
    const parsed = read(
      withShots(
        `  - id: a
    prompt: "{{long}} {{long}}"
    first_frame: "https://e.com/{{url}}{{url}}"
    callback_url: "https://e.com/{{url}}/{{url}}"
`,
        `vars: { long: ${long}, url: ${'y'.repeat(5000)} }\n`,
      ),
    );
    expect(parsed.diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([
      'invalid-value prompt has more than 100,000 characters',
      'invalid-value the address has more than 8,192 characters',
      'invalid-value callback_url has more than 8,192 characters',
    ]);
  });

  it('do not go into the keys of provider options', () => {
    const options = '{ "{{slug}}": { k: 1 }, x: { "{{slug}}": 1, parameters: { "a-{{slug}}": 2 } } }';
    const text = `  - { id: a, prompt: p, provider: { options: ${options} } }`;
    expect(found(read(withShots(text, 'vars: { slug: x }\n')))).toEqual([
      'invalid-value: "{{slug}}"',
      'invalid-value: "{{slug}}"',
      'invalid-value: "a-{{slug}}"',
    ]);
  });

  it('of the shot win over those of the defaults, and these over the manifest', () => {
    const text = (vars: string): string =>
      `version: 1\nvars: { a: m, b: m, c: m }\ndefaults: { model: m, vars: { a: d, b: d } }\nshots: [{ id: x, prompt: "{{a}}{{b}}{{c}}", vars: { ${vars} } }]`;
    expect(onlyTake(text('a: s')).settings.prompt).toBe('sdm');
  });

  it('of the command line win over manifest and shot, not over a matrix', () => {
    const top = 'vars: { a: m, b: m }\n';
    expect(
      promptOf('{{a}}{{b}}{{c}}', { top, shot: ', vars: { a: s }', given: { a: '1', b: '2', c: '3' } }),
    ).toBe('123');
    expect(promptOf('{{a}}', { shot: ', matrix: { a: [x] }', given: { a: '1' } })).toBe('x');
  });

  it('of the command line are taken word for word', () => {
    expect(promptOf('{{a}}', { given: { a: '{{b}} $& {{{{' } })).toBe('{{b}} $& {{{{');
  });

  it('may use each other', () => {
    const top = 'vars: { scene: "{{hero}} at {{time}}", hero: a fox, time: dawn }\n';
    expect(promptOf('{{scene}}', { top })).toBe('a fox at dawn');
    expect(promptOf('{{scene}}', { top, shot: ', vars: { time: dusk }' })).toBe('a fox at dusk');
  });
});

describe('braces', () => {
  it.each([
    ['{{{{', '{{'],
    ['{{{{name}}', '{{name}}'],
    ['{{{{{{n}}', '{{x'],
    ['{"json": {{n}}}', '{"json": x}'],
    ['{{{n}}}', '{x}'],
    ['a } }} b', 'a } }} b'],
    ['{ {n}', '{ {n}'],
  ])('%s is %s', (prompt, result) => {
    expect(promptOf(prompt, { top: 'vars: { n: x }\n' })).toBe(result);
  });

  it.each(['{{', '{{ }}', '{{a b}}', '{{1}}', '{{n', '{{n}'])('%s is an error', (prompt) => {
    const parsed = read(withShots(`  - { id: a, prompt: '${prompt}' }`, 'vars: { n: x }\n'));
    expect(parsed.diagnostics).toMatchObject([{ code: 'unknown-var', at: { line: 5, column: 23 } }]);
  });
});

describe('a faulty var', () => {
  const uses = '"{{hero}} {{bad}} {{hero}}", first_frame: "{{hero}}.png"';

  it.each([
    `version: 1\nvars: { hero: fox, bad: null }\nshots: [{ id: a, model: m, prompt: ${uses} }]`,
    `version: 1\ndefaults: { model: m, vars: { hero: fox, bad: null } }\nshots: [{ id: a, prompt: ${uses} }]`,
    `version: 1\nshots: [{ id: a, model: m, prompt: ${uses}, vars: { hero: fox, bad: null } }]`,
  ])('is told once, and its neighbours are known: %s', (text) => {
    expect(found(read(text))).toEqual(['wrong-type: null']);
  });

  it('is told once where nothing of the vars can be read', () => {
    const text = `version: 1\nvars: [hero]\nshots: [{ id: a, model: m, prompt: ${uses} }]`;
    expect(found(read(text))).toEqual(['wrong-type: [hero]']);
  });
});

describe('an unknown name', () => {
  it('is an error under its placeholder, with what was meant', () => {
    const parsed = read(
      withShots(
        '  - id: a\n    prompt: >\n      First {{hero}},\n      then {{hreo}} and {{zzz}}.\n',
        'vars: { hero: x }\n',
      ),
    );
    expect(found(parsed)).toEqual(['unknown-var: {{hreo}}', 'unknown-var: {{zzz}}']);
    expect(parsed.diagnostics[0]).toMatchObject({
      at: { line: 8, column: 12 },
      hint: 'did you mean {{hero}}?',
      shot: 'a',
    });
  });

  it('is found in defaults once, however many shots use them', () => {
    const parsed = read(
      'version: 1\ndefaults: { model: m, prompt: "{{x}}" }\nshots: [{ id: a }, { id: b }, { id: c, prompt: p }]',
    );
    expect(found(parsed)).toEqual(['unknown-var: {{x}}']);
  });

  it('is found in an id, a path, a nested option and the text of a var', () => {
    const parsed = read(
      withShots(
        '  - { id: "x-{{b}}", prompt: "{{v}}", first_frame: "{{c}}.png", provider: { options: { o: { k: "{{d}}" } } } }',
        'vars: { v: "see {{a}}" }\n',
      ),
    );
    expect(found(parsed)).toEqual([
      'unknown-var: {{a}}',
      'unknown-var: {{b}}',
      'unknown-var: {{c}}',
      'unknown-var: {{d}}',
    ]);
  });

  it('is a var that stands for itself', () => {
    const parsed = read(withShots('  - { id: a, prompt: "{{x}}" }', 'vars: { x: "{{y}}", y: "{{x}}" }\n'));
    expect(parsed.diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([
      'unknown-var the var x refers to itself: x → y → x',
    ]);
    expect(marked(parsed, parsed.diagnostics[0] ?? {})).toBe('{{x}}');
  });

  it('on the command line is an error where another was meant, else a warning', () => {
    const text = withShots('  - { id: a, prompt: "{{hero}}" }', 'vars: { hero: x, spare: y }\n');
    expect(found(read(text, { vars: { hreo: 'z' } }))).toEqual(['unknown-var: (nowhere)']);
    expect(found(read(text, { vars: { colour: 'z' } }))).toEqual(['warning unknown-var: (nowhere)']);
    expect(found(read(text, { vars: { spare: 'z' } }))).toEqual([]);
  });
});

it('names the combination that lacks a var which others of its matrix bring', () => {
  const parsed = read(
    withShots(`  - id: a
    prompt: A ferry, {{framing}}, {{weather}}
    matrix:
      aspect_ratio: ["16:9", "4:5"]
      include: [{ aspect_ratio: "16:9", framing: wide }]
`),
  );
  expect(found(parsed)).toEqual(['unknown-var: {{framing}}', 'unknown-var: {{weather}}']);
  expect(parsed.diagnostics[0]?.message).toContain('aspect_ratio: 4:5');
  expect(parsed.diagnostics[0]?.hint).toContain('include:');
  expect(parsed.diagnostics[1]?.message).toBe('no var is called "weather"');
});
