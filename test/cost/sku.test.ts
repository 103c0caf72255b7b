import { describe, expect, it } from 'vitest';
import { parseSku, type Sku } from '../../src/cost/sku.js';
import { MODELS } from './fixtures.js';

/** One row for each distinct key of the catalogue, and for those that the guides and the contract show. */
const READABLE: readonly (readonly [key: string, sku: Omit<Sku, 'key' | 'usd'>, usd: number])[] = [
  ['duration_seconds', { unit: 'second' }, 2],
  ['duration_seconds_480p', { unit: 'second', shortSide: 480 }, 2],
  ['duration_seconds_720p', { unit: 'second', shortSide: 720 }, 2],
  ['duration_seconds_768p', { unit: 'second', shortSide: 768 }, 2],
  ['duration_seconds_1080p', { unit: 'second', shortSide: 1080 }, 2],
  ['duration_seconds_2k', { unit: 'second', shortSide: 1440 }, 2],
  ['duration_seconds_with_audio', { unit: 'second', audio: true }, 2],
  ['duration_seconds_with_audio_720p', { unit: 'second', audio: true, shortSide: 720 }, 2],
  ['duration_seconds_with_audio_4k', { unit: 'second', audio: true, shortSide: 2160 }, 2],
  ['duration_seconds_without_audio', { unit: 'second', audio: false }, 2],
  ['duration_seconds_without_audio_720p', { unit: 'second', audio: false, shortSide: 720 }, 2],
  ['duration_seconds_without_audio_4k', { unit: 'second', audio: false, shortSide: 2160 }, 2],
  ['reference_duration_seconds_480p', { unit: 'second', mode: 'reference', shortSide: 480 }, 2],
  ['reference_duration_seconds_768p', { unit: 'second', mode: 'reference', shortSide: 768 }, 2],
  ['reference_duration_seconds_2k', { unit: 'second', mode: 'reference', shortSide: 1440 }, 2],
  ['text_to_video_duration_seconds_480p', { unit: 'second', mode: 'text', shortSide: 480 }, 2],
  ['text_to_video_duration_seconds_720p', { unit: 'second', mode: 'text', shortSide: 720 }, 2],
  ['text_to_video_duration_seconds_1080p', { unit: 'second', mode: 'text', shortSide: 1080 }, 2],
  ['image_to_video_duration_seconds_720p', { unit: 'second', mode: 'image-to-video', shortSide: 720 }, 2],
  ['image_to_video_duration_seconds_1080p', { unit: 'second', mode: 'image-to-video', shortSide: 1080 }, 2],
  ['per-video-second', { unit: 'second' }, 2],
  ['per-video-second-1080p', { unit: 'second', shortSide: 1080 }, 2],
  ['cents_per_second_output', { unit: 'second' }, 0.02],
  ['cents_per_second_output_720p', { unit: 'second', shortSide: 720 }, 0.02],
  ['cents_per_second_output_1080p', { unit: 'second', shortSide: 1080 }, 0.02],
  [
    'cents_per_second_video_continuation_720p',
    { unit: 'second', videoInput: 'video_continuation', shortSide: 720 },
    0.02,
  ],
  [
    'cents_per_second_video_continuation_1080p',
    { unit: 'second', videoInput: 'video_continuation', shortSide: 1080 },
    0.02,
  ],
  ['cents_per_video_output_second_480p', { unit: 'second', shortSide: 480 }, 0.02],
  ['cents_per_video_output_second_720p', { unit: 'second', shortSide: 720 }, 0.02],
  ['cents_per_video_output_second_1080p', { unit: 'second', shortSide: 1080 }, 0.02],
  ['video_tokens', { unit: 'token' }, 2],
  ['video_tokens_1080p', { unit: 'token', shortSide: 1080 }, 2],
  ['video_tokens_4k', { unit: 'token', shortSide: 2160 }, 2],
  ['video_tokens_without_audio', { unit: 'token', audio: false }, 2],
  ['video_tokens_with_video_input', { unit: 'token', videoInput: 'with_video_input' }, 2],
  [
    'video_tokens_1080p_with_video_input',
    { unit: 'token', videoInput: 'with_video_input', shortSide: 1080 },
    2,
  ],
  ['video_tokens_4k_with_video_input', { unit: 'token', videoInput: 'with_video_input', shortSide: 2160 }, 2],
  ['cents_per_image_input', { unit: 'input-image' }, 0.02],
  ['reference_images', { unit: 'reference-image' }, 2],
  ['minimum_cents_per_generation', { unit: 'floor' }, 0.02],
  ['cents_per_megapixel_second_precise', { unit: 'megapixel-second', upscaling: 'precise' }, 0.02],
  ['cents_per_megapixel_second_creative', { unit: 'megapixel-second', upscaling: 'creative' }, 0.02],
  ['generate', { unit: 'generation' }, 2],
];

describe('a price key', () => {
  it.each(READABLE)('%s is read in full', (key, sku, usd) => {
    expect(parseSku(key, '2')).toEqual({ key, usd, ...sku });
  });

  it('has a row above for every shape in the catalogue', () => {
    const rows = new Set(READABLE.map(([key]) => key));
    const keys = new Set(MODELS.flatMap((model) => Object.keys(model.pricing_skus ?? {})));
    expect([...keys].filter((key) => !rows.has(key))).toEqual([]);
  });

  it.each([
    'duration_seconds_turbo',
    'duration_minutes',
    '720p',
    '',
    'video_tokens_duration_seconds',
    'duration_seconds_720p_1080p',
    'duration_secondsish',
    'generated',
    '__proto__',
    'constructor',
  ])('that holds a word we do not know, no unit or two is not guessed: %j', (key) => {
    expect(parseSku(key, '0.1')).toMatchObject({ key, unit: 'unknown', usd: undefined });
  });

  it.each([
    ['duration_seconds_1080p_pro', { shortSide: 1080 }],
    ['pro_image_to_video_duration_seconds', { mode: 'image-to-video' }],
    // Neither of two resolutions, and no audio where an unknown word may give it another meaning.
    ['duration_seconds_720p_1080p', {}],
    ['duration_seconds_with_audio_input', {}],
  ])('that cannot be read in full keeps the qualifiers that are sure: %s', (key, qualifiers) => {
    expect(parseSku(key, '0.1')).toEqual({ key, unit: 'unknown', usd: undefined, ...qualifiers });
  });

  it.each(['', ' ', 'free', 'NaN', '-1', 'Infinity', '$0.10', '0x10', 'unreadable'])(
    'has no amount with the price %j',
    (price) => {
      expect(parseSku('duration_seconds', price)).toEqual({
        key: 'duration_seconds',
        unit: 'second',
        usd: undefined,
      });
    },
  );
});
