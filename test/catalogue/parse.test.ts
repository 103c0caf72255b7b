import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findModel } from '../../src/catalogue/find.js';
import { parseCatalogue, parseModel } from '../../src/catalogue/parse.js';
import { DailiesError } from '../../src/errors.js';
import { MODELS } from '../cost/fixtures.js';

const NOTHING_SAID = { id: 'a/b', canonical_slug: 'a/b', name: 'a/b', description: '' };

describe('reading the catalogue', () => {
  it('takes the fields of a real entry over', () => {
    expect(findModel(MODELS, 'google/veo-3.1-lite')).toMatchObject({
      canonical_slug: 'google/veo-3.1-lite-20260331',
      supported_durations: [8, 4, 6],
      supported_frame_images: ['first_frame', 'last_frame'],
      generate_audio: true,
      upscale_factor: false,
      creativity: false,
    });
    expect(findModel(MODELS, 'black-forest-labs/flux-video-upscale')).toMatchObject({
      upscale_factor: { min: 1.5, max: 3 },
      creativity: [0, 1],
    });
  });

  it('needs an id alone', () => {
    expect(parseModel({ id: 'a/b' })).toEqual(NOTHING_SAID);
  });

  it('leaves out entries without an id, and keeps the others', () => {
    const data = [null, 7, 'a/b', [], {}, { id: 5 }, { id: '' }, { id: 'a/b' }];
    expect(parseCatalogue({ data })).toEqual([NOTHING_SAID]);
  });

  it('takes null for unknown, except of upscaling and creativity, where it is a no', () => {
    const entry = {
      id: 'a/b',
      canonical_slug: null,
      supported_durations: null,
      supported_sizes: null,
      generate_audio: null,
      seed: null,
      pricing_skus: null,
      upscale_factor: null,
      creativity: null,
    };
    expect(parseModel(entry)).toEqual({ ...NOTHING_SAID, upscale_factor: false, creativity: false });
  });

  it.each([
    { supported_durations: 5 },
    { supported_durations: [4, 'long'] },
    { supported_resolutions: '720p' },
    { supported_resolutions: ['720p', null] },
    { supported_aspect_ratios: { wide: true } },
    { generate_audio: 'yes' },
    { seed: 1 },
    { upscale_factor: 2 },
    { creativity: 'high' },
    { allowed_passthrough_parameters: [1] },
    { pricing_skus: [] },
    { pricing_skus: [{ unit: 'second' }] },
    { name: 5, description: null },
  ])('takes an odd type for unknown, never for a rule: %j', (fields) => {
    expect(parseModel({ id: 'a/b', ...fields })).toEqual(NOTHING_SAID);
  });

  it('takes numbers as strings, and prices as numbers', () => {
    const fields = {
      supported_durations: ['4', 6],
      upscale_factor: { min: '1.5', max: null },
      pricing_skus: { duration_seconds: 0.05, duration_seconds_720p: ' 0.03 ' },
    };
    expect(parseModel({ id: 'a/b', ...fields })).toEqual({
      ...NOTHING_SAID,
      supported_durations: [4, 6],
      upscale_factor: { min: 1.5 },
      pricing_skus: { duration_seconds: '0.05', duration_seconds_720p: '0.03' },
    });
  });

  it('keeps the key of a price that cannot be read', () => {
    const pricing_skus = { duration_seconds: null, per_video_second: '-1', generate: { usd: 1 } };
    expect(parseModel({ id: 'a/b', pricing_skus })?.pricing_skus).toEqual({
      duration_seconds: 'unreadable',
      per_video_second: '-1',
      generate: 'unreadable',
    });
  });

  it.each<[object, number | undefined]>([
    [{ latency_ms: 93_000 }, 93_000],
    [{ latency: 93 }, 93_000],
    [{ latency: '93000' }, 93_000],
    [{ median_latency_seconds: 93 }, 93_000],
    [{ latency_last_30m: { p50: 93, p99: 400 } }, 93_000],
    [{ generation_time: { median: 93_000 } }, 93_000],
    [{ latency: { p50: null }, avg_latency: 93 }, 93_000],
    [{ latency: 0.25 }, undefined],
    [{ latency_ms: 86_400_000 }, undefined],
    [{ latency: -5, latency_s: 'fast', latency_ms: [93] }, undefined],
    [{ low_latency: 93, latency: null }, undefined],
  ])('reads how long jobs take, where it says so: %j', (entry, ms) => {
    expect(parseModel({ id: 'a/b', ...entry })?.latency_ms).toBe(ms);
  });

  it('keeps an empty list, which is a rule', () => {
    expect(parseModel({ id: 'a/b', supported_frame_images: [] })?.supported_frame_images).toEqual([]);
  });

  it('reads back what the snapshot holds', () => {
    for (const model of MODELS) expect(parseModel(JSON.parse(JSON.stringify(model)))).toEqual(model);
  });

  it.each([undefined, null, 'html', [], {}, { data: null }, { data: {} }, { error: { message: 'no' } }])(
    'refuses what is no list at all: %j',
    (body) => {
      expect(() => parseCatalogue(body)).toThrow(DailiesError);
      expect(() => parseCatalogue(body)).toThrow(
        expect.objectContaining({ code: 'gateway-answer', exitCode: 3 }),
      );
    },
  );

  it('never fails on an entry, whatever it holds', () => {
    fc.assert(
      fc.property(fc.array(fc.anything()), (data) => {
        for (const model of parseCatalogue({ data })) expect(model.id).not.toBe('');
      }),
    );
  });
});

describe('finding a model', () => {
  it('goes by id or by dated slug', () => {
    expect(findModel(MODELS, 'google/veo-3.1')?.id).toBe('google/veo-3.1');
    expect(findModel(MODELS, 'google/veo-3.1-20260320')?.id).toBe('google/veo-3.1');
    expect(findModel(MODELS, 'google/veo-9')).toBeUndefined();
  });

  it('prefers an id to another model’s slug', () => {
    const models = parseCatalogue({ data: [{ id: 'a', canonical_slug: 'b' }, { id: 'b' }] });
    expect(findModel(models, 'b')?.id).toBe('b');
  });
});
