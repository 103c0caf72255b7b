/** A JSON Schema, or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The parts of the schema that the live catalogue can say more about. */
export interface ValueSchemas {
  readonly model: JsonSchema;
  readonly duration: JsonSchema;
  readonly resolution: JsonSchema;
  readonly aspect_ratio: JsonSchema;
  readonly size: JsonSchema;
}

/** A word of a field's own form, or any text that a `{{var}}` may turn into one. */
export function orVar(pattern: string): string {
  return `^(?:${pattern})$|\\{\\{`;
}

/** Characters of a prompt, and of a URL, before and after vars. */
export const MAX_PROMPT = 100_000;
export const MAX_URL = 8192;

/** What can be said of models and their limits without a catalogue. `title`s end the sentence "… must be". */
export const OPEN_VALUES: ValueSchemas = {
  model: {
    title: 'the id of a model',
    description:
      'The model that makes the clip, by its id or its dated slug. `dailies models` lists what the gateway has.',
    type: ['string', 'null'],
    minLength: 1,
    maxLength: 200,
    pattern: '^\\S.*$',
    examples: ['google/veo-3.1-lite', 'bytedance/seedance-2.0-fast'],
  },
  duration: {
    title: 'a whole number of seconds',
    description: 'Length of the clip in whole seconds. Each model offers its own lengths.',
    type: ['integer', 'null'],
    minimum: 1,
    maximum: 3600,
    examples: [4, 8],
  },
  resolution: {
    title: 'a resolution such as 720p',
    description:
      'Resolution of the clip, as the model names it. Goes with `aspect_ratio`; instead of `size`.',
    type: ['string', 'null'],
    minLength: 1,
    maxLength: 40,
    examples: ['480p', '720p', '1080p', '4K'],
  },
  aspect_ratio: {
    title: 'a ratio such as "16:9"',
    description: 'Shape of the picture. Goes with `resolution`; instead of `size`.',
    type: ['string', 'null'],
    minLength: 1,
    maxLength: 40,
    examples: ['16:9', '9:16', '1:1'],
  },
  size: {
    title: 'a size in pixels such as 1280x720',
    description: 'Width and height in pixels; instead of `resolution` and `aspect_ratio`.',
    type: ['string', 'null'],
    pattern: orVar('[1-9][0-9]{0,4}x[1-9][0-9]{0,4}'),
    maxLength: 100,
    examples: ['1280x720', '720x1280'],
  },
};

const clipFrame = {
  from: {
    title: 'the id of a shot',
    description: 'The id of the shot whose clip the frame is taken from. That shot is rendered first.',
    type: 'string',
    minLength: 1,
    maxLength: 200,
    examples: ['greenhouse'],
  },
  at: {
    title: 'first, last, or a number of seconds',
    description: 'Which frame: `first`, `last` (the default), or the one shown at a number of seconds.',
    type: ['string', 'number'],
    minimum: 0,
    if: { type: 'string' },
    then: { title: 'first, last, or a number of seconds', enum: ['first', 'last'] },
    examples: ['last', 'first', 1.5],
  },
  take: {
    title: 'the number of a take, counted from 1',
    description: 'Which take of that shot. Without it, the take that was picked, or else the first.',
    type: 'integer',
    minimum: 1,
    examples: [1],
  },
} as const;

function frame(description: string): JsonSchema {
  return {
    title: 'a local image, an https URL, or { from: SHOT, at: last }',
    description,
    type: ['string', 'object', 'null'],
    minLength: 1,
    maxLength: MAX_URL,
    properties: clipFrame,
    required: ['from'],
    additionalProperties: false,
    examples: ['frames/turn.png', 'https://example.com/start.jpg', { from: 'greenhouse', at: 'last' }],
  };
}

function media(kind: string, example: string): JsonSchema {
  return {
    title: `a local ${kind} file or an https URL`,
    description: `A reference ${kind}: a local file or an https URL.`,
    type: 'string',
    minLength: 1,
    maxLength: MAX_URL,
    examples: [example],
  };
}

