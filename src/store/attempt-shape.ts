import type {
  Attempt,
  AttemptState,
  AttemptStateKind,
  JobRef,
  MediaFacts,
  Output,
  RecordedInput,
  RecordedRequest,
  StateOf,
} from '../domain/attempt.js';
import type { Estimate } from '../domain/money.js';
import type { TakeRef } from '../domain/take.js';
import * as is from './shape.js';

const job = is.objectOf<JobRef>({ required: { id: is.text }, optional: { polling_url: is.text } });

const media = is.objectOf<MediaFacts>({
  required: {
    container: is.oneOf('mp4', 'webm'),
    duration_s: is.finite,
    width: is.finite,
    height: is.finite,
    video_codec: is.text,
  },
  optional: { fps: is.finite, audio_codec: is.text },
});

const output = is.objectOf<Output>({
  required: {
    path: is.text,
    bytes: is.count,
    sha256: is.text,
    mtime_ms: is.finite,
    media,
    warnings: is.arrayOf(is.text),
  },
  optional: { first_sha256: is.text },
});

type Rest<K extends AttemptStateKind> = Omit<StateOf<K>, 'kind'>;

const since = { since: is.instant };
const ofJob = { ...since, job };
const cost = { cost_usd: is.finite };

const entered = is.objectOf<Rest<'planned'>>({ required: since, optional: {} });
const running = is.objectOf<Rest<'pending'>>({ required: ofJob, optional: {} });
const done = is.objectOf<Rest<'completed'>>({ required: ofJob, optional: cost });
const ended = is.objectOf<Rest<'failed'>>({ required: { ...ofJob, message: is.text }, optional: cost });

const state = is.taggedBy<'kind', AttemptState>('kind', {
  planned: entered,
  submitting: entered,
  pending: running,
  in_progress: running,
  completed: done,
  downloading: done,
  delivered: is.objectOf<Rest<'delivered'>>({
    required: { ...ofJob, outputs: is.arrayOf(output) },
    optional: cost,
  }),
  failed: ended,
  cancelled: ended,
  expired: ended,
  lost: ended,
  refused: is.objectOf<Rest<'refused'>>({
    required: { ...since, status: is.finite, message: is.text },
    optional: {},
  }),
  uncertain: is.objectOf<Rest<'uncertain'>>({ required: { ...since, message: is.text }, optional: {} }),
  not_charged: entered,
  abandoned: is.objectOf<Rest<'abandoned'>>({ required: since, optional: { job, ...cost } }),
});

const input: is.Shape<RecordedInput> = is.eitherOf<RecordedInput>(
  is.objectOf<Extract<RecordedInput, { readonly url: string }>>({ required: { url: is.text }, optional: {} }),
  is.objectOf<Extract<RecordedInput, { readonly from: string }>>({
    required: {
      from: is.text,
      take: is.count,
      at: is.eitherOf<'first' | 'last' | number>(is.oneOf('first', 'last'), is.finite),
      clip_sha256: is.text,
    },
    optional: { path: is.text, sha256: is.text },
  }),
  is.objectOf<{ readonly path: string; readonly sha256: string }>({
    required: { path: is.text, sha256: is.text },
    optional: {},
  }),
);

type Frames = NonNullable<RecordedRequest['frame_images']>;
type References = NonNullable<RecordedRequest['input_references']>;

const request = is.objectOf<RecordedRequest>({
  required: { model: is.text },
  optional: {
    prompt: is.text,
    duration: is.finite,
    resolution: is.text,
    aspect_ratio: is.text,
    size: is.text,
    seed: is.finite,
    generate_audio: is.bool,
    provider: is.objectOf<NonNullable<RecordedRequest['provider']>>({
      required: {},
      optional: { options: is.recordOf(is.recordOf(is.anything)) },
    }),
    creativity: is.finite,
    upscale_factor: is.finite,
    previous_job_id: is.text,
    frame_images: is.arrayOf(
      is.objectOf<Frames[number]>({
        required: { frame_type: is.oneOf('first_frame', 'last_frame'), input },
        optional: {},
      }),
    ),
    input_references: is.arrayOf(
      is.objectOf<References[number]>({
        required: { media: is.oneOf('image', 'video', 'audio'), input },
        optional: {},
      }),
    ),
  },
});

const estimate = is.nullable(
  is.objectOf<Estimate>({
    required: {
      min_usd: is.finite,
      expected_usd: is.finite,
      max_usd: is.finite,
      sku: is.nullable(is.text),
      inferred: is.bool,
    },
    optional: {},
  }),
);

const times = is.objectOf<Attempt['times']>({
  required: { created: is.finite },
  optional: {
    submitted: is.finite,
    accepted: is.finite,
    resumed: is.finite,
    started: is.finite,
    completed: is.finite,
    delivered: is.finite,
  },
});

const owner = is.objectOf<TakeRef>({ required: { shot: is.text, take: is.count }, optional: {} });

/** What an attempt consists of, whoever keeps it. */
export const attemptFields = {
  id: is.ordinal,
  owner,
  fingerprint: is.text,
  request,
  gateway: is.text,
  estimate,
  state,
  times,
} as const;

/** What an attempt may have besides. */
export const optionalAttemptFields = { gone_clips: is.arrayOf(output) } as const;

/** The picked take of each shot. */
export const picksShape: is.Shape<Readonly<Record<string, number>>> = is.recordOf(is.count);
