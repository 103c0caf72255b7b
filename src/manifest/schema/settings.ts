import type { JsonSchema } from '../../domain/json-schema.js';

const jobs: JsonSchema = {
  title: 'a whole number from 1 to 1,000',
  description: 'How many jobs may be in flight at once.',
  type: 'integer',
  minimum: 1,
  maximum: 1000,
  default: 4,
};

const { description: _, default: __, ...atOnce } = jobs;

/** The fields of the manifest's top level that are no shots: how to run. */
export const settingSchemas: Readonly<Record<string, JsonSchema>> = {
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
  clips: {
    title: 'a folder',
    description:
      "Where the clips themselves and the receipts of what was bought are kept, inside the manifest's folder; .dailies by default.",
    type: 'string',
    minLength: 1,
    maxLength: 1000,
    examples: ['media'],
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
        additionalProperties: atOnce,
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