const references: JsonSchema = {
  title: 'a list of references',
  description:
    'Images, clips or sounds that guide the model without being frames of the clip. Not together with ' +
    '`first_frame` or `last_frame`; on a shot they replace the frames of the defaults.',
  type: ['array', 'null'],
  minItems: 1,
  maxItems: 100,
  items: {
    title: 'a local image, an https URL, { video: … }, { audio: … } or { from: SHOT, at: last }',
    description: 'One reference. Plain text is an image.',
    type: ['string', 'object'],
    minLength: 1,
    maxLength: MAX_URL,
    properties: {
      image: media('image', 'refs/side.jpg'),
      video: media('video', 'refs/walk.mp4'),
      audio: media('audio', 'refs/voice.mp3'),
      ...clipFrame,
    },
    additionalProperties: false,
    if: { type: 'object' },
    then: {
      title: 'exactly one of image, video, audio and from',
      oneOf: ['image', 'video', 'audio', 'from'].map((name) => ({ required: [name] })),
    },
  },
  examples: [['https://example.com/backpack.jpg', 'refs/side.jpg'], [{ video: 'refs/walk.mp4' }]],
};

/** Every field that a shot and the defaults have in common, and that a matrix may multiply. */
export function shotFieldSchemas(values: ValueSchemas): Readonly<Record<string, JsonSchema>> {
  return {
    type: {
      title: 'text, image-to-video or reference',
      description:
        'How the shot is made. Follows from the other fields and may be left out; when given it must agree with them.',
      enum: ['text', 'image-to-video', 'reference', null],
    },
    model: values.model,
    prompt: {
      title: 'text',
      description:
        'What is seen and heard. `{{name}}` puts a var in; `{{{{` is a literal `{{`. A text shot needs one, and so ' +
        'do the others unless the model is known to do without.',
      type: ['string', 'null'],
      maxLength: MAX_PROMPT,
      examples: ['A glass greenhouse at sunrise, {{hero}} asleep on the bench, slow dolly-in'],
    },
    first_frame: frame(
      'The picture the clip opens on: a local image, an https URL, or a frame of another shot.',
    ),
    last_frame: frame(
      'The picture the clip ends on: a local image, an https URL, or a frame of another shot.',
    ),
    references,
    duration: values.duration,
    resolution: values.resolution,
    aspect_ratio: values.aspect_ratio,
    size: values.size,
    seed: {
      title: 'a whole number',
      description:
        'Makes a model that knows seeds repeat itself. Further takes count up from it; without one the model chooses.',
      type: ['integer', 'null'],
      minimum: Number.MIN_SAFE_INTEGER,
      maximum: Number.MAX_SAFE_INTEGER,
      examples: [42],
    },
    generate_audio: {
      title: 'true or false',
      description: 'Whether the clip has sound. Left open, the model decides, and the price may hang on it.',
      type: ['boolean', 'null'],
    },
    takes: {
      title: 'a whole number from 1 to 10,000',
      description: 'How many clips to make of the shot: each is a job of its own. `--only ID@2` names one.',
      type: ['integer', 'null'],
      minimum: 1,
      maximum: 10_000,
      examples: [3],
    },
    previous_job: {
      title: 'the id of a shot',
      description:
        'The id of a shot whose finished job this one continues, with the same model (sent as `previous_job_id`).',
      type: ['string', 'null'],
      minLength: 1,
      maxLength: 200,
      examples: ['greenhouse'],
    },
    provider: {
      title: 'a map such as { options: { google-vertex: { negativePrompt: blur } } }',
      description:
        'Parameters handed through to a provider, by its slug. `dailies models ID` lists what a model lets through.',
      type: ['object', 'null'],
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
    callback_url: {
      title: 'an https URL',
      description: 'Where the gateway reports the end of the job, besides our polling. Always https.',
      type: ['string', 'null'],
      minLength: 1,
      maxLength: MAX_URL,
      examples: ['https://example.com/hooks/video'],
    },
    creativity: {
      title: 'a whole number',
      description: 'How freely an upscaling model may invent detail; most models know none.',
      type: ['integer', 'null'],
      minimum: 0,
      examples: [0, 1],
    },
    upscale_factor: {
      title: 'a number above 0',
      description: 'How many times larger an upscaling model makes the picture.',
      type: ['number', 'null'],
      exclusiveMinimum: 0,
      maximum: 100,
      examples: [2],
    },
    session_id: {
      title: 'text of at most 256 characters',
      description: 'Groups requests in the reports of the gateway.',
      type: ['string', 'null'],
      maxLength: 256,
      examples: ['teaser-2026-10'],
    },
    user: {
      title: 'text of at most 256 characters',
      description: 'Names the end user to the gateway.',
      type: ['string', 'null'],
      maxLength: 256,
      examples: ['director-7'],
    },
    tags: {
      title: 'a list of short words',
      description: 'Words to filter by on the contact sheet. They change nothing else.',
      type: ['array', 'null'],
      maxItems: 50,
      items: { title: 'a short word', type: 'string', minLength: 1, maxLength: 60 },
      examples: [['interior', 'night']],
    },
  };
}
