import { readdir, readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { formatDiagnostics } from '../../src/ui/diagnostics.js';
import { outputStem } from '../../src/manifest/output-name.js';
import { volume } from '../helpers/long-pass.js';
import { read } from './reading.js';

/** How many mutated manifests are tried, and from which seed: the long pass wanders elsewhere each time. */
const TRIES = volume({ short: 200, long: 20_000 });
const SEED = Number(process.env['MANIFEST_FUZZ_SEED'] ?? volume({ short: 20261010, long: Date.now() }));

const FULL = `version: 1
project: teaser
gateway: { base_url: "http://127.0.0.1:9/api/v1", api_key_env: KEY }
output: { dir: renders, name: "{project}/{id}/{model}-{seed}-{take}-{mood}" }
concurrency: { jobs: 4, downloads: 4, per_model: { google/veo-3.1: 2 } }
budget_usd: 20
poll: { interval: 0.5, timeout: 1800 }
vars: { hero: a red fox, scene: "{{hero}} at dawn" }
defaults: &d { model: google/veo-3.1-lite, duration: 4, resolution: 720p, aspect_ratio: "16:9", vars: { mood: calm } }
shots:
  - id: greenhouse
    prompt: >-
      A glass greenhouse, {{scene}},
      {{{{literal}} dolly-in
  - <<: *d
    id: turn
    type: image-to-video
    prompt: "The subject turns"
    size: 1280x720
    first_frame: frames/turn.png
    last_frame: { from: greenhouse, at: first, take: 1 }
  - id: "pack-{{mood}}"
    type: reference
    prompt: |
      {{mood}} night
    references: [https://example.com/b.jpg, { video: "http://127.0.0.1/x.mp4" }, { from: turn, at: 1.5 }]
    takes: 3
    seed: 7
    matrix: { mood: [wet, dry], duration: [4, 8], exclude: [{ mood: dry, duration: 8 }], include: [{ user: u }, { mood: hot }] }
    provider: { options: { google-vertex: { negativePrompt: "no {{mood}}", parameters: { a: [1, null, true] } } } }
  - { id: next, prompt: p, previous_job: turn, callback_url: https://example.com/x, tags: [a, "{{mood}}"], creativity: ~ }
`;

const PIECES = [
  '{{',
  '}}',
  '{{x}}',
  '{',
  '}',
  '[',
  ']',
  ':',
  ': ',
  '- ',
  '? ',
  '&a ',
  '*a',
  '*d',
  '<<: *d',
  '<<: ',
  '!!set ',
  '!x ',
  '|',
  '>',
  '"',
  "'",
  '#',
  '%',
  '@',
  '`',
  '\t',
  '\r',
  '\n',
  '\n\n',
  '---\n',
  '...\n',
  '\u0000',
  '\u001b',
  '\uFEFF',
  '\uFFFD',
  '\u2028',
  '日本',
  '🎬',
  '\\',
  '\\u0000',
  'null',
  '~',
  'true',
  '.inf',
  '.nan',
  '-0',
  '1e999',
  '0x10',
  '99999999999999999999',
  '-1',
  '0',
  '__proto__',
  'constructor',
  'toString',
  '../',
  '/',
  'C:\\',
  'http://',
  'data:',
  'con',
  '@2',
  'id: ',
  'matrix: ',
  'include: ',
  'from: ',
  'null: ',
  'takes: 9999',
  'a: [b]',
];

/** mulberry32: small, seeded, good enough to wander. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Takes a manifest apart a little: bytes, pieces, lines, values. */
function mutate(text: string, random: (below: number) => number): string | Uint8Array {
  let mutant = text;
  for (let round = random(4) + 1; round > 0; round--) {
    const at = random(mutant.length + 1);
    const lines = mutant.split('\n');
    const [one, two] = [random(lines.length), random(lines.length)];
    const piece = PIECES[random(PIECES.length)] ?? '';
    switch (random(9)) {
      case 0:
        mutant = mutant.slice(0, at) + piece + mutant.slice(at);
        break;
      case 1:
        mutant = mutant.slice(0, at) + mutant.slice(at + random(12) + 1);
        break;
      case 2:
        mutant = mutant.slice(0, at) + piece + mutant.slice(at + piece.length);
        break;
      case 3:
        mutant = lines.filter((_, index) => index !== one).join('\n');
        break;
      case 4:
        mutant = lines.toSpliced(one, 0, lines[two] ?? '').join('\n');
        break;
      case 5:
        mutant = lines
          .map((line, index) => (index === one ? ' '.repeat(random(5)) + line.trimStart() : line))
          .join('\n');
        break;
      case 6: {
        // A value, or a whole flow collection, gives way to a piece.
        const value = /(?<=: )(\{[^{}]*\}|\[[^[\]]*\]|[^,{}[\]\n]+)/g;
        const places = [...mutant.matchAll(value)];
        const place = places[random(places.length + 1)];
        if (place)
          mutant = mutant.slice(0, place.index) + piece + mutant.slice(place.index + place[0].length);
        break;
      }
      case 7: {
        const words = [...mutant.matchAll(/[A-Za-z_]+/g)];
        const [from, to] = [words[random(words.length + 1)], words[random(words.length + 1)]];
        if (from && to)
          mutant = mutant.slice(0, from.index) + to[0] + mutant.slice(from.index + from[0].length);
        break;
      }
      default:
        mutant = mutant.slice(0, at);
    }
  }
  if (random(8) > 0) return mutant;
  const bytes = new TextEncoder().encode(mutant);
  for (let flips = random(4) + 1; flips > 0 && bytes.length > 0; flips--)
    bytes[random(bytes.length)] = random(256);
  return bytes;
}

async function seeds(): Promise<string[]> {
  const folder = new URL('../../examples/', import.meta.url);
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.yaml'));
  return [FULL, ...(await Promise.all(names.map((name) => readFile(new URL(name, folder), 'utf8'))))];
}

it(`meets ${TRIES} mutated manifests without a crash`, { timeout: 7_200_000 }, async () => {
  const random = randomFrom(SEED);
  const texts = await seeds();
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const mutant = mutate(texts[random(texts.length)] ?? FULL, random);
    try {
      check(mutant);
    } catch (error) {
      throw new Error(`try ${attempt} of seed ${SEED}: ${JSON.stringify(String(mutant))}`, { cause: error });
    }
  }
});

