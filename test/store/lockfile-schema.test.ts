import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { API_FIELD_NAMES, API_FIELDS } from '../../src/domain/fields.js';
import { attemptProblem, lockfileProblem } from '../../src/store/lockfile-problem.js';
import { lockfileSchema } from '../../src/store/lockfile-schema.js';

const AT = '2026-10-10T09:00:00.000Z';
const MS = Date.parse(AT);
const HASH = '0123456789abcdef'.repeat(4);

const since = AT;
const job = { id: 'job-1', polling_url: 'https://openrouter.ai/api/v1/videos/job-1' };
const media = { container: 'mp4', duration_s: 4, width: 1280, height: 720, video_codec: 'h264' };
const output = { sha256: HASH, bytes: 12, media, warnings: [] };

const STATES = [
  { kind: 'planned', since },
  { kind: 'submitting', since },
  { kind: 'pending', since, job },
  { kind: 'in_progress', since, job: { id: 'job-2' } },
  { kind: 'completed', since, job, cost_usd: 0.12 },
  { kind: 'downloading', since, job },
  { kind: 'delivered', since, job, cost_usd: 0, outputs: [output] },
  {
    kind: 'delivered',
    since,
    job,
    outputs: [
      output,
      {
        ...output,
        first_sha256: HASH,
        media: { ...media, fps: 24, audio_codec: 'aac' },
        warnings: ['short'],
      },
    ],
    lost: '404',
  },
  { kind: 'failed', since, job, message: 'Content policy violation' },
  { kind: 'cancelled', since, job, message: '' },
  { kind: 'expired', since, job, cost_usd: 1.5, message: 'too late' },
  { kind: 'lost', since, job, message: '404' },
  { kind: 'refused', since, status: 400, message: 'no such size' },
  { kind: 'uncertain', since, message: 'the connection was reset' },
  { kind: 'not_charged', since },
  { kind: 'abandoned', since },
  { kind: 'abandoned', since, job, cost_usd: 0.12 },
];

const REQUESTS = [
  { model: 'google/veo-3.1-lite', prompt: 'waves', duration: 4 },
  {
    model: 'kwaivgi/kling',
    provider: { options: { kling: { parameters: { cfg: 0.5, list: [1, null] } } } },
    previous_job_id: 'job-0',
    frame_images: [
      { frame_type: 'first_frame', input: { path: 'frames/turn.png', sha256: HASH } },
      { frame_type: 'last_frame', input: { from: 'greenhouse', take: 2, at: 1.5, clip_sha256: HASH } },
    ],
    input_references: [
      { media: 'image', input: { url: 'https://example.com/a.jpg' } },
      {
        media: 'video',
        input: { from: 'sea', take: 1, at: 'last', clip_sha256: HASH, path: 'x.png', sha256: HASH },
      },
    ],
  },
];

const estimate = {
  min_usd: 0.12,
  expected_usd: 0.12,
  max_usd: 0.12,
  sku: 'duration_seconds',
  inferred: false,
};
const times = { created: MS };
const attempt = {
  id: '0k3v9x2a',
  check: '89abcdef',
  fingerprint: HASH,
  request: REQUESTS[0],
  gateway: 'https://openrouter.ai/api/v1',
  estimate,
  steps: 0,
  state: STATES[0],
  times,
};
const full = {
  ...attempt,
  estimate: null,
  steps: 7,
  replaces: '0k3v9x29',
  rerender: { set: '0123456789abcdef', since: '0k3v9x29', takes: ['sea@1'], done: true },
  names: ['renders/sea/sea.mp4'],
  times: {
    ...times,
    submitted: MS,
    accepted: MS,
    resumed: MS,
    started: MS,
    completed: MS,
    delivered: MS,
  },
};

const bareModel = { id: 'a/b', canonical_slug: 'a/b-20260101', name: 'B', description: '' };
const catalogue = {
  gateway: 'https://openrouter.ai/api/v1',
  models: [
    bareModel,
    {
      ...bareModel,
      supported_durations: [4, 6, 8],
      supported_resolutions: ['720p'],
      supported_aspect_ratios: ['16:9'],
      supported_sizes: ['1280x720'],
      supported_frame_images: ['first_frame'],
      generate_audio: true,
      seed: false,
      upscale_factor: { min: 1, max: 4 },
      creativity: [1, 2],
      allowed_passthrough_parameters: ['cfg'],
      pricing_skus: { duration_seconds: '0.03' },
    },
    { ...bareModel, upscale_factor: false, creativity: false },
  ],
};

/** A lockfile of one shot, with these fields in the place of its own. */
const lockfile = (fields: object = {}) => ({
  version: 1,
  project: 'teaser',
  project_id: '0123456789abcdef',
  manifest: 'teaser.yaml',
  sandbox: false,
  shots: {},
  ...fields,
});
const withAttempts = (...attempts: readonly unknown[]) =>
  lockfile({ shots: { sea: { takes: { 1: { attempts } } } } });
const withState = (state: unknown) => withAttempts({ ...attempt, state });
const withRequest = (request: unknown) => withAttempts({ ...attempt, request });

