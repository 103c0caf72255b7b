import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { VideoRequest } from '../domain/request.js';
import { Refusal } from './answers.js';

/**
 * The body of a submit as the contract has it. Fields that the contract does not know are let through, as the
 * real API does. Throws a Refusal that names the field.
 */
export function checkShape(body: unknown): VideoRequest {
  validate ??= new Ajv2020({ discriminator: true }).compile<VideoRequest>(SCHEMA);
  if (validate(body)) return body;
  const [error] = validate.errors ?? [];
  const field = error?.instancePath.slice(1).replaceAll('/', '.');
  const problem = error?.message ?? 'is not what the contract asks for';
  const allowed = error?.keyword === 'enum' ? `: ${[error.params['allowedValues']].flat().join(', ')}` : '';
  throw new Refusal(400, `Invalid request: ${field || 'the body'} ${problem}${allowed}`);
}

let validate: ValidateFunction<VideoRequest> | undefined;

const TEXT = { type: 'string' };
const WHOLE = { type: 'integer' };

function urlPart(type: string): object {
  return {
    type: 'object',
    required: ['type', type],
    properties: {
      type: { const: type },
      [type]: { type: 'object', required: ['url'], properties: { url: TEXT } },
    },
  };
}

/** Source: VideoGenerationRequest in test/contract/openrouter-videos.openapi.yaml. */
const SCHEMA = {
  type: 'object',
  required: ['model'],
  properties: {
    model: { type: 'string', minLength: 1 },
    prompt: TEXT,
    duration: { type: 'integer', minimum: 1 },
    resolution: { enum: ['360p', '480p', '720p', '768p', '1080p', '1K', '2K', '4K'] },
    aspect_ratio: { enum: ['16:9', '9:16', '1:1', '4:3', '3:4', '3:2', '2:3', '21:9', '9:21'] },
    size: { type: 'string', pattern: '^[1-9][0-9]{0,4}x[1-9][0-9]{0,4}$' },
    seed: WHOLE,
    generate_audio: { type: 'boolean' },
    creativity: WHOLE,
    upscale_factor: { type: 'number', exclusiveMinimum: 0 },
    callback_url: TEXT,
    previous_job_id: TEXT,
    session_id: { type: 'string', maxLength: 256 },
    user: TEXT,
    provider: {
      type: 'object',
      properties: { options: { type: 'object', additionalProperties: { type: 'object' } } },
    },
    frame_images: {
      type: 'array',
      items: {
        allOf: [
          urlPart('image_url'),
          {
            type: 'object',
            required: ['frame_type'],
            properties: { frame_type: { enum: ['first_frame', 'last_frame'] } },
          },
        ],
      },
    },
    input_references: {
      type: 'array',
      items: {
        type: 'object',
        required: ['type'],
        discriminator: { propertyName: 'type' },
        oneOf: [urlPart('image_url'), urlPart('video_url'), urlPart('audio_url')],
      },
    },
  },
};
