import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

import { checkCapabilities } from '../../src/catalogue/check.js';
import { parseCatalogue } from '../../src/catalogue/parse.js';
import type { Take } from '../../src/domain/take.js';
import { parseManifest } from '../../src/manifest/parse.js';
import { markersIn } from '../../src/sandbox/markers.js';
import { decodeImage } from '../../src/media/decode-image.js';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));
const models = parseCatalogue(
  JSON.parse(readFileSync(new URL('../../src/sandbox/models.json', import.meta.url), 'utf8')),
);

function takesOf(file: string): readonly Take[] {
  const { manifest, diagnostics, locate } = parseManifest({ text: readFileSync(join(EXAMPLES, file)), file });
  expect(diagnostics).toEqual([]);
  const takes = manifest?.takes ?? [];
  expect(takes.length).toBeGreaterThan(0);
  const problems = checkCapabilities({ takes, models, locate });
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  return takes;
}

function inputsOf(takes: readonly Take[]) {
  return takes.flatMap(({ frames, references }) => [...frames, ...references].map(({ source }) => source));
}

describe('the examples', () => {
  it.each(readdirSync(EXAMPLES).filter((name) => name.endsWith('.yaml')))(
    '%s: every shot can be made',
    (file) => {
      takesOf(file);
    },
  );

  it('have for the demo eight shots and more, of all three types, by several models', () => {
    const takes = takesOf('demo.yaml');
    expect(new Set(takes.map(({ shot }) => shot)).size).toBeGreaterThanOrEqual(8);
    expect(new Set(takes.map(({ type }) => type))).toEqual(new Set(['text', 'image-to-video', 'reference']));
    expect(new Set(takes.map(({ settings }) => settings.model)).size).toBeGreaterThanOrEqual(2);
    expect(takes.flatMap(({ settings }) => [...markersIn(settings.prompt)])).toEqual([]);
  });

  it('bring every image that the demo needs, each whole and small', async () => {
    const inputs = inputsOf(takesOf('demo.yaml'));
    expect(new Set(inputs.map(({ kind }) => kind))).toEqual(new Set(['file', 'url']));
    for (const input of inputs) {
      if (input.kind === 'url') expect(new URL(input.url).hostname).toBe('sandbox.localhost');
      if (input.kind !== 'file') continue;
      const path = join(EXAMPLES, input.path);
      expect(statSync(path).size).toBeLessThan(60_000);
      expect(await decodeImage(readFileSync(path))).toMatchObject({ width: 960, height: 540 });
    }
  });

  it.each(['openrouter.yaml', 'modelgates.yaml'])('spend with %s no more than its budget', (file) => {
    const { manifest } = parseManifest({ text: readFileSync(join(EXAMPLES, file)), file });
    expect(manifest?.gateway.kind).toBe(file.replace('.yaml', ''));
    expect(manifest?.budget_usd).toBeLessThanOrEqual(10);
  });
});
