import { describe, expect, it } from 'vitest';
import { found, read } from './reading.js';

const DESIGN = `# yaml-language-server: $schema=../schemas/manifest.schema.json
version: 1
project: teaser
gateway: openrouter
output: renders/teaser
concurrency: 4
budget_usd: 20
poll: { interval: 10, timeout: 1800 }
retries: 0
on_uncertain: hold
vars: { hero: a red fox }
defaults: { model: google/veo-3.1-lite, duration: 4, resolution: 720p, aspect_ratio: "16:9", generate_audio: false }
shots:
  - id: greenhouse
    type: text
    prompt: A glass greenhouse at sunrise, {{hero}} asleep on the bench, slow dolly-in
  - id: turn
    type: image-to-video
    prompt: The subject turns toward warm window light
    first_frame: frames/turn.png
    last_frame: https://example.com/end.jpg
  - id: backpack
    type: reference
    model: bytedance/seedance-2.0-fast
    prompt: The same backpack on a wet sidewalk at night
    references: [https://example.com/backpack.jpg, refs/side.jpg]
    takes: 3
    matrix: { model: [bytedance/seedance-2.0-fast, bytedance/seedance-2.0] }
`;

const SHARED = { duration: 4, resolution: '720p', aspect_ratio: '16:9', generate_audio: false };

it('reads the manifest of the design', () => {
  const { manifest, diagnostics, sizes } = read(DESIGN);
  expect(diagnostics).toEqual([]);
  expect(manifest).toMatchObject({
    project: 'teaser',
    gateway: { kind: 'openrouter' },
    output: { dir: 'renders/teaser' },
    concurrency: { jobs: 4, downloads: 4, per_model: {} },
    budget_usd: 20,
    poll: { intervalMs: 10_000, timeoutMs: 1_800_000 },
    retries: 0,
    on_uncertain: 'hold',
    approve: false,
  });
  expect(manifest?.takes.map(({ key, type }) => `${key} ${type}`)).toEqual([
    'greenhouse text',
    'turn image-to-video',
    'backpack.seedance-2.0-fast@1 reference',
    'backpack.seedance-2.0-fast@2 reference',
    'backpack.seedance-2.0-fast@3 reference',
    'backpack.seedance-2.0@1 reference',
    'backpack.seedance-2.0@2 reference',
    'backpack.seedance-2.0@3 reference',
  ]);
  expect(manifest?.takes[0]).toEqual({
    key: 'greenhouse',
    shot: 'greenhouse',
    manifest_id: 'greenhouse',
    take: 1,
    takes: 1,
    shot_index: 0,
    type: 'text',
    tags: [],
    matrix: {},
    settings: {
      model: 'google/veo-3.1-lite',
      prompt: 'A glass greenhouse at sunrise, a red fox asleep on the bench, slow dolly-in',
      ...SHARED,
    },
    frames: [],
    references: [],
  });
  expect(manifest?.takes[1]?.frames).toEqual([
    { frame_type: 'first_frame', source: { kind: 'file', path: 'frames/turn.png' } },
    { frame_type: 'last_frame', source: { kind: 'url', url: 'https://example.com/end.jpg' } },
  ]);
  expect(manifest?.takes[7]).toMatchObject({
    shot: 'backpack.seedance-2.0',
    manifest_id: 'backpack',
    take: 3,
    takes: 3,
    shot_index: 2,
    matrix: { model: 'bytedance/seedance-2.0' },
    settings: { model: 'bytedance/seedance-2.0', ...SHARED },
    references: [
      { media: 'image', source: { kind: 'url', url: 'https://example.com/backpack.jpg' } },
      { media: 'image', source: { kind: 'file', path: 'refs/side.jpg' } },
    ],
  });
  expect(sizes).toEqual([
    { manifest_id: 'greenhouse', expansions: 1, takes: 1 },
    { manifest_id: 'turn', expansions: 1, takes: 1 },
    { manifest_id: 'backpack', expansions: 2, takes: 6 },
  ]);
});

it('needs next to nothing', () => {
  const { manifest, diagnostics } = read('version: 1\nshots: [{ id: a, model: m, prompt: p }]', {
    file: 'films/summer.teaser.yml',
  });
  expect(diagnostics).toEqual([]);
  expect(manifest).toMatchObject({
    project: 'summer.teaser',
    gateway: { kind: 'openrouter' },
    output: {},
    concurrency: { jobs: 4, downloads: 4, per_model: {} },
    poll: { intervalMs: 10_000, timeoutMs: 1_800_000 },
    retries: 0,
    on_uncertain: 'hold',
  });
  expect(manifest).not.toHaveProperty('budget_usd');
});

