import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../src/domain/diagnostic.js';
import { textWidth } from '../../src/ui/text.js';
import { formatDiagnostics } from '../../src/ui/diagnostics.js';
import { read, withShots } from './reading.js';

const LOOK = { color: false, unicode: true, width: 80 };

function shown(text: string, look: Partial<typeof LOOK> = {}): string[] {
  const { diagnostics, text: clean } = read(text);
  return formatDiagnostics({ diagnostics, text: clean, ...LOOK, ...look });
}

describe('findings on the screen', () => {
  it('show place, kind, line, marker and hint', () => {
    const diagnostics: Diagnostic[] = [
      {
        code: 'duration-unsupported',
        severity: 'error',
        message: 'google/veo-3.1-lite makes clips of 4, 6 or 8 s',
        at: { file: 'teaser.yaml', line: 14, column: 15, end_column: 16 },
        hint: 'the nearest is 4 or 6; bytedance/seedance-2.0-fast takes any length from 4 to 15 s',
      },
      {
        code: 'unknown-key',
        severity: 'error',
        message: 'no such field; did you mean references?',
        at: { file: 'teaser.yaml', line: 22, column: 5, end_column: 14 },
      },
    ];
    const text = `${'\n'.repeat(12)}    model: google/veo-3.1-lite\n    duration: 5\n${'\n'.repeat(7)}    refrences:\n`;
    expect(formatDiagnostics({ diagnostics, text, ...LOOK, width: 100 })).toEqual([
      'teaser.yaml:14:15  error  duration-unsupported',
      '  13 │     model: google/veo-3.1-lite',
      '  14 │     duration: 5',
      '     │               ^ google/veo-3.1-lite makes clips of 4, 6 or 8 s',
      '  hint: the nearest is 4 or 6; bytedance/seedance-2.0-fast takes any length from 4 to 15 s',
      '',
      'teaser.yaml:22:5   error  unknown-key',
      '  22 │     refrences:',
      '     │     ^^^^^^^^^ no such field; did you mean references?',
    ]);
  });

  it('put a long message below its marker', () => {
    const lines = shown('version: 1\ngateway: openruoter\nshots: [{ id: a, model: m, prompt: p }]', {
      width: 60,
    });
    expect(lines.slice(1)).toEqual([
      '   1 │ version: 1',
      '   2 │ gateway: openruoter',
      '     │          ^^^^^^^^^^',
      '     │ gateway must be openrouter, modelgates, sandbox, or {',
      '     │ base_url: https://… }, not "openruoter"',
      '  hint: did you mean openrouter?',
    ]);
  });

  it('show what a person sees as one character whole, wherever the place falls in it', () => {
    expect(shown('version: 1\nshots:\n  - id: c\n    prompt: 🌊: hi: there').slice(1, 4)).toEqual([
      '   3 │   - id: c',
      '   4 │     prompt: 🌊: hi: there',
      '     │             ^^ the colon makes a key of the text before it',
    ]);
    const family = '👩‍👩‍👧';
    const text = `prompt: ${'waves '.repeat(40)}${family}${family}${' waves'.repeat(40)}`;
    const first = text.indexOf(family) + 1;
    const places = Array.from({ length: 2 * family.length }, (_, offset) => first + offset);
    for (const column of places.flatMap((place) => [place, place - 60])) {
      const at = { file: 'a.yaml', line: 1, column, end_column: column + 1 };
      const diagnostics: Diagnostic[] = [{ code: 'yaml-syntax', severity: 'error', message: 'here', at }];
      const [, line = '', marker = ''] = formatDiagnostics({ diagnostics, text, ...LOOK });
      expect(line.replaceAll(family, '')).toMatch(/^[\w │…:]+$/);
      expect(textWidth(line)).toBeLessThanOrEqual(80);
      if (column >= first) expect(marker).toMatch(/ \^\^ here$/);
    }
  });

  it('are plain where the terminal is', () => {
    const lines = shown('version: 1\nshots: [{ id: a, model: m, promt: p }]', { unicode: false });
    expect(lines.join('\n')).toMatch(/^[\x20-\x7e\n]*$/);
    const coloured = shown('version: 1\nshots: [{ id: a, model: m, promt: p }]', { color: true });
    expect(coloured.join('\n')).toContain('\u001b[31m');
  });

  it('stand without a place', () => {
    const diagnostics: Diagnostic[] = [
      { code: 'catalogue-stale', severity: 'warning', message: 'old', hint: 'be online' },
    ];
    expect(formatDiagnostics({ diagnostics, text: '', ...LOOK })).toEqual([
      'warning  catalogue-stale',
      '  old',
      '  hint: be online',
    ]);
    expect(formatDiagnostics({ diagnostics: [], text: '', ...LOOK })).toEqual([]);
  });

  it('hold a place beyond the text', () => {
    const at = { file: 'x.yaml', line: 9, column: 3 };
    const diagnostics: Diagnostic[] = [{ code: 'file-missing', severity: 'error', message: 'gone', at }];
    expect(formatDiagnostics({ diagnostics, text: 'a', ...LOOK })).toEqual([
      'x.yaml:9:3  error  file-missing',
      '  gone',
    ]);
  });
});