/** What must hold of any text whatever. */
function check(text: string | Uint8Array): void {
  const parsed = read(text, { vars: { given: 'x' } });
  const { diagnostics, manifest, locate } = parsed;
  const lines = parsed.text.split('\n');
  const hasError = diagnostics.some(({ severity }) => severity === 'error');
  expect(manifest === undefined).toBe(hasError);
  for (const { at, message, code } of diagnostics) {
    expect(message, code).not.toMatch(/undefined|\[object|NaN/);
    if (!at) continue;
    expect(at.line).toBeGreaterThanOrEqual(1);
    expect(at.line).toBeLessThanOrEqual(lines.length);
    expect(at.column).toBeGreaterThanOrEqual(1);
    expect(at.end_column ?? at.column).toBeLessThanOrEqual((lines[at.line - 1] ?? '').length + 1);
  }
  const shown = formatDiagnostics({ diagnostics, text: parsed.text, color: false, unicode: true, width: 80 });
  expect(shown.every((line) => !/\p{Cc}/u.test(line))).toBe(true);
  const keys = new Set<string>();
  const stems = new Set<string>();
  for (const take of manifest?.takes.slice(0, 200) ?? []) {
    keys.add(take.key.toLowerCase());
    stems.add(
      outputStem({ template: manifest?.output.name, take, project: manifest?.project ?? '' }).toLowerCase(),
    );
    expect(locate(take, 'prompt')?.line).toBeGreaterThan(0);
    expect(take.settings.model).not.toBe('');
    for (const { source } of [...take.frames, ...take.references]) {
      if (source.kind === 'file') expect(source.path).not.toMatch(/^(?:\/|\.\.(?:\/|$)|[A-Za-z]:)|\\/);
    }
  }
  expect(keys.size).toBe(Math.min(manifest?.takes.length ?? 0, 200));
  expect(stems.size).toBe(keys.size);
}
