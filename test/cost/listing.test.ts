import { describe, expect, it } from 'vitest';
import { listModel } from '../../src/cost/listing.js';
import { MODELS, modelNamed, modelWith } from './fixtures.js';

describe('the listing of a model', () => {
  it('prices a silent clip of about 5 s at 720p', () => {
    expect(listModel(modelNamed('google/veo-3.1-lite'))).toMatchObject({
      modes: ['text', 'image-to-video'],
      typical: { duration: 6, resolution: '720p' },
      estimate: { expected_usd: 0.18, sku: 'duration_seconds_without_audio_720p' },
    });
  });

  it('takes what comes nearest where the model makes no 720p', () => {
    expect(listModel(modelNamed('minimax/hailuo-3')).typical).toEqual({ duration: 5, resolution: '2K' });
    expect(listModel(modelNamed('heygen/heygen-video-1')).typical.resolution).toBe('768p');
  });

  it('prices 5 s of a model that lists no lengths', () => {
    expect(listModel(modelNamed('black-forest-labs/flux-video-edit'))).toMatchObject({
      modes: ['reference'],
      typical: { duration: 5 },
      estimate: { expected_usd: 0.15 },
    });
  });

  it('has no typical clip of an upscaler', () => {
    expect(listModel(modelNamed('black-forest-labs/flux-video-upscale'))).toMatchObject({
      typical: {},
      estimate: null,
    });
  });

  it('has one price, not a range, for every model that it prices', () => {
    for (const { estimate } of MODELS.map(listModel)) {
      expect(estimate?.min_usd).toBe(estimate?.max_usd);
    }
  });

  it('survives a model that says nothing', () => {
    expect(listModel(modelWith({}))).toMatchObject({
      modes: ['text'],
      typical: { duration: 5 },
      estimate: null,
    });
  });
});
