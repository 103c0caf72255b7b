import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.js';
import type { VideoRequest } from '../domain/request.js';
import { messageOf } from '../errors.js';
import type { Announcer } from './announce.js';
import type { Assets } from './assets.js';
import { checkAgainstCatalogue, type Ordered } from './catalogue.js';
import type { Darkroom } from './darkroom.js';
import { loadInput } from './inputs.js';
import { endingOf, timingOf, type ClipSettings, type SandboxJob, type StatusOf } from './job.js';
import { newJobId, type JobStore } from './job-store.js';
import { markersIn, type Marker } from './markers.js';
import { Refusal } from './answers.js';
import { checkShape } from './request-schema.js';

/** What a submit is checked with and kept in. */
export interface SubmitDesk {
  readonly store: JobStore;
  readonly darkroom: Darkroom;
  readonly clock: Clock;
  readonly statusOf: StatusOf;
  readonly speed: number;
  readonly assets: Assets;
  readonly announcer: Announcer;
}

/**
 * Accepts a request, as a gateway would: the job is on disk. `isAnswerLost`: the client gets no answer.
 * Throws a Refusal where a gateway would say no.
 */
export async function submit(
  body: unknown,
  desk: SubmitDesk,
): Promise<{ readonly job: SandboxJob; readonly isAnswerLost: boolean }> {
  const request = checkShape(body);
  const hasImages = [request.frame_images, request.input_references].some(
    (images) => images && images.length > 0,
  );
  if ((request.prompt ?? '').trim() === '' && !hasImages)
    throw new Refusal(400, 'Invalid request: prompt is required');
  const ordered = checkAgainstCatalogue(request);
  const markers = markersIn(request.prompt);
  // The address for events has a token that no two submits share.
  const { callback_url: callback, ...wish } = request;
  const isFirst = markers.size > 0 && (await desk.store.isFirst(JSON.stringify(wish)));
  refuseWhereAsked(request, markers, isFirst);
  await checkPreviousJob(request, desk);

  const clip = await settingsOf(request, ordered, desk);
  const job: SandboxJob = {
    version: 1,
    id: newJobId(),
    generation_id: `gen-${randomUUID()}`,
    accepted_at: desk.clock.now(),
    ...timingOf(clip, desk.speed, markers),
    ending: endingOf(markers, isFirst),
    outputs: markers.has('two clips') ? 2 : 1,
    loses_clips: markers.has('lost clip'),
    cost: ordered.cost,
    clip,
  };
  // A client that gets a job id finds the job again, whatever happens to this process.
  await desk.store.save(job);
  // From now on only time changes it.
  desk.statusOf(job);
  if (callback !== undefined) desk.announcer.announce(job, { url: callback, markers });
  return { job, isAnswerLost: markers.has('lost answer') };
}

function refuseWhereAsked(request: VideoRequest, markers: ReadonlySet<Marker>, isFirst: boolean): void {
  if (markers.has('refuse')) {
    throw new Refusal(403, `${request.model} requires moderation. Your input was flagged for "sandbox".`, {
      metadata: {
        reasons: ['sandbox'],
        flagged_input: (request.prompt ?? '').slice(0, 100),
        provider_name: 'sandbox',
        model_slug: request.model,
      },
    });
  }
  if (markers.has('no credits'))
    throw new Refusal(402, 'Insufficient credits. The sandbox says so because the prompt asks for it.');
  if (markers.has('busy') && isFirst) throw new Refusal(429, 'Rate limit exceeded', { retryAfterSeconds: 1 });
}

async function checkPreviousJob(request: VideoRequest, { store, statusOf }: SubmitDesk): Promise<void> {
  if (request.previous_job_id === undefined) return;
  const previous = await store.find(request.previous_job_id);
  if (!previous)
    throw new Refusal(400, `previous_job_id: there is no job ${request.previous_job_id.slice(0, 60)}`);
  const status = statusOf(previous);
  if (status !== 'completed')
    throw new Refusal(400, `previous_job_id: ${previous.id} is ${status}, not completed`);
}

async function settingsOf(request: VideoRequest, ordered: Ordered, desk: SubmitDesk): Promise<ClipSettings> {
  const frames = request.frame_images ?? [];
  const frameOf = async (type: 'first_frame' | 'last_frame'): Promise<string | null> => {
    const frame = frames.find(({ frame_type }) => frame_type === type);
    return frame ? takeIn(frame.image_url.url, type, desk) : null;
  };
  const references: string[] = [];
  if (frames.length === 0) {
    for (const reference of request.input_references ?? []) {
      if (reference.type === 'image_url')
        references.push(await takeIn(reference.image_url.url, 'input_references', desk));
    }
  }
  return {
    model: ordered.model.id,
    prompt: request.prompt ?? '',
    width: ordered.width,
    height: ordered.height,
    seconds: ordered.seconds,
    audio: ordered.audio,
    seed: request.seed ?? null,
    first_frame: await frameOf('first_frame'),
    last_frame: await frameOf('last_frame'),
    references,
  };
}

/** Fetches and checks an image, keeps it, and gives its sha256. */
async function takeIn(url: string, field: string, desk: SubmitDesk): Promise<string> {
  const image = await loadInput(url, desk.assets);
  try {
    await desk.darkroom.run({ kind: 'check', image });
  } catch (error) {
    throw new Refusal(400, `Invalid image in ${field}: ${messageOf(error)}`);
  }
  return desk.store.keepImage(image);
}
