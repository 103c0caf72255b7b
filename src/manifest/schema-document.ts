import { orVar, shotFieldSchemas, type JsonSchema, type ValueSchemas } from './schema-fields.js';

/** Names of vars: what may stand between `{{` and `}}`. */
const VAR_NAME = '[A-Za-z_][A-Za-z0-9_-]*';

const scalar = { title: 'text, a number, true or false', type: ['string', 'number', 'boolean'] };

/**
 * The schema of a manifest, written for the people who read it in their editor. Unions are written as one object
 * with several types: keywords for text pass over maps and the reverse, so that a mistake has one message.
 * `conditions` (from the catalogue) say what goes with which model.
 */
export function manifestDocument(values: ValueSchemas, conditions: readonly JsonSchema[] = []): JsonSchema {
  const fields = shotFieldSchemas(values);
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
      ...settings,
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

const jobs: JsonSchema = {
  title: 'a whole number from 1 to 1,000',
  description: 'How many jobs may be in flight at once.',
  type: 'integer',
  minimum: 1,
  maximum: 1000,
  default: 4,
};

const settings: Readonly<Record<string, JsonSchema>> = {
  version: { title: 'the number 1', description: 'The version of this format: 1.', const: 1 },
  project: {
    title: 'a short name without slashes',
    description: 'The name of the project. The default is the name of the file.',
    type: 'string',
    pattern: '^[^/\\\\\\p{Cc}]*[^/\\\\\\p{Cc}\\s][^/\\\\\\p{Cc}]*$',
    maxLength: 100,
    examples: ['teaser'],
  },
  gateway: {
    title: 'openrouter, modelgates, sandbox, or { base_url: https://… }',
    description:
      'Which gateway renders: a preset, or any other with the same API. `sandbox` renders slates on this machine, for free.',
    type: ['string', 'object'],
    if: { type: 'string' },
    then: {
      title: 'openrouter, modelgates, sandbox, or { base_url: https://… }',
      enum: ['openrouter', 'modelgates', 'sandbox'],
    },
    properties: {
      base_url: {
        title: 'an https URL',
        description: 'The base of the API, usually ending in /api/v1. Plain http is for loopback alone.',
        type: 'string',
        minLength: 1,
        maxLength: 2000,
        examples: ['https://example.com/api/v1'],
      },
      api_key_env: {
        title: 'the name of an environment variable',
        description: 'The environment variable that has the key (not the key itself).',
        type: 'string',
        pattern: '^[A-Za-z_][A-Za-z0-9_]{0,99}$',
        default: 'DAILIES_API_KEY',
        examples: ['STUDIO_API_KEY'],
      },
    },
    required: ['base_url'],
    additionalProperties: false,
    default: 'openrouter',
    examples: [
      'openrouter',
      'sandbox',
      { base_url: 'https://example.com/api/v1', api_key_env: 'STUDIO_API_KEY' },
    ],
  },
  output: {
    title: 'a folder, or { dir: FOLDER, name: TEMPLATE }',
    description:
      "Where the clips go, inside the manifest's folder; renders/<manifest's name> by default. As a map also how they are named.",
    type: ['string', 'object'],
    minLength: 1,
    maxLength: 1000,
    properties: {
      dir: {
        title: 'a folder',
        description: "The folder, inside the manifest's.",
        type: 'string',
        minLength: 1,
        maxLength: 1000,
        examples: ['renders'],
      },
      name: {
        title: 'a naming template',
        description:
          'Names of clips in the folder, without their extension: text, `/`, and {project} {id} {model} {seed} {take} ' +
          '{index} {type} {duration} {resolution} {aspect_ratio} {size}, or any {var} and {matrix name}.',
        type: 'string',
        minLength: 1,
        maxLength: 500,
        examples: ['{project}/{id}/{model}-{seed}-{take}'],
      },
    },
    additionalProperties: false,
    examples: ['renders/teaser', { dir: 'renders', name: '{project}/{id}/{model}-{seed}-{take}' }],
  },
  concurrency: {
    title: 'a whole number from 1 to 1,000, or { jobs: …, downloads: …, per_model: … }',
    description: 'How many jobs may be in flight at once.',
    type: ['integer', 'object'],
    minimum: 1,
    maximum: 1000,
    properties: {
      jobs,
      downloads: { ...jobs, description: 'How many clips may be downloaded at once.' },
      per_model: {
        title: 'a map of models and numbers',
        description: 'How many jobs of one model may be in flight at once.',
        type: 'object',
        additionalProperties: {
          title: 'a whole number from 1 to 1,000',
          type: 'integer',
          minimum: 1,
          maximum: 1000,
        },
        examples: [{ 'google/veo-3.1': 2 }],
      },
    },
    additionalProperties: false,
    default: 4,
    examples: [4, { jobs: 4, downloads: 4, per_model: { 'google/veo-3.1': 2 } }],
  },
  budget_usd: {
    title: 'an amount in US dollars',
    description: 'A ceiling for the whole project, money already spent included. No submit crosses it.',
    type: 'number',
    minimum: 0,
    maximum: 1e9,
    examples: [20],
  },
  poll: {
    title: 'a map such as { interval: 10, timeout: 1800 }',
    description: 'How jobs are watched. All in seconds; fractions are allowed.',
    type: 'object',
    properties: {
      interval: {
        title: 'a number of seconds above 0',
        description: 'The longest wait between two looks at a job once its expected end has passed.',
        type: 'number',
        exclusiveMinimum: 0,
        maximum: 3600,
        default: 10,
      },
      timeout: {
        title: 'a number of seconds above 0',
        description: 'How long one run waits for a job, from its own first look at it. The next run goes on.',
        type: 'number',
        exclusiveMinimum: 0,
        maximum: 604_800,
        default: 1800,
      },
    },
    additionalProperties: false,
    examples: [{ interval: 10, timeout: 1800 }],
  },
  retries: {
    title: 'a whole number from 0 to 100',
    description:
      'How often a job that failed is rendered again within one run. Each is a purchase of its own.',
    type: 'integer',
    minimum: 0,
    maximum: 100,
    default: 0,
  },
  on_uncertain: {
    title: 'hold or resubmit',
    description:
      'What becomes of a shot whose submit got no answer, and that may have been charged: `hold` leaves it to ' +
      '`dailies resolve`; `resubmit` buys it again, once.',
    enum: ['hold', 'resubmit'],
    default: 'hold',
  },
  approve: {
    title: 'true or false',
    description:
      'Stop after each generation of shots until the takes that others grow out of have been picked.',
    type: 'boolean',
    default: false,
  },
};
