import { describe, expect, it } from 'vitest';
import { spellAlike, spellingBy } from '../../src/catalogue/spelling.js';
import type { Model } from '../../src/domain/catalogue.js';
import type { ShotSettings } from '../../src/domain/fields.js';
import type { Take } from '../../src/domain/take.js';
import { decideWith } from '../helpers/decide.js';
import { DELIVERED, makeAttempt, makeTake } from '../helpers/takes.js';

const VEO: Model = {
  id: 'google/veo',
  canonical_slug: 'google/veo-20260320',
  name: 'Veo',
  description: '',
  supported_sizes: ['1280x720', '720x1280', '720x720', '854x480', '752x560'],
};
const spell = spellingBy([VEO]);

const takeOf = (settings: Partial<ShotSettings>, shot = 'sea'): Take => ({
  ...makeTake(shot),
  settings: { model: 'google/veo', prompt: 'waves', ...settings },
});

const HD = { resolution: '720p', aspect_ratio: '16:9' };

describe('two spellings of one picture', () => {
  it.each<[string, Partial<ShotSettings>, Partial<ShotSettings>]>([
    ['a dated slug and its model', { model: 'google/veo-20260320' }, {}],
    ['a size, and its resolution and ratio', { size: '1280x720' }, HD],
    ['an upright size', { size: '720x1280' }, { resolution: '720p', aspect_ratio: '9:16' }],
    ['a size that is rounded', { size: '854x480' }, { resolution: '480p', aspect_ratio: '16:9' }],
    ['both at once', { model: 'google/veo-20260320', size: '1280x720' }, HD],
    ['a prompt that was bought with its line break', { prompt: 'waves\n' }, {}],
  ])('are %s: what one has bought serves the other, also in another shot', (_, one, other) => {
    for (const [bought, wanted] of [
      [one, other],
      [other, one],
    ] as const) {
      for (const shot of ['sea', 'former']) {
        const attempt = makeAttempt(takeOf(bought, shot), ...DELIVERED);
        const take = takeOf(wanted);
        expect(decideWith([take], [attempt], { spell })(take)).toMatchObject({ action: 'reuse', attempt });
      }
    }
  });

  it.each<[string, Partial<ShotSettings>, Partial<ShotSettings>]>([
    ['another model', { model: 'google/veo-20250101' }, {}],
    ['another size', { size: '720x720' }, HD],
    ['a resolution without its ratio', { size: '1280x720' }, { resolution: '720p' }],
    [
      'a size of which the catalogue tells no resolution',
      { size: '752x560' },
      { resolution: '480p', aspect_ratio: '4:3' },
    ],
    ['another prompt', { prompt: 'Waves' }, {}],
  ])('are not %s', (_, one, other) => {
    const take = takeOf(other);
    const attempt = makeAttempt(takeOf(one), ...DELIVERED);
    expect(decideWith([take], [attempt], { spell })(take).action).toBe('rerender');
  });

  it('are not told of as changes, beside what has changed', () => {
    const attempt = makeAttempt(takeOf({ model: 'google/veo-20260320', size: '1280x720' }), ...DELIVERED);
    const reasonsOf = (settings: Partial<ShotSettings>) => {
      const take = takeOf({ ...HD, ...settings });
      return decideWith([take], [attempt], { spell })(take).reasons;
    };
    expect(reasonsOf({ prompt: 'storm' })).toEqual(['prompt changed']);
    expect(reasonsOf({ resolution: '1080p' })).toEqual([
      'resolution changed',
      'aspect_ratio changed',
      'size changed',
    ]);
  });

  it('make no second try of what failed where it is to be left alone', () => {
    const failed = makeAttempt(takeOf({ model: 'google/veo-20260320' }), 'sent', 'accepted', 'failed');
    const take = takeOf({});
    expect(decideWith([take], [failed], { spell, retryFailed: false })(take).action).toBe('held');
  });

  it('are two purchases where two shots have them, each its own', () => {
    const [a, b] = [takeOf({}, 'a'), takeOf({ model: 'google/veo-20260320' }, 'b')];
    const own = makeAttempt(b, ...DELIVERED);
    const decide = decideWith([a, b], [own], { spell });
    expect(decide(a).action).toBe('render');
    expect(decide(b)).toMatchObject({ action: 'reuse', attempt: own });
  });
});

it('knows two catalogues that spell the same from those that do not', () => {
  const moved: Model = { ...VEO, canonical_slug: 'google/veo-20261201' };
  expect(spellAlike(['google/veo'], [[VEO], [{ ...VEO, description: 'new' }]])).toBe(true);
  expect(spellAlike(['google/veo'], [[VEO], [moved]])).toBe(false);
  expect(spellAlike(['google/veo-20260320'], [[VEO], []])).toBe(false);
});

describe('a fingerprint that does not fit its request', () => {
  const sea = makeTake('sea');
  const whole = makeAttempt(sea, ...DELIVERED);

  it.each([
    ['the fingerprint was damaged', { ...whole, fingerprint: 'f'.repeat(64) }],
    ['the request was damaged', { ...whole, request: { ...whole.request, prompt: 'prompt of sex' } }],
  ])('buys nothing where %s', (_, damaged) => {
    expect(decideWith([sea], [damaged])(sea)).toMatchObject({ action: 'reuse', attempt: damaged });
    const elsewhere = { ...damaged, owner: { shot: 'gone', take: 1 } };
    expect(decideWith([sea], [elsewhere])(sea)).toMatchObject({ action: 'reuse', attempt: elsewhere });
  });
});
