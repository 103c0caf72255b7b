import type { Model } from '../../domain/catalogue.js';
import { defined } from '../../domain/defined.js';
import type { ApiFieldName } from '../../domain/fields.js';
import type { JsonSchema } from '../../domain/json-schema.js';
import { fieldSchemas, manifestSchema } from '../../domain/manifest-schema.js';

/** The schema of a manifest with what a gateway's catalogue offers: models by name, and what goes with each. */
export function liveSchema(models: readonly Model[]): JsonSchema {
  const { $defs, properties } = manifestSchema;
  const conditions = catalogueConditions(models);
  const constraints = conditions.length > 0 ? { allOf: conditions } : {};
  return {
    ...manifestSchema,
    properties: { ...properties, defaults: { ...properties['defaults'], ...constraints } },
    $defs: { ...$defs, ...catalogueValues(models), shot: { ...$defs.shot, ...constraints } },
  };
}

/** Lets `{{name}}` stand where the catalogue knows a list of words. */
const VAR = { type: 'string', pattern: '\\{\\{' };

/**
 * The fields whose values a catalogue lists. The models are a closed list; what they offer is checked model by
 * model (`catalogueConditions`), and stands here for an editor to complete from.
 */
function catalogueValues(models: readonly Model[]): Readonly<Record<string, JsonSchema>> {
  const ids = models.map(({ id }) => id);
  const slugs = models.flatMap(({ id, canonical_slug }) => (canonical_slug === id ? [] : [canonical_slug]));
  return {
    model: {
      ...withoutExamples('model'),
      anyOf: [
        { title: 'a model of the catalogue', enum: [...new Set(ids), null] },
        ...(slugs.length > 0 ? [{ title: 'a dated slug', enum: [...new Set(slugs)] }] : []),
        VAR,
      ],
    },
    duration: offering('duration', models, 'supported_durations'),
    resolution: offering('resolution', models, 'supported_resolutions'),
    aspect_ratio: offering('aspect_ratio', models, 'supported_aspect_ratios'),
    size: offering('size', models, 'supported_sizes'),
  };
}

/** For each model that says what it offers: a condition that holds a shot with this model to it. */
function catalogueConditions(models: readonly Model[]): JsonSchema[] {
  return models.flatMap((model) => {
    const properties = limitsOf(model);
    if (Object.keys(properties).length === 0) return [];
    const names = [...new Set([model.id, model.canonical_slug])];
    return [{ if: { properties: { model: { enum: names } }, required: ['model'] }, then: { properties } }];
  });
}

/** What a catalogue entry rules out. Absent is unknown, and rules nothing out. */
function limitsOf(model: Model): Record<string, JsonSchema> {
  const limits: Record<string, JsonSchema> = {};
  if (model.supported_durations)
    limits['duration'] = { enum: [...ascending(model.supported_durations), null] };
  if (model.supported_resolutions) limits['resolution'] = oneOfWords(model.supported_resolutions);
  if (model.supported_aspect_ratios) limits['aspect_ratio'] = oneOfWords(model.supported_aspect_ratios);
  if (model.supported_sizes) limits['size'] = oneOfWords(model.supported_sizes);
  if (model.seed === false) limits['seed'] = { type: 'null' };
  if (model.generate_audio === false) limits['generate_audio'] = { type: 'null' };
  if (model.upscale_factor !== undefined) limits['upscale_factor'] = factorRange(model.upscale_factor);
  if (model.creativity !== undefined) limits['creativity'] = { enum: [...(model.creativity || []), null] };
  if (model.allowed_passthrough_parameters) {
    limits['provider'] = passthrough(model.allowed_passthrough_parameters);
  }
  for (const frame of ['first_frame', 'last_frame']) {
    if (model.supported_frame_images?.includes(frame) === false) limits[frame] = { type: 'null' };
  }
  return limits;
}

/** The keys that a model lets through stand under a provider's slug, or under `parameters` there. */
function passthrough(keys: readonly string[]): JsonSchema {
  const parameters = { propertyNames: { enum: keys } };
  const options =
    keys.length === 0
      ? { maxProperties: 0 }
      : { propertyNames: { enum: [...new Set([...keys, 'parameters'])] }, properties: { parameters } };
  return { properties: { options: { additionalProperties: options } } };
}

function factorRange(range: NonNullable<Model['upscale_factor']>): JsonSchema {
  if (range === false) return { type: 'null' };
  const { min, max } = range;
  return defined({ minimum: min, maximum: max });
}

function oneOfWords(words: readonly string[]): JsonSchema {
  return { anyOf: [{ enum: [...words, null] }, VAR] };
}

/** The base, with all that any model lists for an editor to offer; a model that lists nothing may take more. */
function offering(
  name: ApiFieldName,
  models: readonly Model[],
  list: 'supported_durations' | 'supported_resolutions' | 'supported_aspect_ratios' | 'supported_sizes',
): JsonSchema {
  const values = [...new Set(models.flatMap((model): readonly (string | number)[] => model[list] ?? []))];
  if (values.length === 0) return fieldSchemas[name] ?? {};
  const numbers = values.filter((value) => typeof value === 'number');
  const offered = numbers.length > 0 ? ascending(numbers) : values;
  const open = models.some((model) => model[list] === undefined);
  const rest = numbers.length > 0 ? { type: 'integer' } : { type: 'string' };
  return {
    ...withoutExamples(name),
    anyOf: [{ enum: [...offered, null] }, open ? rest : VAR],
  };
}

function ascending(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b);
}

function withoutExamples(name: ApiFieldName): JsonSchema {
  const { examples: _, ...schema } = fieldSchemas[name] ?? {};
  return schema;
}