describe('a lockfile', () => {
  it('holds an attempt in every state, with any request', () => {
    for (const state of STATES)
      for (const request of REQUESTS)
        for (const one of [attempt, full])
          expect(lockfileProblem(withAttempts({ ...one, state, request }))).toBeUndefined();
  });

  it('may have picks, a catalogue, and fields of a later version', () => {
    const shots = {
      'sea.dusk': { pick: { take: 2, clip: HASH }, takes: { 2: { attempts: [attempt] } }, later: 1 },
      hill: { takes: {} },
    };
    expect(lockfileProblem(lockfile({ shots, catalogue, later: true }))).toBeUndefined();
    expect(lockfileProblem(withAttempts({ ...attempt, later: {} }))).toBeUndefined();
  });

  it.each([
    [[], 'it should be a dailies lockfile, version 1'],
    [lockfile({ version: 2 }), 'version should be 1'],
    [lockfile({ project: 7 }), 'project should be a string'],
    [lockfile({ sandbox: undefined }), 'sandbox is missing'],
    [lockfile({ project_id: 'x' }), 'project_id should be an id of 16 digits, hex'],
    [
      lockfile({ shots: { sea: { takes: {}, pick: { take: 0 } } } }),
      'shots.sea.pick.take should be a whole number from 1',
    ],
    [
      lockfile({ shots: { sea: { takes: { '01': {} } } } }),
      'shots.sea.takes.01 should be a whole number from 1',
    ],
    [lockfile({ shots: { 'a.b~/c': { takes: { 1: {} } } } }), 'shots.a.b~/c.takes.1.attempts is missing'],
    [withAttempts(attempt, null), 'shots.sea.takes.1.attempts[1] should be an object'],
    [
      withAttempts({ ...attempt, id: '7' }),
      'shots.sea.takes.1.attempts[0].id should be an id (4 to 40 digits and small letters)',
    ],
    [
      withAttempts({ ...attempt, steps: 1.5 }),
      'shots.sea.takes.1.attempts[0].steps should be a whole number from 0',
    ],
    [
      withAttempts({ ...attempt, estimate: 3 }),
      'shots.sea.takes.1.attempts[0].estimate should be an object or null',
    ],
    [withAttempts({ ...attempt, times: {} }), 'shots.sea.takes.1.attempts[0].times.created is missing'],
    [withState({ kind: 'planned' }), 'shots.sea.takes.1.attempts[0].state.since is missing'],
    [withState({ since }), 'shots.sea.takes.1.attempts[0].state.kind is missing'],
    [
      withState({ kind: 'planned', since: 'today' }),
      'shots.sea.takes.1.attempts[0].state.since should be a time (ISO 8601, UTC)',
    ],
    [withState({ kind: 'pending', since }), 'shots.sea.takes.1.attempts[0].state.job is missing'],
    [
      withState({ kind: 'delivered', since, job, outputs: [{ ...output, bytes: -1 }] }),
      'shots.sea.takes.1.attempts[0].state.outputs[0].bytes should be a whole number from 0',
    ],
    [withRequest({ model: 1 }), 'shots.sea.takes.1.attempts[0].request.model should be a string'],
    [
      withRequest({ model: 'a', frame_images: [{ frame_type: 'last_frame', input: { url: 3 } }] }),
      'shots.sea.takes.1.attempts[0].request.frame_images[0].input.url should be a string',
    ],
    [
      withRequest({ model: 'a', frame_images: [{ frame_type: 'last_frame', input: { path: 'a.png' } }] }),
      'shots.sea.takes.1.attempts[0].request.frame_images[0].input.sha256 is missing',
    ],
    [
      lockfile({ catalogue: { gateway: 'x', models: [{ ...bareModel, creativity: true }] } }),
      'catalogue.models[0].creativity should be false',
    ],
  ])('is told where it is none, and why: %#', (value, problem) => {
    expect(lockfileProblem(value)).toBe(problem);
  });

  it('names the states there are where one is unknown', () => {
    expect(lockfileProblem(withState({ kind: 'molten', since }))).toMatch(
      /^shots\.sea\.takes\.1\.attempts\[0\]\.state\.kind should be one of planned, submitting, /,
    );
  });

  it.each(API_FIELD_NAMES.filter((name) => API_FIELDS[name].shapes))('checks %s of a request', (name) => {
    expect(lockfileProblem(withRequest({ model: 'a/b', [name]: null }))).toMatch(
      new RegExp(`attempts\\[0\\]\\.request\\.${name} should be `),
    );
  });
});

describe('an attempt in a document of its own', () => {
  const { check: _, ...rest } = attempt;
  const document = { ...rest, owner: { shot: 'sea', take: 1 } };

  it('says whose it is, and needs no check', () => {
    expect(attemptProblem(document)).toBeUndefined();
    expect(attemptProblem(rest)).toBe('owner is missing');
    expect(attemptProblem({ ...document, owner: { shot: 'sea', take: 0 } })).toBe(
      'owner.take should be a whole number from 1',
    );
  });

  it('is held to the rest as in the lockfile', () => {
    expect(attemptProblem({ ...document, fingerprint: 'x' })).toBe(
      'fingerprint should be a sha256 (64 digits, lower-case hex)',
    );
  });
});

it('is described by a sound schema', () => {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false, strictTypes: false });
  expect(ajv.validateSchema(lockfileSchema)).toBe(true);
  expect(() => ajv.compile(lockfileSchema)).not.toThrow();
});
