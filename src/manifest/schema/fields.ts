import { defined } from '../../domain/defined.js';
import { API_FIELD_NAMES, apiField, MAX_URL, type ApiFieldName } from '../../domain/fields.js';
import type { JsonSchema } from '../../domain/json-schema.js';
import type { FieldName } from './raw.js';

/** A word of a field's own form, or any text that a `{{var}}` may turn into one. */
export function orVar(pattern: string): string {
  return `^(?:${pattern})$|\\{\\{`;
}

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

/** What can be said of a field of the API without a catalogue. */
export function apiSchema(name: ApiFieldName): JsonSchema {
  const { pattern, ...schema } = apiField(name).schema;
  return defined({
    ...schema,
    type: [schema.type, 'null'],
    pattern: pattern === undefined ? undefined : orVar(pattern),
  });
}

/** Every field that a shot and the defaults have in common, and that a matrix may multiply. */
export const fieldSchemas: Readonly<Record<FieldName, JsonSchema>> = {
  type: {
    title: 'text, image-to-video or reference',
    description:
      'How the shot is made. Follows from the other fields and may be left out; when given it must agree with them.',
    enum: ['text', 'image-to-video', 'reference', null],
  },
  ...(Object.fromEntries(API_FIELD_NAMES.map((name) => [name, apiSchema(name)])) as Readonly<
    Record<ApiFieldName, JsonSchema>
  >),
  first_frame: frame(
    'The picture the clip opens on: a local image, an https URL, or a frame of another shot.',
  ),
  last_frame: frame('The picture the clip ends on: a local image, an https URL, or a frame of another shot.'),
  references,
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
  tags: {
    title: 'a list of short words',
    description: 'Words to filter by on the contact sheet. They change nothing else.',
    type: ['array', 'null'],
    maxItems: 50,
    items: { title: 'a short word', type: 'string', minLength: 1, maxLength: 60 },
    examples: [['interior', 'night']],
  },
};

/** Their names. */
export const FIELD_NAMES = Object.keys(fieldSchemas) as readonly FieldName[];

/** Whether a name is a field of a shot (in a matrix, anything else is a var). */
export function isField(name: string): name is FieldName {
  return Object.hasOwn(fieldSchemas, name);
}
