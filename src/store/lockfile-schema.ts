import type { Ajv2020 } from 'ajv/dist/2020.js';
import {
  described,
  listOf,
  number,
  objectOf,
  ordinal,
  text,
  texts,
  yesOrNo,
  type JsonSchema,
} from '../domain/json-schema.js';
import { schemaCompiler } from '../domain/schema-compiler.js';
import { attemptDefinitions, sha256 } from './attempt-schema.js';

/** `false` is the gateway's no, in place of a value of another kind. */
const unlessNo = { if: { type: 'boolean' }, then: { const: false } };

const model = objectOf({
  description: 'If a field is absent, the gateway says nothing about it.',
  required: {
    id: text,
    canonical_slug: described(text, 'The dated name.'),
    name: text,
    description: text,
  },
  optional: {
    supported_durations: listOf(number),
    supported_resolutions: texts,
    supported_aspect_ratios: texts,
    supported_sizes: texts,
    supported_frame_images: texts,
    generate_audio: yesOrNo,
    seed: yesOrNo,
    upscale_factor: {
      description: 'false: the model does not upscale.',
      type: ['boolean', 'object'],
      ...unlessNo,
      properties: { min: number, max: number },
    },
    creativity: {
      description: 'false: the model does not know it.',
      type: ['boolean', 'array'],
      ...unlessNo,
      items: number,
    },
    allowed_passthrough_parameters: texts,
    pricing_skus: {
      description:
        'Price keys to decimal numbers in US dollars or cents, as the gateway writes them; any other text means that the price is unknown.',
      type: 'object',
      additionalProperties: text,
    },
  },
});

/**
 * The schema of a lockfile (JSON Schema 2020-12): schemas/lockfile.schema.json is written from it, and lockfiles are checked
 * against it when they are read. Unknown fields are allowed, because a later version may have added them.
 * A `title` ends the sentence "… should be".
 */
export const lockfileSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'a dailies lockfile, version 1',
  ...objectOf({
    description:
      'What a project has bought and is buying: teaser.lock.json beside teaser.yaml. Written by dailies. Keep it with the manifest (in version control, for instance); do not edit it by hand. It contains no secrets and no signed URLs.',
    required: {
      version: { const: 1, description: 'The version of this layout. A newer one is refused.' },
      project: described(text, "The project's name in the manifest."),
      project_id: {
        title: 'an id of 16 digits, hex',
        description: 'Identifies the project, whatever its name.',
        type: 'string',
        pattern: '^[0-9a-f]{16}$',
      },
      manifest: described(text, "The manifest's file name, without its folder."),
      sandbox: described(yesOrNo, 'Whether it is a project of the sandbox, which charges nothing.'),
      shots: {
        description: "By the shot's id, after a matrix was expanded.",
        type: 'object',
        additionalProperties: objectOf({
          required: {
            takes: {
              description: 'By the number of the take, from 1.',
              type: 'object',
              propertyNames: { title: 'a whole number from 1', pattern: '^[1-9][0-9]{0,14}$' },
              additionalProperties: objectOf({
                required: {
                  attempts: described(
                    listOf({ $ref: '#/$defs/attempt' }),
                    'Every attempt, the oldest first.',
                  ),
                },
              }),
            },
          },
          optional: {
            pick: objectOf({
              description: 'The take that was picked, and the clip it was then.',
              required: { take: ordinal },
              optional: { clip: described(sha256, 'Absent if the take had no clip yet.') },
            }),
          },
        }),
      },
    },
    optional: {
      catalogue: objectOf({
        description:
          "The catalogue's entries for the models in use, as they were when they were last used: dailies run --locked compares the live ones with them.",
        required: { gateway: text, models: listOf({ $ref: '#/$defs/model' }) },
      }),
    },
  }),
  $defs: { ...attemptDefinitions, model },
};

/** The compiler of `lockfile` and `lockfile#/$defs/attempt_document`. `source`: keeps the code, so that the build can write it. */
export function lockfileCompiler({ source = false }: { readonly source?: boolean } = {}): Ajv2020 {
  const ajv = schemaCompiler({ source });
  ajv.addSchema({ $id: 'lockfile', ...lockfileSchema });
  return ajv;
}
