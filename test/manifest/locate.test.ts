import { describe, expect, it } from 'vitest';
import { marked, read } from './reading.js';

const TEXT = `version: 1
defaults: &d
  model: m
  duration: 4
  provider: { options: { google-vertex: { negativePrompt: blur, parameters: { seed.mode: x } } } }
shots:
  - id: a
    prompt: |
      A long text
      on two lines
    resolution: 720p
    references: [a.png, { video: b.mp4 }]
  - { id: b, prompt: p, duration: 5, matrix: { duration: [6, 8], include: [{ seed: 9 }, { resolution: 4K, duration: 10 }] } }
  - <<: *d
    id: c
    prompt: p
    first_frame: { from: a, at: last }
`;

const parsed = read(TEXT);

function at(key: string, field?: string): string {
  const take = parsed.manifest?.takes.find((one) => one.key === key);
  if (!take) throw new Error(`no take ${key}`);
  const place = parsed.locate(take, field);
  return place ? `${place.line} ${marked(parsed, { at: place })}` : 'nowhere';
}

describe('locate', () => {
  it.each([
    ['a', 'resolution', '11 720p'],
    ['a', 'duration', '4 4'],
    ['a', 'model', '3 m'],
    ['a', 'seed', '7 a'],
    ['a', undefined, '7 a'],
    ['a', 'no.such[3].field', '7 a'],
    ['a', 'prompt', '8 |'],
    ['a', 'references', '12 [a.png, { video: b.mp4 }]'],
    ['a', 'references[0]', '12 a.png'],
    ['a', 'references[1]', '12 { video: b.mp4 }'],
    ['a', 'references[1].video', '12 b.mp4'],
    ['a', 'references[7]', '12 [a.png, { video: b.mp4 }]'],
    [
      'a',
      'provider',
      '5 { options: { google-vertex: { negativePrompt: blur, parameters: { seed.mode: x } } } }',
    ],
    ['a', 'provider.options.google-vertex', '5 google-vertex'],
    ['a', 'provider.options.google-vertex.negativePrompt', '5 negativePrompt'],
    ['a', 'provider.options.google-vertex.parameters.seed.mode', '5 seed.mode'],
    ['a', 'provider.options.other.key', '5 options'],
    ['b.6s', 'duration', '13 6'],
    ['b.8s', 'duration', '13 8'],
    ['b.6s', 'seed', '13 9'],
    ['b.10s.4K', 'duration', '13 10'],
    ['b.10s.4K', 'resolution', '13 4K'],
    ['b.6s', 'model', '3 m'],
    ['c', 'model', '3 m'],
    ['c', 'first_frame', '17 { from: a, at: last }'],
    ['c', 'first_frame.from', '17 a'],
    ['c', 'seed', '15 c'],
  ])('finds %s %s', (key, field, place) => {
    expect(at(key, field)).toBe(place);
  });
});

it('keeps to a manifest that could not be read', () => {
  const broken = read('a: [');
  const take = parsed.manifest?.takes[0];
  if (take) expect(broken.locate(take, 'model')).toBeUndefined();
  expect(take).toBeDefined();
});
