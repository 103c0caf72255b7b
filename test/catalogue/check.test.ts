import { describe, expect, it } from 'vitest';
import { checkCapabilities } from '../../src/catalogue/check.js';
import type { Model } from '../../src/domain/catalogue.js';
import type { Diagnostic } from '../../src/domain/diagnostic.js';
import type { LocateField } from '../../src/domain/manifest.js';
import type { ShotSettings } from '../../src/domain/fields.js';
import type { Take } from '../../src/domain/take.js';
import { MODELS, modelWith, reference, takeWith } from '../cost/fixtures.js';

/** Every shot has a line of its own, and every field of it the same column. */
const locate: LocateField = (take) => ({ file: 'shots.yaml', line: take.shot_index + 1, column: 5 });

function check(takes: readonly Take[], models: readonly Model[] = MODELS): Diagnostic[] {
  return checkCapabilities({ takes, models, locate });
}

function checkOne(model: string, settings: Partial<ShotSettings>, rest: Partial<Take> = {}): Diagnostic[] {
  return check([takeWith({ model, ...settings }, rest)]);
}

/** Checks against a model that says nothing but what is given. */
function checkAgainst(
  fields: Readonly<Record<string, unknown>>,
  settings: Partial<ShotSettings>,
): Diagnostic[] {
  return check([takeWith({ model: 'test/model', ...settings })], [modelWith(fields)]);
}

function frame(frame_type: 'first_frame' | 'last_frame'): Take['frames'][number] {
  return { frame_type, source: { kind: 'url', url: 'https://example.com/a.png' } };
}

/** What an upscaler works on. */
const CLIP: Partial<Take> = { type: 'reference', references: [reference('video')] };

describe('a shot that its model can make', () => {
  it('is passed without a word', () => {
    const settings = {
      duration: 4,
      resolution: '720p',
      aspect_ratio: '16:9',
      generate_audio: false,
      seed: 7,
      provider: {
        options: { 'google-vertex': { parameters: { negativePrompt: 'blur' }, personGeneration: 'allow' } },
      },
    };
    expect(checkOne('google/veo-3.1-lite', settings)).toEqual([]);
    expect(checkOne('google/veo-3.1-lite-20260331', settings)).toEqual([]);
    expect(checkOne('google/veo-3.1-lite', { size: '1280x720' })).toEqual([]);
    expect(
      checkOne(
        'google/veo-3.1-lite',
        {},
        { type: 'image-to-video', frames: [frame('first_frame'), frame('last_frame')] },
      ),
    ).toEqual([]);
    expect(
      checkOne(
        'bytedance/seedance-2.0-fast',
        {},
        { type: 'reference', references: [reference('image'), reference('video')] },
      ),
    ).toEqual([]);
    expect(checkOne('black-forest-labs/flux-3-video', {}, { previous_shot: 'a' })).toEqual([]);
  });
});

