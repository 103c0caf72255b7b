import { apiField, KEPT_FIELD_NAMES } from '../domain/fields.js';
import {
  described,
  listOf,
  membersOf,
  number,
  objectOf,
  ordinal,
  text,
  texts,
  yesOrNo,
  type JsonSchema,
  type Members,
} from '../domain/json-schema.js';

/*
 * What an attempt looks like in a lockfile. A union is written as one object with an `if` for each member, so that a fault
 * gives one message, and so that a check without a fault allocates nothing.
 */

const fromNothing: JsonSchema = { type: 'number', minimum: 0 };
const whole: JsonSchema = { type: 'integer' };
const count: JsonSchema = { title: 'a whole number from 0', type: 'integer', minimum: 0 };
export const sha256: JsonSchema = {
  title: 'a sha256 (64 digits, lower-case hex)',
  type: 'string',
  pattern: '^[0-9a-f]{64}$',
};

const time: JsonSchema = {
  title: 'a time (ISO 8601, UTC)',
  type: 'string',
  pattern:
    '^\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])T(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,9})?Z$',
};

const cost = described(
  number,
  'US dollars, as the gateway reports them; absent: not reported, which is not zero.',
);

const job = objectOf({
  description: "The gateway's id of the job.",
  required: { id: text },
  optional: {
    polling_url: described(text, 'As the gateway gave it, unless it carries a signature.'),
    generation_id: described(text, "Its id in the gateway's accounts of requests."),
    served_by: described(text, 'The provider that made the clip, where the gateway says so.'),
  },
});

const media = objectOf({
  description: 'What the file says about itself.',
  required: {
    container: { enum: ['mp4', 'webm'] },
    duration_s: fromNothing,
    width: number,
    height: number,
    video_codec: text,
  },
  optional: { fps: described(number, 'Frames a second.'), audio_codec: text },
});

const output = objectOf({
  description: 'One clip, identified by the sha256 of its bytes.',
  required: {
    sha256,
    bytes: count,
    media,
    warnings: described(texts, 'How the clip differs from what was asked for.'),
  },
  optional: {
    first_sha256: described(
      sha256,
      'If the gateway has since sent the clip with other bytes: the sha256 of its first delivery. Shots made from it use that one.',
    ),
  },
});

/** What each kind of state holds besides `kind` and `since`. */
const STATES: readonly (Members & { readonly kinds: readonly string[] })[] = [
  {
    kinds: ['planned', 'submitting', 'not_charged'],
    description:
      'planned: nothing was sent. submitting: a request was about to leave; if no run is active, it may have been charged. not_charged: settled by hand.',
  },
  {
    kinds: ['pending', 'in_progress'],
    description: 'The gateway has the job.',
    required: { job },
  },
  {
    kinds: ['completed', 'downloading'],
    description: 'The job is done, and its clips are on the gateway.',
    required: { job },
    optional: { cost_usd: cost },
  },
  {
    kinds: ['delivered'],
    description: 'The clips were checked and stored.',
    required: { job, outputs: listOf(output) },
    optional: {
      cost_usd: cost,
      lost: described(text, 'The gateway says that it no longer has the clip.'),
      pruned: described(yesOrNo, 'Whether its clips were removed from the store on purpose.'),
      unseen: described(
        yesOrNo,
        'Whether only its receipt records the delivery, and its clips were not found.',
      ),
    },
  },
  {
    kinds: ['failed', 'cancelled', 'expired', 'lost'],
    description:
      "failed, cancelled, expired: the gateway's last word. lost: the gateway no longer knows the job or its clip, which was paid for.",
    required: { job, message: text },
    optional: { cost_usd: cost },
  },
  {
    kinds: ['refused'],
    description: 'The gateway said no: never charged.',
    required: { status: described(whole, 'The HTTP status.'), message: text },
  },
  {
    kinds: ['uncertain'],
    description:
      'The answer was lost: it may have been charged. Held until dailies resolve or on_uncertain settles it.',
    required: { message: text },
    optional: {
      usage_before: objectOf({
        description:
          'What the key had used in all before the run that lost the answer: a hint for who settles it.',
        required: { usd: fromNothing, at: time },
      }),
    },
  },
  {
    kinds: ['abandoned'],
    description: 'Given up by hand.',
    optional: { job, cost_usd: cost },
  },
];

const state: JsonSchema = {
  ...objectOf({
    description: 'How far the attempt came. Each state has only what it proves.',
    required: { kind: { enum: STATES.flatMap(({ kinds }) => kinds) }, since: time },
  }),
  allOf: STATES.map(({ kinds, ...members }) => ({
    if: { required: ['kind'], properties: { kind: { enum: kinds } } },
    then: membersOf(members),
  })),
};

