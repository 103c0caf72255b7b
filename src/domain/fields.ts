import type { JsonSchema } from './json-schema.js';

/** What a field can hold, by the `type` of its schema. */
interface Values {
  readonly string: string;
  /** A whole number. */
  readonly integer: number;
  readonly number: number;
  readonly boolean: boolean;
  readonly object: ProviderParameters;
}

/** Parameters that are handed through to a provider, by its slug. */
interface ProviderParameters {
  readonly options?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** One field of the request, as the video API and the manifest both have it. */
export interface ApiField {
  /**
   * How the manifest has it: `null`, which unsets a default, is added there, and so is `{{var}}` to a pattern, which
   * is therefore written without anchors. The `title` ends the sentence "… must be".
   */
  readonly schema: JsonSchema & {
    readonly title: string;
    readonly description: string;
    readonly type: keyof Values;
    readonly pattern?: string;
    readonly maxLength?: number;
  };
  /**
   * Whether it shapes the picture. What does counts in the fingerprint, and lockfile, metadata and report keep it.
   * The rest is between a person and the gateway: it is sent, and written down nowhere.
   */
  readonly shapes: boolean;
  /** Its texts may be signed addresses, which count and are kept without what signs them. */
  readonly signed?: boolean;
}

/** Characters of a URL, before and after vars. */
export const MAX_URL = 8192;

/**
 * The fields of the API's request that a manifest sets as they are, declared here alone: the manifest's schema, the
 * settings of a shot, the fingerprint, the request's body, the lockfile and its schema all follow from this table.
 */
export const API_FIELDS = {
  model: {
    schema: {
      title: 'the id of a model',
      description:
        'The model that makes the clip, by its id or its dated slug. `dailies models` lists what the gateway has.',
      type: 'string',
      minLength: 1,
      maxLength: 200,
      pattern: '\\S.*',
      examples: ['google/veo-3.1-lite', 'bytedance/seedance-2.0-fast'],
    },
    shapes: true,
  },
  prompt: {
    schema: {
      title: 'text',
      description:
        'What is seen and heard. `{{name}}` puts a var in; `{{{{` is a literal `{{`. A text shot needs one, and so ' +
        'do the others unless the model is known to do without.',
      type: 'string',
      maxLength: 100_000,
      examples: ['A glass greenhouse at sunrise, {{hero}} asleep on the bench, slow dolly-in'],
    },
    shapes: true,
  },
  duration: {
    schema: {
      title: 'a whole number of seconds',
      description: 'Length of the clip in whole seconds. Each model offers its own lengths.',
      type: 'integer',
      minimum: 1,
      maximum: 3600,
      examples: [4, 8],
    },
    shapes: true,
  },
  resolution: {
    schema: {
      title: 'a resolution such as 720p',
      description:
        'Resolution of the clip, as the model names it. Goes with `aspect_ratio`; instead of `size`.',
      type: 'string',
      minLength: 1,
      maxLength: 40,
      pattern: '.+',
      examples: ['480p', '720p', '1080p', '4K'],
    },
    shapes: true,
  },
  aspect_ratio: {
    schema: {
      title: 'a ratio such as "16:9"',
      description: 'Shape of the picture. Goes with `resolution`; instead of `size`.',
      type: 'string',
      minLength: 1,
      maxLength: 40,
      pattern: '.+',
      examples: ['16:9', '9:16', '1:1'],
    },
    shapes: true,
  },
  size: {
    schema: {
      title: 'a size in pixels such as 1280x720',
      description: 'Width and height in pixels; instead of `resolution` and `aspect_ratio`.',
      type: 'string',
      pattern: '[1-9][0-9]{0,4}x[1-9][0-9]{0,4}',
      maxLength: 100,
      examples: ['1280x720', '720x1280'],
    },
    shapes: true,
  },
  seed: {
    schema: {
      title: 'a whole number',
      description:
        'Makes a model that knows seeds repeat itself. Further takes count up from it; without one the model chooses.',
      type: 'integer',
      minimum: Number.MIN_SAFE_INTEGER,
      maximum: Number.MAX_SAFE_INTEGER,
      examples: [42],
    },
    shapes: true,
  },
  generate_audio: {
    schema: {
      title: 'true or false',
      description: 'Whether the clip has sound. Left open, the model decides, and the price may hang on it.',
      type: 'boolean',
    },
    shapes: true,
  },
  provider: {
    schema: {
      title: 'a map such as { options: { google-vertex: { negativePrompt: blur } } }',
      description:
        'Parameters handed through to a provider, by its slug. `dailies models ID` lists what a model lets through.',
      type: 'object',
      properties: {
        options: {
          title: 'a map of providers',
          description: 'The slug of a provider, and the parameters for it.',
          type: 'object',
          additionalProperties: {
            title: 'a map of parameters',
            description: 'Parameters by name, either directly or under `parameters`.',
            type: 'object',
          },
        },
      },
      additionalProperties: false,
      examples: [{ options: { 'google-vertex': { negativePrompt: 'blur' } } }],
    },
    shapes: true,
    signed: true,
  },
  callback_url: {
    schema: {
      title: 'an https URL',
      description: 'Where the gateway reports the end of the job, besides our polling. Always https.',
      type: 'string',
      minLength: 1,
      maxLength: MAX_URL,
      examples: ['https://example.com/hooks/video'],
    },
    shapes: false,
  },
  creativity: {
    schema: {
      title: 'a whole number',
      description: 'How freely an upscaling model may invent detail; most models know none.',
      type: 'integer',
      minimum: 0,
      examples: [0, 1],
    },
    shapes: true,
  },
  upscale_factor: {
    schema: {
      title: 'a number above 0',
      description: 'How many times larger an upscaling model makes the picture.',
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 100,
      examples: [2],
    },
    shapes: true,
  },
  session_id: {
    schema: {
      title: 'text of at most 256 characters',
      description: 'Groups requests in the reports of the gateway.',
      type: 'string',
      maxLength: 256,
      examples: ['teaser-2026-10'],
    },
    shapes: false,
  },
  user: {
    schema: {
      title: 'text of at most 256 characters',
      description: 'Names the end user to the gateway.',
      type: 'string',
      maxLength: 256,
      examples: ['director-7'],
    },
    shapes: false,
  },
} as const satisfies Readonly<Record<string, ApiField>>;

type Fields = typeof API_FIELDS;
export type ApiFieldName = keyof Fields;
type KeptFieldName = {
  [K in ApiFieldName]: Fields[K]['shapes'] extends true ? K : never;
}[ApiFieldName];

/** The value of a field. */
export type ApiValue<K extends ApiFieldName> = Values[Fields[K]['schema']['type']];

/** The request fields of a shot, under the API's own names (see the contract in test/contract). */
export type ShotSettings = { readonly model: ApiValue<'model'> } & {
  readonly [K in Exclude<ApiFieldName, 'model'>]?: ApiValue<K>;
};

/** What is kept of the settings, and shown: those that shape the picture. */
export type KeptSettings = Pick<ShotSettings, KeptFieldName>;

/** The names of all fields, in the order of the table. */
export const API_FIELD_NAMES = Object.keys(API_FIELDS) as readonly ApiFieldName[];

/** The names of the fields that shape the picture. */
export const KEPT_FIELD_NAMES = API_FIELD_NAMES.filter(
  (name): name is KeptFieldName => API_FIELDS[name].shapes,
);

/** The declaration of a field. */
export function apiField(name: ApiFieldName): ApiField {
  return API_FIELDS[name];
}