describe('a known no is an error', () => {
  it('says what the model makes, the nearest, and who makes what was asked', () => {
    const takes = [
      takeWith({ model: 'google/veo-3.1-lite', duration: 5 }),
      takeWith({ model: 'bytedance/seedance-2.0-fast', duration: 4 }, { shot: 'other', shot_index: 1 }),
    ];
    expect(check(takes)).toEqual([
      {
        code: 'duration-unsupported',
        severity: 'error',
        message: 'google/veo-3.1-lite makes clips of 4, 6 or 8 s, not of 5',
        hint: 'the nearest is 4 or 6; bytedance/seedance-2.0-fast takes any length from 4 to 15 s',
        at: { file: 'shots.yaml', line: 1, column: 5 },
        shot: 'shot',
      },
    ]);
  });

  it('names another model only where that one refuses nothing else of the shot', () => {
    const [found] = checkOne('google/veo-3.1-lite', {
      duration: 5,
      provider: { options: { google: { conditioningScale: 1 } } },
    });
    expect(found?.hint).toBe('the nearest is 4 or 6');
  });

  it('names no model that wants a clip which the shot does not have, although another shot has it', () => {
    const takes = [
      takeWith({ model: 'google/veo-3.1-lite', aspect_ratio: '1:1' }),
      takeWith({ model: 'runway/aleph-2' }, { ...CLIP, shot: 'other', shot_index: 1 }),
    ];
    const [found] = check(takes);
    expect(found?.hint).toMatch(/; \S+ makes 1:1$/);
    expect(found?.hint).not.toContain('runway/aleph-2');
  });

  it('names for each shot a model that does what else that one asks', () => {
    const [first, second] = check([
      takeWith({ model: 'google/veo-3.1-lite', duration: 5 }),
      takeWith({ model: 'google/veo-3.1-lite', duration: 5, resolution: '4K' }, { shot: 'b', shot_index: 1 }),
    ]);
    const meant = (hint = ''): Model | undefined => MODELS.find(({ id }) => hint.includes(`${id} takes`));
    expect(meant(first?.hint)?.supported_resolutions).not.toContain('4K');
    expect(meant(second?.hint)?.supported_resolutions).toContain('4K');
  });

  it.each([
    ['runway/gen-4.5', { resolution: '4K' }, 'resolution-unsupported', 'the nearest is 720p; '],
    ['google/veo-3.1', { resolution: '4k' }, 'resolution-unsupported', 'the nearest is 4K'],
    ['google/veo-3.1', { aspect_ratio: '21:9' }, 'aspect-ratio-unsupported', 'the nearest is 16:9; '],
    ['google/veo-3.1', { size: '1300x700' }, 'size-unsupported', 'the nearest is 1280x720'],
    ['bytedance/seedance-2.0', { size: '1x1' }, 'size-unsupported', 'the nearest is 480x480'],
    [
      'runway/gen-4.5',
      { generate_audio: true },
      'audio-unsupported',
      'leave it out; `generate_audio: null` unsets a default; ',
    ],
    ['runway/gen-4.5', { generate_audio: false }, 'audio-unsupported', 'leave it out'],
    ['kwaivgi/kling-v3.0-pro', { seed: 0 }, 'seed-unsupported', 'leave it out'],
    ['google/veo-3.1', { upscale_factor: 2 }, 'upscale-unsupported', 'leave it out'],
    ['google/veo-3.1', { creativity: 0 }, 'creativity-unsupported', 'leave it out'],
  ] as const)('%s with %j', (model, settings, code, hint) => {
    const found = checkOne(model, settings);
    expect(found).toMatchObject([{ code, severity: 'error' }]);
    expect(found[0]?.hint?.startsWith(hint)).toBe(true);
  });

  it.each([1.4, 3.1])('an upscale factor out of range: %d', (upscale_factor) => {
    const found = checkOne('black-forest-labs/flux-video-upscale', { upscale_factor, creativity: 1 }, CLIP);
    expect(found).toMatchObject([{ code: 'upscale-unsupported' }]);
    expect(found[0]?.message).toContain('1.5 to 3 times');
  });

  it('a value whose ends do not show is quoted', () => {
    const [found] = checkOne('runway/gen-4.5', { resolution: ' 720p ' });
    expect(found?.message).toBe('runway/gen-4.5 makes clips in 720p, not in " 720p "');
  });

  it('a creativity that is not on the list', () => {
    const found = checkOne(
      'black-forest-labs/flux-video-upscale',
      { upscale_factor: 2, creativity: 5 },
      CLIP,
    );
    expect(found).toMatchObject([{ code: 'creativity-unsupported' }]);
  });

  it('a frame that the model does not take', () => {
    const found = checkOne('runway/gen-4.5', {}, { type: 'image-to-video', frames: [frame('last_frame')] });
    expect(found).toMatchObject([
      { code: 'frame-unsupported', message: 'runway/gen-4.5 takes only first_frame, not last_frame' },
    ]);
  });

  it.each([
    [{ negativePromt: 'blur' }, 'did you mean negativePrompt?'],
    [{ parameters: { negativePromt: 'blur' } }, 'did you mean negativePrompt?'],
    [
      { parameters: 5 },
      'it takes personGeneration, aspectRatio, negativePrompt, conditioningScale and enhancePrompt',
    ],
  ])('a provider option that would be dropped in silence: %j', (options, hint) => {
    const found = checkOne('google/veo-3.1', { provider: { options: { 'google-vertex': options } } });
    expect(found).toMatchObject([{ code: 'passthrough-unsupported', severity: 'error', hint }]);
  });

  it('an empty list is a rule too', () => {
    expect(checkAgainst({ supported_durations: [] }, { duration: 5 })).toMatchObject([
      { code: 'duration-unsupported', message: 'test/model takes no duration' },
    ]);
    expect(
      checkAgainst({ allowed_passthrough_parameters: [] }, { provider: { options: { x: { y: 1 } } } }),
    ).toMatchObject([{ code: 'passthrough-unsupported', hint: 'it takes no provider options' }]);
  });
});