/** A local file, unless an earlier member says otherwise. */
const input: JsonSchema = {
  type: 'object',
  if: { required: ['from'] },
  then: membersOf({
    description: 'A frame of another shot: the clip it was taken from, and the picture that was sent.',
    required: {
      from: described(text, 'The shot.'),
      take: ordinal,
      at: {
        title: 'first, last, or a number of seconds',
        description: 'Which frame; a number counts seconds.',
        type: ['string', 'number'],
        minimum: 0,
        if: { type: 'string' },
        then: { enum: ['first', 'last'] },
      },
      clip_sha256: sha256,
    },
    optional: { path: text, sha256 },
  }),
  else: {
    if: { required: ['url'] },
    then: membersOf({
      description: 'A remote file, without the parameters that sign its URL.',
      required: { url: text },
    }),
    else: membersOf({ description: 'A local file.', required: { path: text, sha256 } }),
  },
};

/** The stored fields, checked by kind only: what is on the disk stays readable if the limits of the API move. */
const settings = Object.fromEntries(
  KEPT_FIELD_NAMES.map((name) => {
    const { description, type } = apiField(name).schema;
    return [name, { description, type }];
  }),
);

const request = objectOf({
  description:
    "The request as sent, under the API's names. Inputs are kept as they were written, without their bytes and without the parameters that sign a URL.",
  required: { model: settings['model'] ?? text },
  optional: {
    ...settings,
    previous_job_id: described(text, 'The job that this one continues.'),
    frame_images: listOf(
      objectOf({ required: { frame_type: { enum: ['first_frame', 'last_frame'] }, input: at('input') } }),
    ),
    input_references: listOf(
      objectOf({ required: { media: { enum: ['image', 'video', 'audio'] }, input: at('input') } }),
    ),
  },
});

const estimate: JsonSchema = {
  ...objectOf({
    description: 'What it was expected to cost; null if the model has no price that can be read.',
    required: {
      min_usd: fromNothing,
      expected_usd: fromNothing,
      max_usd: fromNothing,
      sku: {
        description: "The catalogue's price key; null if there was nothing to buy.",
        type: ['string', 'null'],
      },
      inferred: described(yesOrNo, 'The price rests on a formula that the gateway does not publish.'),
    },
  }),
  type: ['object', 'null'],
};

const times = objectOf({
  description: 'When each step was reached: milliseconds since 1970.',
  required: { created: whole },
  optional: {
    submitted: described(whole, 'The request left.'),
    accepted: described(whole, 'The gateway gave a job id.'),
    resumed: described(whole, 'A later run resumed the job: its state in between is unknown.'),
    started: described(whole, 'The job was first seen rendering.'),
    completed: described(whole, 'The job was seen to have ended.'),
    delivered: described(whole, 'The clip was checked and stored.'),
  },
});

const id: JsonSchema = {
  title: 'an id (4 to 40 digits and small letters)',
  type: 'string',
  pattern: '^[0-9a-z]{4,40}$',
};

/** The fields of an attempt both in the lockfile and in a document of its own. */
const common = {
  required: {
    id: described(id, 'Unique in the project.'),
    fingerprint: described(sha256, 'What the attempt was made from.'),
    request: at('request'),
    gateway: described(text, "The gateway's base URL, or sandbox."),
    estimate: at('estimate'),
    steps: described(count, 'How many events it has gone through.'),
    state: at('state'),
    times: at('times'),
  },
  optional: {
    replaces: described(id, 'The attempt that it replaces.'),
    rerender: objectOf({
      description: 'The set of takes to rerender that it was bought for.',
      required: {
        set: described(text, 'The same for the same takes.'),
        since: described(
          { type: 'string' },
          'The newest attempt when it was asked for; empty: there was none.',
        ),
      },
      optional: {
        takes: described(texts, 'The takes of the set, in the first purchase for it.'),
        done: described({ const: true }, 'All takes of the set were delivered.'),
      },
    }),
    callback: described(
      {
        title: 'a token (20 to 64 letters, digits, - and _)',
        type: 'string',
        pattern: '^[0-9A-Za-z_-]{20,64}$',
      },
      'The token of the address to which the gateway reports the end of its job, while it may still do so.',
    ),
    names: described(texts, "The names of its clips, relative to the manifest's folder."),
  },
};

const attemptOfTake = objectOf({
  description: 'One purchase, or the try of one.',
  required: {
    ...common.required,
    check: {
      title: 'a CRC-32 (8 digits, hex)',
      description: 'CRC-32 of the rest of the attempt.',
      type: 'string',
      pattern: '^[0-9a-f]{8}$',
    },
  },
  optional: common.optional,
});

const attemptDocument = objectOf({
  description: 'One attempt in its own document, with its owner.',
  required: { owner: objectOf({ required: { shot: text, take: ordinal } }), ...common.required },
  optional: common.optional,
});

/** The definitions of an attempt and its parts in the lockfile's schema. */
export const attemptDefinitions = {
  attempt: attemptOfTake,
  attempt_document: attemptDocument,
  request,
  input,
  estimate,
  state,
  times,
} satisfies Readonly<Record<string, JsonSchema>>;

/** A definition of the lockfile's schema. */
function at(name: string): JsonSchema {
  return { $ref: `#/$defs/${name}` };
}