describe('a marker', () => {
  function markerOf(lines: readonly string[]): { source: string; from: number; to: number } {
    const at = lines.findIndex((line) => /^ +[│|] +\^/.test(line));
    const marker = lines[at] ?? '';
    return { source: lines[at - 1] ?? '', from: marker.indexOf('^'), to: marker.lastIndexOf('^') + 1 };
  }

  function underMarker(lines: readonly string[]): string {
    const { source, from, to } = markerOf(lines);
    const characters = [...new Intl.Segmenter().segment(source)].map(({ segment }) => segment);
    let column = 0;
    const under = characters.filter((character) => {
      const start = column;
      column += textWidth(character);
      return start >= from && start < to;
    });
    return under.join('');
  }

  it.each([
    ['plain', '  - { id: a, prompt: x, promt: p }'],
    ['wide', '  - { id: a, prompt: 日本語のプロンプト, promt: p }'],
    ['emoji', '  - { id: a, prompt: "🎬 🦊 é", promt: p }'],
    ['a tab', '  - { id: a,\tprompt: x,\tpromt: p }'],
    [
      'a very long line',
      `  - { id: a, prompt: "${'日本 words '.repeat(3000)}", promt: p, tags: [${'x, '.repeat(2000)}y] }`,
    ],
  ])('stands under its text: %s', (_, shot) => {
    for (const width of [40, 80, 200]) {
      const lines = shown(withShots(shot), { width });
      expect(underMarker(lines)).toBe('promt');
      expect(Math.max(...lines.map(textWidth))).toBeLessThanOrEqual(width);
    }
  });

  it('never moves the cursor', () => {
    const lines = shown('version: 1\u001b]0;x\u0007\n', {});
    expect(lines.join('')).not.toMatch(/\p{Cc}/u);
  });

  it('hides what looks like a key', () => {
    const text =
      'version: 1\ngateway: { base_url: "https://x.example/v1", api_key_env: sk-or-v1-0123456789abcdef }\nshots: [{ id: a, model: m, prompt: p }]';
    const lines = shown(text);
    expect(lines.join('')).not.toContain('0123456789');
    expect(lines.join('')).toContain('sk-*****');
    for (const key of ['sk-or-123456', 'mg_live_0123', "'a-key-0123'"]) {
      const gateway = `gateway: { base_url: "https://x.example/v1", api_key_env: ${key} }`;
      const view = shown(`version: 1\n${gateway}\nshots: [{ id: a, model: m, prompt: p, promt: x }]`).join(
        '',
      );
      expect(view).not.toMatch(/0123|123456/);
      expect(view).toContain('***');
    }
    const login = shown(withShots('  - { id: a, prompt: p, first_frame: "https://me:hunter2@e.com/a.png" }'));
    expect(login.join('')).toContain('://**********@e.com');
    for (const url of ['https://me:hunter/2@e.com/v1', 'https://me:p@hunter@e.com:x', 'me:hunter2@e.com/v1'])
      expect(shown(`version: 1\ngateway: { base_url: "${url}" }\nshots: []`).join('')).not.toContain(
        'hunter',
      );
    const before = withShots(
      '  - { id: a, prompt: p, first_frame: https://e.com/a.png?sig=0123456789 }\n  - { id: a, prompt: p }',
    );
    expect(shown(before).join('')).toContain('a.png?sig=**********');
    expect(shown(before).join('')).not.toContain('0123456789');
  });
});

it('shows a thousand findings in a thousand lines or so', () => {
  const shots = Array.from({ length: 1000 }, (_, index) => `  - { id: s${index}, promt: p }`).join('\n');
  const lines = shown(withShots(shots));
  expect(lines.length).toBeLessThan(1600);
  expect(lines.at(-1)).toContain('did you mean prompt?');
});