describe('a prompt', () => {
  it.each([{}, { prompt: '' }, { prompt: '  ' }])(
    'is needed by a text shot, even on an upscaler: %j',
    (given) => {
      const { prompt: _, ...settings } = takeWith({ model: 'black-forest-labs/flux-video-upscale' }).settings;
      const take = { ...takeWith({ model: '' }), settings: { ...settings, ...given } };
      expect(check([take])).toMatchObject([{ code: 'prompt-required', severity: 'error' }]);
    },
  );

  it.each([
    ['black-forest-labs/flux-video-upscale', 0],
    ['heygen/avatar-iv', 0],
    ['black-forest-labs/flux-video-edit', 1],
    ['bytedance/seedance-2.0', 1],
  ])('is not needed where the model is known to do without: %s', (model, count) => {
    const take = {
      ...takeWith({ model }, { type: 'reference', references: [reference('video')] }),
      settings: { model },
    };
    expect(check([take]).filter(({ code }) => code === 'prompt-required')).toHaveLength(count);
  });
});

describe('what the gateway does not say is a warning', () => {
  const ALL_ASKED: Partial<ShotSettings> = {
    duration: 5,
    resolution: '720p',
    aspect_ratio: '16:9',
    generate_audio: false,
    seed: 1,
    upscale_factor: 2,
    creativity: 1,
    provider: { options: { x: { y: 1, z: 2 } } },
  };

  it('one for each question about a model, however many shots ask it', () => {
    const takes = Array.from({ length: 50 }, (_, index) =>
      takeWith(
        { model: 'test/model', ...ALL_ASKED, duration: index + 1 },
        { shot: `s${index}`, shot_index: index, frames: [frame('first_frame')], previous_shot: 'a' },
      ),
    );
    const found = check(takes, [modelWith({})]);
    expect(found.map(({ severity }) => severity)).toEqual(Array.from({ length: 10 }, () => 'warning'));
    expect(new Set(found.map(({ code }) => code))).toEqual(new Set(['capability-unknown']));
    expect(new Set(found.map(({ message }) => message)).size).toBe(10);
  });

  it('never an error for a null of the real catalogue', () => {
    const found = checkOne('x-ai/grok-imagine-video', {
      duration: 5,
      generate_audio: true,
      seed: 1,
      size: '854x480',
    });
    expect(found.map(({ code, severity }) => [code, severity])).toEqual([
      ['capability-unknown', 'warning'],
      ['capability-unknown', 'warning'],
    ]);
  });

  it.each([
    ['runway/gen-4.5', 'image', 1],
    ['heygen/heygen-video-1', 'image', 0],
    ['minimax/hailuo-3', 'image', 0],
    ['black-forest-labs/flux-video-edit', 'video', 0],
    ['black-forest-labs/flux-video-edit', 'image', 1],
    // What is said of images says nothing of clips and sounds.
    ['minimax/hailuo-3', 'video', 1],
    ['minimax/hailuo-3', 'audio', 1],
    ['bytedance/seedance-2.0', 'video', 0],
    ['bytedance/seedance-2.0', 'audio', 1],
    ['bytedance/seedance-2.5', 'audio', 0],
    ['heygen/heygen-video-1', 'audio', 0],
  ] as const)('references stand in no field: %s, %s', (model, media, count) => {
    const found = checkOne(
      model,
      {},
      { type: 'reference', references: [reference(media), reference(media)] },
    );
    expect(found.map(({ code }) => code)).toEqual(
      Array.from({ length: count }, () => 'references-unconfirmed'),
    );
  });

  it('each kind of reference by itself', () => {
    const references = [reference('image'), reference('audio'), reference('video'), reference('audio')];
    const found = checkOne('minimax/hailuo-3', {}, { type: 'reference', references });
    expect(found.map(({ message }) => message)).toEqual([
      'the gateway does not say whether minimax/hailuo-3 takes video references; references is sent as it stands',
      'the gateway does not say whether minimax/hailuo-3 takes audio references; references is sent as it stands',
    ]);
  });

  it.each([
    'runway/aleph-2',
    'black-forest-labs/flux-video-edit',
    'black-forest-labs/flux-video-upscale',
    'heygen/avatar-iv',
  ])('a shot from words alone, on a model that is said to change a source: %s', (model) => {
    const [found, ...others] = checkOne(model, {});
    expect(others).toEqual([]);
    expect(found).toMatchObject({ code: 'capability-unknown', severity: 'warning' });
    expect(found?.message).toContain('from a prompt alone');
  });

  it('not of a shot from words alone on any other', () => {
    const silent = MODELS.filter(({ id }) => checkOne(id, {}).length === 0);
    expect(silent).toHaveLength(MODELS.length - 4);
  });

  it('a description that denies references does not confirm them', () => {
    const model = modelWith({ description: 'Text-to-video. Does not take reference images.' });
    const take = takeWith({ model: model.id }, { type: 'reference', references: [reference('image')] });
    expect(check([take], [model])).toMatchObject([{ code: 'references-unconfirmed', severity: 'warning' }]);
  });

  it('a continuation too', () => {
    const found = checkOne('runway/gen-4.5', {}, { previous_shot: 'a' });
    expect(found).toMatchObject([{ code: 'capability-unknown', severity: 'warning' }]);
  });

  it('one in all where the gateway lists no models', () => {
    const takes = [takeWith({ model: 'a/b' }), takeWith({ model: 'c/d' })];
    expect(check(takes, [])).toMatchObject([{ code: 'capability-unknown', severity: 'warning' }]);
  });
});