it('reads every setting of a run', () => {
  const { manifest } = read(`version: 1
gateway: { base_url: "http://127.0.0.1:9000/api/v1/", api_key_env: STUDIO_KEY }
output: { dir: ./out/clips/, name: "{id}-{take}" }
concurrency: { jobs: 8, downloads: 2, per_model: { google/veo-3.1: 2 } }
budget_usd: 0
poll: { interval: 0.25, timeout: 1.5 }
retries: 2
on_uncertain: resubmit
approve: true
shots: [{ id: a, model: m, prompt: p }]`);
  expect(manifest).toMatchObject({
    gateway: { kind: 'custom', base_url: 'http://127.0.0.1:9000/api/v1', api_key_env: 'STUDIO_KEY' },
    output: { dir: 'out/clips', name: '{id}-{take}' },
    concurrency: { jobs: 8, downloads: 2, per_model: { 'google/veo-3.1': 2 } },
    budget_usd: 0,
    poll: { intervalMs: 250, timeoutMs: 1500 },
    retries: 2,
    on_uncertain: 'resubmit',
    approve: true,
  });
});

describe('the shortest interval between two polls', () => {
  const shots = 'shots: [{ id: a, model: m, prompt: p }]\n';
  const polled = (interval: number, gateway: string) =>
    `version: 1\ngateway: ${gateway}\npoll: { interval: ${interval} }\n${shots}`;
  const loopback = '{ base_url: "http://127.0.0.1:9000/api/v1" }';
  const elsewhere = '{ base_url: "https://video.example/api/v1" }';

  it.each([
    ['openrouter', 0.999],
    [elsewhere, 0.02],
    [loopback, 0.0049],
    ['sandbox', 0.001],
  ])('protects the gateway %s from %s s', (gateway, interval) => {
    expect(found(read(polled(interval, gateway)))).toEqual([`invalid-value: ${interval}`]);
  });

  it.each([
    ['openrouter', 1],
    [loopback, 0.005],
    ['sandbox', 0.02],
  ])('lets the gateway %s be asked every %s s', (gateway, interval) => {
    expect(found(read(polled(interval, gateway)))).toEqual([]);
  });

  it('is that of the gateway which an option chooses', () => {
    const options = { gateway: () => ({ kind: 'sandbox' }) as const };
    expect(found(read(polled(0.02, 'openrouter'), options))).toEqual([]);
    const back = { gateway: () => ({ kind: 'openrouter' }) as const };
    expect(found(read(polled(0.02, 'sandbox'), back))).toEqual(['invalid-value: 0.02']);
  });
});

it('sends what the API has under its own names', () => {
  const { manifest } = read(`version: 1
shots:
  - id: a
    model: m
    prompt: p
    size: 1280x720
    seed: 7
    provider: { options: { google-vertex: { negativePrompt: blur, deep: { x: [1] } } } }
    callback_url: https://example.com/hook
    creativity: 1
    upscale_factor: 1.5
    session_id: s
    user: u
    tags: [night, interior]`);
  expect(manifest?.takes[0]?.settings).toEqual({
    model: 'm',
    prompt: 'p',
    size: '1280x720',
    seed: 7,
    provider: { options: { 'google-vertex': { negativePrompt: 'blur', deep: { x: [1] } } } },
    callback_url: 'https://example.com/hook',
    creativity: 1,
    upscale_factor: 1.5,
    session_id: 's',
    user: 'u',
  });
  expect(manifest?.takes[0]?.tags).toEqual(['night', 'interior']);
});

it('takes anchors and merges', () => {
  const { manifest, diagnostics } = read(`version: 1
shots:
  - &base { id: a, model: m, prompt: p, duration: 4, resolution: 720p }
  - { <<: *base, id: b, duration: 8 }
  - id: c
    prompt: late keys still win
    <<: [{ prompt: first source }, *base]
`);
  expect(diagnostics).toEqual([]);
  expect(manifest?.takes.map(({ settings }) => settings)).toEqual([
    { model: 'm', prompt: 'p', duration: 4, resolution: '720p' },
    { model: 'm', prompt: 'p', duration: 8, resolution: '720p' },
    { model: 'm', prompt: 'late keys still win', duration: 4, resolution: '720p' },
  ]);
});

it('takes as many aliases as an honest file has', () => {
  const shots = Array.from({ length: 500 }, (_, index) => `  - { <<: *b, id: s${index}, provider: *p }`).join(
    '\n',
  );
  const parsed = read(`version: 1
shots:
  - &b { id: b, model: m, prompt: p, provider: &p { options: { x: { y: z } } } }
${shots}`);
  expect(found(parsed)).toEqual([]);
  expect(parsed.manifest?.takes).toHaveLength(501);
});

it('reads one shot from every spelling of it', () => {
  const takesOf = (fields: string) => read(`version: 1\nshots:\n  - ${fields}\n`).manifest?.takes;
  const plain = takesOf('{ id: a, model: m, prompt: "caf\u00e9 by the sea", seed: 1, first_frame: a.png }');
  expect(plain).toHaveLength(1);
  for (const fields of [
    '{ seed: 1.0, prompt: "caf\u00e9 by the sea  ", model: m, id: a, first_frame: ./a.png }',
    '{ id: a, model: m, prompt: "cafe\u0301 by the sea\\r\\n", seed: 1e0, first_frame: b/../a.png, provider: {} }',
    '{ id: a, model: m, prompt: "caf\u00e9 by the sea", seed: 0x1, first_frame: a.png, provider: { options: { x: {} } } }',
  ])
    expect(takesOf(fields), fields).toEqual(plain);
});
