import { describe, expect, it } from 'vitest';
import { catalogueDrift } from '../../src/catalogue/drift.js';
import { MODELS, modelNamed, modelWith } from '../cost/fixtures.js';

const VEO = modelNamed('google/veo-3.1-lite');

function messages(live: Partial<typeof VEO>, used: readonly string[] = [VEO.id]): string[] {
  return catalogueDrift({ snapshot: [VEO], live: [{ ...VEO, ...live }], used });
}

describe('drift of the catalogue', () => {
  it('is none where nothing has changed', () => {
    expect(catalogueDrift({ snapshot: MODELS, live: MODELS, used: MODELS.map(({ id }) => id) })).toEqual([]);
  });

  it('says which price went from what to what', () => {
    const pricing_skus = {
      ...VEO.pricing_skus,
      duration_seconds_with_audio: '0.10',
      generate: '1',
      constructor: '2',
    };
    expect(messages({ pricing_skus })).toEqual([
      'google/veo-3.1-lite price duration_seconds_with_audio: 0.08 → 0.10',
      'google/veo-3.1-lite price generate: none → 1',
      'google/veo-3.1-lite price constructor: none → 2',
    ]);
  });

  it('says which limit went from what to what', () => {
    expect(
      messages({ supported_durations: [4, 6], generate_audio: false, upscale_factor: { min: 1, max: 2 } }),
    ).toEqual([
      'google/veo-3.1-lite durations: 4, 6, 8 → 4, 6',
      'google/veo-3.1-lite audio: yes → no',
      'google/veo-3.1-lite upscale factor: no → 1 to 2',
    ]);
  });

  it('says when the dated slug has moved', () => {
    expect(messages({ canonical_slug: 'google/veo-3.1-lite-20270101' })).toEqual([
      'google/veo-3.1-lite dated slug: google/veo-3.1-lite-20260331 → google/veo-3.1-lite-20270101',
    ]);
  });

  it('tells a limit that is no longer said from one that is no longer there', () => {
    const { supported_durations: _, ...silent } = VEO;
    const live = [silent];
    expect(catalogueDrift({ snapshot: [VEO], live, used: [VEO.id] })).toEqual([
      'google/veo-3.1-lite durations: 4, 6, 8 → not said',
    ]);
  });

  it('says when the model is gone', () => {
    expect(catalogueDrift({ snapshot: [VEO], live: [], used: [VEO.canonical_slug] })).toEqual([
      'google/veo-3.1-lite is no longer in the catalogue',
    ]);
  });

  it('does not mind order, spelling of a price, prose, or models nobody uses', () => {
    expect(messages({ supported_durations: [4, 6, 8], name: 'Veo', description: 'New!' })).toEqual([]);
    const priced = (price: string) => modelWith({ pricing_skus: { generate: price } });
    expect(
      catalogueDrift({ snapshot: [priced('0.1')], live: [priced('0.10')], used: ['test/model'] }),
    ).toEqual([]);
    expect(messages({ supported_durations: [1] }, ['other/model'])).toEqual([]);
  });

  it('does not mind a price that cannot be read and is still the same', () => {
    const priced = (price: string) => [modelWith({ pricing_skus: { generate: price } })];
    const used = ['test/model'];
    expect(catalogueDrift({ snapshot: priced('on demand'), live: priced('on demand'), used })).toEqual([]);
    expect(catalogueDrift({ snapshot: priced('-1'), live: priced('on demand'), used })).toEqual([
      'test/model price generate: -1 → on demand',
    ]);
  });

  it('tells each model once, by whichever name it is used', () => {
    expect(messages({ seed: false }, [VEO.id, VEO.canonical_slug])).toHaveLength(1);
  });
});