describe('a model that the gateway does not have', () => {
  it.each([
    ['google/veo-3.1-lit', 'google/veo-3.1-lite'],
    ['veo-3.1-lite', 'google/veo-3.1-lite'],
    ['openai/kling-v3.0-pro', 'kwaivgi/kling-v3.0-pro'],
    ['Bytedance/Seedance-2.0-Fast', 'bytedance/seedance-2.0-fast'],
  ])('is likely a slip: %s', (model, meant) => {
    const found = checkOne(model, { duration: 999 });
    expect(found).toMatchObject([{ code: 'model-unknown', severity: 'error' }]);
    expect(found[0]?.hint).toContain(`did you mean ${meant}?`);
  });

  it('is answered with some that there are, the vendor’s own first', () => {
    const [found] = checkOne('minimax/something-else', {});
    expect(found?.hint).toMatch(
      /^the gateway has minimax\/hailuo-3-max, minimax\/hailuo-3, minimax\/hailuo-2\.3, .* and \d+ more/,
    );
  });
});

describe('many takes', () => {
  it('tell one mistake at one place once, and name the shot where it is one', () => {
    const expansions = Array.from({ length: 1000 }, (_, index) =>
      takeWith({ model: 'google/veo-3.1-lite', duration: 5 }, { shot: `s-${index}`, manifest_id: 's' }),
    );
    const found = check(expansions);
    expect(found).toHaveLength(1);
    expect(found[0]).not.toHaveProperty('shot');
    expect(check(expansions.slice(0, 1))[0]?.shot).toBe('s-0');
  });

  it('tell different values, models and places apart', () => {
    const found = check([
      takeWith({ model: 'google/veo-3.1-lite', duration: 5 }),
      takeWith({ model: 'google/veo-3.1-lite', duration: 7 }),
      takeWith({ model: 'google/veo-3.1', duration: 5 }),
      takeWith({ model: 'google/veo-3.1', duration: 5 }, { shot: 'b', shot_index: 1 }),
    ]);
    expect(found).toHaveLength(4);
  });

  it('are told apart by shot where no place is known', () => {
    const takes = ['a', 'b'].map((id) =>
      takeWith({ model: 'google/veo-3.1-lite', duration: 5 }, { shot: id, manifest_id: id }),
    );
    const found = checkCapabilities({ takes, models: MODELS, locate: () => undefined });
    expect(found.map(({ shot }) => shot)).toEqual(['a', 'b']);
  });
});
