import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Estimate } from '../../src/domain/money.js';
import type { ShotSettings } from '../../src/domain/fields.js';
import type { Take } from '../../src/domain/take.js';
import { estimateTake } from '../../src/cost/estimate.js';
import { MODELS, modelNamed, modelWith, reference, takeWith } from './fixtures.js';

function estimate(model: string, settings: Partial<ShotSettings>, rest: Partial<Take> = {}): Estimate | null {
  return estimateTake({ take: takeWith({ model, ...settings }, rest), model: modelNamed(model) });
}

function certain(usd: number, sku: string, inferred = false): Estimate {
  return { min_usd: usd, expected_usd: usd, max_usd: usd, sku, inferred };
}

const FIRST_FRAME: Partial<Take> = {
  type: 'image-to-video',
  frames: [{ frame_type: 'first_frame', source: { kind: 'url', url: 'https://example.com/a.png' } }],
};
const IMAGE_REFERENCES: Partial<Take> = {
  type: 'reference',
  references: [reference('image'), reference('image'), reference('image')],
};
const VIDEO_REFERENCE: Partial<Take> = { type: 'reference', references: [reference('video')] };
const WIDE_720P = { resolution: '720p', aspect_ratio: '16:9' };

describe('the price of a take that leaves nothing open', () => {
  it.each([
    // A key that names audio and resolution wins; at 1080p none names the resolution, so the silent one holds.
    [
      'google/veo-3.1-lite',
      { duration: 4, ...WIDE_720P, generate_audio: false },
      {},
      0.12,
      'duration_seconds_without_audio_720p',
    ],
    [
      'google/veo-3.1-lite',
      { duration: 4, ...WIDE_720P, generate_audio: true },
      {},
      0.2,
      'duration_seconds_with_audio_720p',
    ],
    [
      'google/veo-3.1-lite',
      { duration: 8, resolution: '1080p', generate_audio: false },
      {},
      0.4,
      'duration_seconds_without_audio',
    ],
    [
      'google/veo-3.1-fast',
      { duration: 6, resolution: '4K', generate_audio: true },
      {},
      1.8,
      'duration_seconds_with_audio_4k',
    ],
    [
      'google/veo-3.1',
      { duration: 8, size: '3840x2160', generate_audio: false },
      {},
      3.2,
      'duration_seconds_without_audio_4k',
    ],
    // No key without audio: those silent on it, and of these the one of the mode.
    [
      'kwaivgi/kling-v3.0-pro',
      { duration: 5, ...WIDE_720P, generate_audio: false },
      {},
      0.56,
      'text_to_video_duration_seconds_720p',
    ],
    [
      'kwaivgi/kling-v3.0-pro',
      { duration: 5, ...WIDE_720P, generate_audio: true },
      FIRST_FRAME,
      0.84,
      'duration_seconds_with_audio',
    ],
    ['kwaivgi/kling-video-o1', { duration: 10, generate_audio: false }, {}, 1.12, 'duration_seconds'],
    [
      'alibaba/wan-2.6',
      { duration: 5, ...WIDE_720P, generate_audio: true },
      {},
      0.4,
      'text_to_video_duration_seconds_720p',
    ],
    [
      'alibaba/wan-2.6',
      { duration: 5, ...WIDE_720P, generate_audio: true },
      FIRST_FRAME,
      0.5,
      'image_to_video_duration_seconds_720p',
    ],
    ['minimax/hailuo-3-max', { duration: 5, resolution: '480p' }, {}, 0.25, 'duration_seconds_480p'],
    ['heygen/heygen-video-1', { duration: 5, resolution: '2K' }, {}, 0.45, 'duration_seconds_2k'],
    [
      'heygen/heygen-video-1',
      { duration: 5, resolution: '2K' },
      IMAGE_REFERENCES,
      0.9,
      'reference_duration_seconds_2k',
    ],
    [
      'black-forest-labs/flux-3-video',
      { duration: 5, resolution: '1080p' },
      {},
      1.45,
      'cents_per_second_output_1080p',
    ],
    [
      'black-forest-labs/flux-3-video',
      { duration: 5, ...WIDE_720P },
      { previous_shot: 'a' },
      2.05,
      'cents_per_second_video_continuation_720p',
    ],
    // A cent for each image sent; four for each reference, but none for a frame.
    [
      'x-ai/grok-imagine-video-1.5',
      { duration: 5, ...WIDE_720P },
      FIRST_FRAME,
      0.71,
      'cents_per_video_output_second_720p',
    ],
    [
      'x-ai/grok-imagine-video-1.5',
      { duration: 5, ...WIDE_720P },
      IMAGE_REFERENCES,
      0.73,
      'cents_per_video_output_second_720p',
    ],
    ['minimax/hailuo-3', { duration: 5, resolution: '2K' }, IMAGE_REFERENCES, 0.77, 'duration_seconds'],
    ['minimax/hailuo-3', { duration: 5, resolution: '2K' }, FIRST_FRAME, 0.65, 'duration_seconds'],
    // 28 cents a second, but 56 at least.
    ['runway/aleph-2', { duration: 1 }, VIDEO_REFERENCE, 0.56, 'cents_per_second_output'],
    ['runway/aleph-2', { duration: 3 }, VIDEO_REFERENCE, 0.84, 'cents_per_second_output'],
  ] as const)('%s %j %j', (model, settings, rest, usd, sku) => {
    expect(estimate(model, settings, rest)).toEqual(certain(usd, sku));
  });

  it.each([
    // Published: 0.1512 USD a second at 720p, 16:9, which is 21,600 tokens of 7 millionths.
    [
      'bytedance/seedance-2.0',
      { duration: 5, ...WIDE_720P, generate_audio: true },
      {},
      0.756,
      'video_tokens',
    ],
    [
      'bytedance/seedance-2.0-fast',
      { duration: 4, ...WIDE_720P, generate_audio: false },
      {},
      0.36288,
      'video_tokens_without_audio',
    ],
    [
      'bytedance/seedance-2.0-fast',
      { duration: 4, ...WIDE_720P, generate_audio: false },
      VIDEO_REFERENCE,
      0.21384,
      'video_tokens_with_video_input',
    ],
    [
      'bytedance/seedance-2.0',
      { duration: 4, size: '1920x1080', generate_audio: true },
      VIDEO_REFERENCE,
      0.91368,
      'video_tokens_1080p_with_video_input',
    ],
    [
      'bytedance/seedance-2.5',
      { duration: 4, resolution: '720p', aspect_ratio: '1:1', generate_audio: true },
      {},
      0.92448,
      'video_tokens',
    ],
    [
      'bytedance/seedance-1-5-pro',
      { duration: 4, ...WIDE_720P, generate_audio: true },
      {},
      0.20736,
      'video_tokens',
    ],
    [
      'bytedance/seedance-1-5-pro',
      { duration: 4, ...WIDE_720P, generate_audio: false },
      {},
      0.10368,
      'video_tokens_without_audio',
    ],
  ] as const)('is inferred for the tokens of %s %j', (model, settings, rest, usd, sku) => {
    expect(estimate(model, settings, rest)).toEqual(certain(usd, sku, true));
  });

  it('is the price of a generation, however long', () => {
    const model = modelWith({ pricing_skus: { generate: '0.50' } });
    expect(estimateTake({ take: takeWith({ model: model.id }), model })).toEqual(certain(0.5, 'generate'));
  });

  it('follows the hyphens of the guide', () => {
    const model = modelWith({
      supported_resolutions: ['720p', '1080p'],
      pricing_skus: { 'per-video-second': '0.50', 'per-video-second-1080p': '0.75' },
    });
    const at = (resolution: string) =>
      estimateTake({ take: takeWith({ model: model.id, duration: 4, resolution }), model });
    expect(at('720p')).toEqual(certain(2, 'per-video-second'));
    expect(at('1080p')).toEqual(certain(3, 'per-video-second-1080p'));
  });
});

