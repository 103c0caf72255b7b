import { Ajv2020 } from 'ajv/dist/2020.js';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseCatalogue } from '../../src/catalogue/parse.js';
import type { Model } from '../../src/domain/catalogue.js';
import type { JsonSchema } from '../../src/domain/json-schema.js';
import { fieldSchemas, manifestSchema } from '../../src/domain/manifest-schema.js';
import { liveSchema } from '../../src/manifest/schema/catalogue.js';

describe('the schema of a manifest', () => {
  it('is sound 2020-12', () => {
    const ajv = new Ajv2020({
      strict: true,
      allowUnionTypes: true,
      strictRequired: false,
      strictTypes: false,
    });
    expect(ajv.validateSchema(manifestSchema)).toBe(true);
    expect(() => ajv.compile(manifestSchema)).not.toThrow();
  });

  it('describes every field, with an example wherever words alone would not do', () => {
    for (const [path, schema] of fieldsOf(manifestSchema)) {
      expect(schema['title'], path).toBeTypeOf('string');
      const isReference = '$ref' in schema;
      if (!isReference) expect(schema['description'] ?? schema['examples'], path).toBeDefined();
    }
  });

  it('has each field in the defaults, in a shot, and in every part of a matrix', () => {
    const { properties, $defs } = manifestSchema;
    const {
      include,
      exclude,
      from: _from,
      ...axes
    } = $defs['matrix']?.['properties'] as Readonly<
      Record<string, { readonly items: { readonly properties: object } }>
    >;
    const { vars: _, matrix: __, ...defaults } = properties['defaults']?.['properties'] as JsonSchema;
    const { id, ...shot } = $defs.shot.properties;
    const names = Object.keys(fieldSchemas);
    const each = Object.fromEntries(names.map((name) => [name, { $ref: `#/$defs/${name}` }]));
    expect(defaults).toEqual(each);
    expect(shot).toEqual({ ...each, vars: { $ref: '#/$defs/vars' }, matrix: { $ref: '#/$defs/matrix' } });
    const { from, id: template, ...rows } = properties['shots']?.['properties'] as JsonSchema;
    expect(rows).toEqual({ ...each, vars: { $ref: '#/$defs/vars' } });
    expect([from, template]).toEqual([expect.anything(), expect.anything()]);
    expect([id, include?.items.properties, exclude?.items.properties]).toEqual([
      expect.anything(),
      each,
      each,
    ]);
    expect(Object.entries(axes).map(([name, { items }]) => [name, items])).toEqual(Object.entries(each));
  });

  it('gives examples that hold', () => {
    const ajv = new Ajv2020({ strict: false });
    const { $defs } = manifestSchema;
    for (const [path, schema] of fieldsOf(manifestSchema)) {
      const examples = (schema['examples'] as unknown[] | undefined) ?? [];
      if (examples.length === 0) continue;
      const validate = ajv.compile({ $defs, ...schema });
      for (const example of examples) {
        expect(validate(example), `${path}: ${JSON.stringify(example)}`).toBe(true);
      }
    }
  });
});

describe('the live schema', async () => {
  const catalogue = JSON.parse(
    await readFile(new URL('../../src/sandbox/models.json', import.meta.url), 'utf8'),
  ) as unknown;
  const models: readonly Model[] = parseCatalogue(catalogue);
  const schema = liveSchema(models);
  const validate = new Ajv2020({ strict: false, allErrors: true }).compile(schema);

  const holds = (shot: string): boolean =>
    validate({ version: 1, shots: [{ id: 'a', prompt: 'p', ...(parse(`{ ${shot} }`) as object) }] });

  it('names every model, by id and by dated slug', () => {
    const text = JSON.stringify(schema);
    for (const { id, canonical_slug } of models) {
      expect(text).toContain(JSON.stringify(id));
      expect(holds(`model: ${id}`)).toBe(true);
      expect(holds(`model: ${canonical_slug}`)).toBe(true);
    }
    expect(holds('model: no/such-model')).toBe(false);
    expect(holds('model: "{{m}}"')).toBe(true);
  });

  it.each([
    ['model: google/veo-3.1, duration: 4', true],
    ['model: google/veo-3.1, duration: 5', false],
    ['model: google/veo-3.1, duration: null', true],
    ['model: google/veo-3.1, resolution: 720p', true],
    ['model: google/veo-3.1, resolution: 480p', false],
    ['model: google/veo-3.1, resolution: "{{r}}"', true],
    ['model: google/veo-3.1, aspect_ratio: "1:1"', false],
    ['model: google/veo-3.1, size: 1280x720', true],
    ['model: google/veo-3.1, size: 1281x720', false],
    ['model: google/veo-3.1, provider: { options: { google-vertex: { negativePrompt: x } } }', true],
    [
      'model: google/veo-3.1, provider: { options: { google-vertex: { parameters: { negativePrompt: x } } } }',
      true,
    ],
    ['model: google/veo-3.1, provider: { options: { google-vertex: { negative_prompt: x } } }', false],
    ['model: kwaivgi/kling-v3.0-pro, seed: 1', false],
    ['model: minimax/hailuo-2.3, generate_audio: false', false],
    ['model: minimax/hailuo-2.3, last_frame: a.png', false],
    ['model: minimax/hailuo-2.3, first_frame: a.png', true],
    ['model: black-forest-labs/flux-video-upscale, upscale_factor: 2', true],
    ['model: black-forest-labs/flux-video-upscale, upscale_factor: 4', false],
    ['model: google/veo-3.1, upscale_factor: 2', false],
    ['model: runway/aleph-2, duration: 17', true],
    ['duration: 17', true],
  ])('of %s it says %s', (shot, answer) => {
    expect(holds(shot)).toBe(answer);
  });

  it('offers what the catalogue lists to an editor', () => {
    const { $defs } = schema as {
      readonly $defs: Readonly<Record<string, { readonly anyOf: readonly JsonSchema[] }>>;
    };
    expect($defs['duration']?.anyOf[0]?.['enum']).toContain(15);
    expect($defs['resolution']?.anyOf[0]?.['enum']).toContain('1080p');
  });

  it('holds for a catalogue that says nothing', () => {
    const bare: Model = { id: 'x/y', canonical_slug: 'x/y', name: '', description: '' };
    const open = new Ajv2020({ strict: false }).compile(liveSchema([bare]));
    expect(
      open({ version: 1, shots: [{ id: 'a', model: 'x/y', duration: 99, resolution: '9p', seed: 1 }] }),
    ).toBe(true);
    expect(() => new Ajv2020({ strict: false }).compile(liveSchema([]))).not.toThrow();
  });
});

/** Every named part of a schema, by its path. */
function fieldsOf(schema: unknown, path = ''): [string, JsonSchema][] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema as JsonSchema).flatMap(([keyword, value]) => {
    if (keyword === 'examples' || keyword === 'enum') return [];
    const inner = fieldsOf(value, `${path}/${keyword}`);
    const isNaming = keyword === 'properties' || keyword === '$defs';
    const named = isNaming ? Object.entries(value as Readonly<Record<string, JsonSchema>>) : [];
    const own = named
      .filter(([, one]) => !('$ref' in one))
      .map(([name, one]): [string, JsonSchema] => [`${path}/${keyword}/${name}`, one]);
    return [...own, ...inner];
  });
}
