import { settingSchemas } from './settings.js';
import type { Model } from '../../domain/catalogue.js';
import type { JsonSchema } from '../../domain/json-schema.js';
import { catalogueConditions, catalogueValues } from './catalogue.js';
import { fieldSchemas, orVar } from './fields.js';

/** Names of vars: what may stand between `{{` and `}}`. */
const VAR_NAME = '[A-Za-z_][A-Za-z0-9_-]*';

const scalar = { title: 'text, a number, true or false', type: ['string', 'number', 'boolean'] };

const id: JsonSchema = {
  title: 'letters, digits, ".", "_" and "-", beginning with a letter, a digit or "_"',
  description:
    'Names the shot: in messages, in other shots, and on the disk. Letters, digits, `.`, `_` and `-`; unique ' +
    'without regard to case. `{{name}}` puts a var in.',
  type: 'string',
  minLength: 1,
  maxLength: 200,
  pattern: orVar('[A-Za-z0-9_][A-Za-z0-9._-]*'),
  examples: ['greenhouse', 'scene-2.close-up'],
};

/** The schema of a manifest (JSON Schema 2020-12); schemas/manifest.schema.json is written from it. */
export const manifestSchema: JsonSchema = manifestDocument({});

/** The same with what a gateway's catalogue offers: models by name, and what goes with each. */
export function liveSchema(models: readonly Model[]): JsonSchema {
  return manifestDocument(catalogueValues(models), catalogueConditions(models));
}

/**
 * The schema of a manifest, written for the people who read it in their editor. Unions are written as one object
 * with several types: keywords for text pass over maps and the reverse, so that a mistake has one message.
 * `values` (from the catalogue) stand in the place of what can be said of a field without one; `conditions` say what
 * goes with which model.
 */
function manifestDocument(
  values: Readonly<Record<string, JsonSchema>>,
  conditions: readonly JsonSchema[] = [],
): JsonSchema {
  const fields = { ...fieldSchemas, ...values };
  const names = Object.keys(fields);
  const one = Object.fromEntries(names.map((name) => [name, { $ref: `#/$defs/${name}` }]));
  const many = Object.fromEntries(names.map((name) => [name, axis(name)]));
  const constraints = conditions.length > 0 ? { allOf: conditions } : {};
  const shared = { ...one, vars: { $ref: '#/$defs/vars' }, matrix: { $ref: '#/$defs/matrix' } };

  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A dailies manifest',
    description: 'A list of shots, and how to render them. See docs/manifest.md.',
    type: 'object',
    properties: {
      ...settingSchemas,
      vars: { $ref: '#/$defs/vars' },
      defaults: {
        title: 'a map of shot fields',
        description: 'What shots have where they do not say otherwise. Takes every shot field but `id`.',
        type: ['object', 'null'],
        properties: shared,
        additionalProperties: false,
        ...constraints,
      },
      shots: {
        title: 'a list of shots',
        description: 'The shots, in the order of the film.',
        type: 'array',
        minItems: 1,
        items: { $ref: '#/$defs/shot' },
      },
    },
    required: ['version', 'shots'],
    additionalProperties: false,
    $defs: {
      ...fields,
      vars: {
        title: 'a map of names and their text',
        description:
          'Texts for `{{name}}` in prompts, paths, URLs and ids. `--var NAME=VALUE` wins over them.',
        type: ['object', 'null'],
        propertyNames: { pattern: `^${VAR_NAME}$` },
        additionalProperties: scalar,
        examples: [{ hero: 'a red fox' }],
      },
      matrix: {
        title: 'a map of fields or vars, each with a list of values',
        description:
          'Makes one shot of each combination of the values. `exclude` leaves combinations out, `include` extends ' +
          'or adds some, both as in the matrix of GitHub Actions.',
        type: ['object', 'null'],
        minProperties: 1,
        properties: {
          ...many,
          include: combinations(
            'Values to add to the combinations they agree with, or else combinations of their own.',
            one,
          ),
          exclude: combinations('Combinations to leave out: those that have all these values.', one),
        },
        propertyNames: { pattern: `^${VAR_NAME}$` },
        additionalProperties: {
          title: 'a list of values',
          description: 'The values of a var.',
          type: 'array',
          minItems: 1,
          items: scalar,
        },
        examples: [
          { model: ['bytedance/seedance-2.0-fast', 'bytedance/seedance-2.0'], weather: ['rain', 'snow'] },
        ],
      },
      shot: {
        title: 'a map of fields, with an id',
        description: 'One shot.',
        type: 'object',
        properties: { id, ...shared },
        required: ['id'],
        additionalProperties: false,
        ...constraints,
      },
    },
  };
}

function axis(name: string): JsonSchema {
  return {
    title: 'a list of values',
    description: `The values of \`${name}\`.`,
    type: 'array',
    minItems: 1,
    items: { $ref: `#/$defs/${name}` },
  };
}

function combinations(description: string, fields: JsonSchema): JsonSchema {
  return {
    title: 'a list of maps',
    description,
    type: 'array',
    maxItems: 1000,
    items: {
      title: 'a map of fields or vars',
      type: 'object',
      minProperties: 1,
      properties: fields,
      propertyNames: { pattern: `^${VAR_NAME}$` },
      additionalProperties: scalar,
    },
  };
}