describe('the price of a take that leaves something open', () => {
  it('expects audio where the model makes it', () => {
    expect(estimate('google/veo-3.1-lite', { duration: 4, ...WIDE_720P })).toEqual({
      min_usd: 0.12,
      expected_usd: 0.2,
      max_usd: 0.2,
      sku: 'duration_seconds_with_audio_720p',
      inferred: false,
    });
  });

  it('expects silence where the model makes no audio', () => {
    const model = modelWith({
      generate_audio: false,
      pricing_skus: { duration_seconds_with_audio: '0.2', duration_seconds_without_audio: '0.1' },
    });
    const take = takeWith({ model: model.id, duration: 5 });
    expect(estimateTake({ take, model })).toEqual(certain(0.5, 'duration_seconds_without_audio'));
  });

  it('reaches over the lengths the model can make, and expects the one nearest to 5 s', () => {
    expect(estimate('google/veo-3.1-lite', { ...WIDE_720P, generate_audio: false })).toMatchObject({
      min_usd: 0.12,
      expected_usd: 0.18,
      max_usd: 0.24,
    });
    expect(estimate('runway/gen-4.5', {})).toMatchObject({ min_usd: 0.24, expected_usd: 0.6, max_usd: 1.2 });
  });

  it('reaches over the resolutions of the model, and expects 720p', () => {
    expect(estimate('alibaba/wan-3.0', { duration: 5 })).toMatchObject({
      min_usd: 0.25,
      expected_usd: 0.5,
      max_usd: 1,
      sku: 'duration_seconds_720p',
    });
  });

  it('reaches over the resolutions that the prices name where the model lists none', () => {
    const model = modelWith({ pricing_skus: { duration_seconds: '0.3', duration_seconds_480p: '0.1' } });
    expect(estimateTake({ take: takeWith({ model: model.id, duration: 10 }), model })).toMatchObject({
      min_usd: 1,
      max_usd: 3,
    });
  });

  it('reaches over the aspect ratios where tokens count pixels, and expects 16:9', () => {
    const open = estimate('bytedance/seedance-2.0-fast', {
      duration: 4,
      resolution: '720p',
      generate_audio: false,
    });
    expect(open).toMatchObject({ min_usd: 0.20412, expected_usd: 0.36288, max_usd: 0.47628 });
  });

  it('reaches over whatever prices remain where none names the kind of shot, and expects the dearest', () => {
    const open = estimate('alibaba/wan-2.6', { duration: 5, ...WIDE_720P }, IMAGE_REFERENCES);
    expect(open).toMatchObject({ min_usd: 0.4, expected_usd: 0.5, max_usd: 0.5 });
  });
});

