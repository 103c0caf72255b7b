import type { Attempt, AttemptState, RecordedRequest } from '../../src/domain/attempt.js';
import type { StateContent } from '../../src/store/shot-state.js';
import { AT, begunLine, HASH, MS, output, purchase } from './fixtures.js';

const job = { id: 'job-1', polling_url: 'https://openrouter.ai/api/v1/videos/job-1' };

const states: readonly AttemptState[] = [
  { kind: 'planned', since: AT },
  { kind: 'submitting', since: AT },
  { kind: 'pending', since: AT, job },
  { kind: 'in_progress', since: AT, job: { id: 'job-2' } },
  { kind: 'completed', since: AT, job, cost_usd: 0.12 },
  { kind: 'downloading', since: AT, job },
  {
    kind: 'delivered',
    since: AT,
    job,
    cost_usd: 0,
    outputs: [output('a'), { ...output('b'), first_sha256: HASH, warnings: ['4 s, not 6 s'] }],
    lost: '404',
    pruned: true,
  },
  { kind: 'failed', since: AT, job, message: 'Content policy violation' },
  { kind: 'cancelled', since: AT, job, message: '' },
  { kind: 'expired', since: AT, job, cost_usd: 1.5, message: 'too late' },
  { kind: 'lost', since: AT, job, message: '404' },
  { kind: 'refused', since: AT, status: 400, message: 'no such size' },
  { kind: 'uncertain', since: AT, message: 'the connection was reset' },
  { kind: 'not_charged', since: AT },
  { kind: 'abandoned', since: AT },
  { kind: 'abandoned', since: AT, job, cost_usd: 0.12 },
];

const requests: readonly RecordedRequest[] = [
  purchase('plain').request,
  {
    model: 'kwaivgi/kling',
    size: '1280x720',
    seed: 7,
    generate_audio: false,
    provider: { options: { kling: { parameters: { cfg: 0.5, list: [1, null] } } } },
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
  {
    model: 'x/upscale',
    creativity: 2,
    upscale_factor: 2,
    previous_job_id: 'job-0',
    resolution: '4k',
    aspect_ratio: '16:9',
  },
];

const catalogue: StateContent['catalogue'] = {
  gateway: 'https://openrouter.ai/api/v1',
  models: [
    { id: 'a/b', canonical_slug: 'a/b-20260101', name: 'B', description: '' },
    {
      id: 'c/d',
      canonical_slug: 'c/d',
      name: 'D',
      description: 'makes clips',
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
    {
      id: 'e/f',
      canonical_slug: 'e/f',
      name: 'F',
      description: '',
      upscale_factor: false,
      creativity: false,
    },
  ],
};

/** A state that has everything in it that one can have. */
export function everyState(): StateContent {
  const attempts = states.map((state, index): Attempt => {
    const owner = { shot: `shot-${index % 5}`, take: (index % 3) + 1 };
    const { type: _, at: __, ...begun } = begunLine(owner.shot, `0k3v${String(index).padStart(2, '0')}`);
    return {
      ...begun,
      owner,
      request: requests[index % requests.length] ?? begun.request,
      estimate: index === 3 ? null : begun.estimate,
      state,
      steps: index,
      ...(state.kind === 'delivered' && { names: ['renders/a.mp4', 'renders/a.2.mp4'], replaces: '0k3v00' }),
      times:
        index === 0
          ? { created: MS }
          : {
              created: MS,
              submitted: MS,
              accepted: MS,
              resumed: MS,
              started: MS,
              completed: MS,
              delivered: MS,
            },
    };
  });
  return {
    attempts,
    picks: { 'shot-0': { take: 2, clip: HASH }, 'shot-1': { take: 1 }, unbought: { take: 1 } },
    catalogue,
  };
}