describe('a price that cannot be told', () => {
  it.each([
    ['a model without prices', modelWith({ pricing_skus: null }), { duration: 5 }],
    ['prices that are no record', modelWith({ pricing_skus: [] }), { duration: 5 }],
    ['prices we cannot read', modelWith({ pricing_skus: { credits_per_mood: '1' } }), { duration: 5 }],
    ['extras alone', modelWith({ pricing_skus: { cents_per_image_input: '1' } }), { duration: 5 }],
    ['an open length of a model that lists none', modelWith({ pricing_skus: { duration_seconds: '1' } }), {}],
    ['tokens without a size', modelWith({ pricing_skus: { video_tokens: '0.000001' } }), { duration: 5 }],
    ['a source nobody knows', modelNamed('black-forest-labs/flux-video-upscale'), { upscale_factor: 2 }],
  ] as const)('is unknown, not zero: %s', (_, model, settings) => {
    expect(estimateTake({ take: takeWith({ model: model.id, ...settings }), model })).toBeNull();
  });

  it.each([
    { duration_seconds: '1e308' },
    { duration_seconds: '1e30' },
    { duration_seconds: '0.1', minimum_cents_per_generation: '1e400' },
    { generate: '1000001' },
  ])('is unknown where it is beyond all sense: %j', (pricing_skus) => {
    const model = modelWith({ pricing_skus });
    expect(estimateTake({ take: takeWith({ model: model.id, duration: 5 }), model })).toBeNull();
  });

  const INPUT_IMAGE = { cents_per_frame_image: '500' };
  it.each([
    ['a fee of an unknown kind', { base_fee_usd: '3' }, '720p', {}, undefined],
    ['an extra of an unknown kind', INPUT_IMAGE, '720p', FIRST_FRAME, undefined],
    [
      'an unknown kind of clip at the resolution',
      { duration_seconds_1080p_pro: '0.9' },
      '1080p',
      {},
      undefined,
    ],
    ['one at another resolution', { duration_seconds_1080p_pro: '0.9' }, '720p', {}, 0.5],
    [
      'one at a resolution that is left open',
      { duration_seconds_1080p_pro: '0.9' },
      undefined,
      {},
      undefined,
    ],
    ['a variable price for the resolution', { duration_seconds_1080p: '-1' }, '1080p', {}, undefined],
    ['one for another resolution', { duration_seconds_1080p: '-1' }, '720p', {}, 0.5],
    ['a price for the resolution that is none', { duration_seconds_1080p: null }, '1080p', {}, undefined],
    ['a variable extra that is due', { cents_per_image_input: '-1' }, '720p', FIRST_FRAME, undefined],
    ['one that is not due', { cents_per_image_input: '-1' }, '720p', {}, 0.5],
    ['a variable least price', { minimum_cents_per_generation: '-1' }, '720p', {}, undefined],
    ['an unknown kind of continuation', { fee_video_continuation: '1' }, '720p', {}, 0.5],
    ['one that is due', { fee_video_continuation: '1' }, '720p', { previous_shot: 'a' }, undefined],
  ] as const)('hangs on the keys that may hold for the request: %s', (_, prices, resolution, rest, usd) => {
    const model = modelWith({ pricing_skus: { duration_seconds: '0.1', ...prices } });
    const settings = { model: model.id, duration: 5, ...(resolution && { resolution }) };
    expect(estimateTake({ take: takeWith(settings, rest), model })?.max_usd).toBe(usd);
  });

  it('is told once the source is known', () => {
    const model = modelNamed('black-forest-labs/flux-video-upscale');
    const source = { width: 1000, height: 500, duration_s: 4 };
    const take = (settings: Partial<ShotSettings>) =>
      takeWith({ model: model.id, ...settings }, VIDEO_REFERENCE);
    expect(estimateTake({ take: take({ upscale_factor: 2, creativity: 0 }), model, source })).toEqual(
      certain(0.6, 'cents_per_megapixel_second_precise', true),
    );
    expect(estimateTake({ take: take({ upscale_factor: 2, creativity: 1 }), model, source })?.sku).toBe(
      'cents_per_megapixel_second_creative',
    );
    expect(estimateTake({ take: take({}), model, source })).toMatchObject({ min_usd: 0.3375, max_usd: 1.89 });
  });
});

describe('any price', () => {
  const oneOf = <T>(...values: readonly T[]) => fc.constantFrom<T | undefined>(undefined, ...values);
  const takes = fc
    .record({
      model: fc.constantFrom(...MODELS),
      duration: oneOf(1, 4, 5, 7, 30),
      resolution: oneOf('480p', '720p', '1080p', '2K', '4K', 'strange'),
      aspect_ratio: oneOf('16:9', '1:1', '9:21', 'strange'),
      generate_audio: oneOf(true, false),
      rest: fc.constantFrom({}, FIRST_FRAME, IMAGE_REFERENCES, VIDEO_REFERENCE, { previous_shot: 'a' }),
    })
    .map(({ model, rest, ...settings }) => {
      const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
      return { model, take: takeWith({ model: model.id, ...given }, rest) };
    });

  it('lies between its least and its most, names a key of the model, and has no binary dust', () => {
    fc.assert(
      fc.property(takes, ({ model, take }) => {
        const price = estimateTake({ take, model });
        if (!price) return;
        expect(price.min_usd).toBeLessThanOrEqual(price.expected_usd);
        expect(price.expected_usd).toBeLessThanOrEqual(price.max_usd);
        expect(Object.keys(model.pricing_skus ?? {})).toContain(price.sku);
        for (const usd of [price.min_usd, price.expected_usd, price.max_usd]) {
          expect(String(usd)).toMatch(/^\d+(\.\d{1,9})?$/);
        }
      }),
    );
  });

  it('of a shot that leaves something open lies around that of any way to settle it', () => {
    fc.assert(
      fc.property(takes, fc.boolean(), ({ model, take }, generate_audio) => {
        const open = estimateTake({ take, model });
        const [resolution = '720p'] = model.supported_resolutions ?? [];
        const settled = estimateTake({
          take: { ...take, settings: { resolution, generate_audio, ...take.settings } },
          model,
        });
        if (!open || !settled || (generate_audio && model.generate_audio === false)) return;
        expect(settled.min_usd).toBeGreaterThanOrEqual(open.min_usd);
        expect(settled.max_usd).toBeLessThanOrEqual(open.max_usd);
      }),
    );
  });
});
