import { checkCapabilities } from '../catalogue/check.js';
import { findModel } from '../catalogue/find.js';
import { parseCatalogue } from '../catalogue/parse.js';
import { typicalDuration, typicalResolutions } from '../cost/choices.js';
import { frameSize } from '../domain/dimensions.js';
import { estimateTake } from '../cost/estimate.js';
import { madeUpTake } from '../cost/listing.js';
import { defined } from '../domain/defined.js';
import type { Model } from '../domain/catalogue.js';
import type { VideoRequest } from '../domain/request.js';
import type { FrameInput, ReferenceInput, Take } from '../domain/take.js';
import { Refusal } from './answers.js';
import { catalogueBody } from './models.js';

/** What the catalogue makes of a request: its model, what is made where the request leaves it open, and the price. */
export interface Ordered {
  readonly model: Model;
  readonly width: number;
  readonly height: number;
  readonly seconds: number;
  readonly audio: boolean;
  /** US dollars; null if the model has no price that can be told. */
  readonly cost: number | null;
}

/** Holds a request against the catalogue. Throws a Refusal (400) with the first thing the model cannot do. */
export function checkAgainstCatalogue(request: VideoRequest): Ordered {
  models ??= parseCatalogue(JSON.parse(catalogueBody().toString('utf8')));
  const take = takeOf(request);
  const problems = checkCapabilities({ takes: [take], models, locate: () => undefined });
  const problem = problems.find(({ severity }) => severity === 'error');
  if (problem)
    throw new Refusal(400, problem.message + (problem.hint === undefined ? '' : ` (${problem.hint})`));
  const model = findModel(models, request.model);
  if (!model) throw new Refusal(400, `${request.model} is not a valid model ID`);

  const { size, aspect_ratio, resolution = typicalResolutions(model)[0] ?? '720p' } = request;
  const frame = frameSize({ size, resolution, aspect_ratio, sizes: model.supported_sizes });
  const seconds = request.duration ?? typicalDuration(model) ?? 5;
  if (!frame || Math.max(frame.width, frame.height) > MOST_PIXELS_A_SIDE) {
    const most = `${MOST_PIXELS_A_SIDE} pixels a side`;
    throw new Refusal(400, `the sandbox makes clips of at most ${most}, not ${size ?? resolution}`);
  }
  if (seconds > MOST_SECONDS)
    throw new Refusal(400, `the sandbox makes clips of at most ${MOST_SECONDS} s, not ${seconds} s`);
  return {
    model,
    ...frame,
    seconds,
    audio: request.generate_audio ?? model.generate_audio !== false,
    cost: estimateTake({ take, model })?.expected_usd ?? null,
  };
}

/** Beyond the largest of the catalogue (5040 pixels, 30 s) a clip would take longer to make than anybody waits. */
const MOST_PIXELS_A_SIDE = 8192;
const MOST_SECONDS = 120;

let models: readonly Model[] | undefined;

/** The take that a request could have come from, so that checks and prices are those of the program itself. */
function takeOf(request: VideoRequest): Take {
  const { previous_job_id, frame_images = [], input_references = [], ...settings } = request;
  const frames = frame_images.map(({ frame_type, image_url }): FrameInput => ({
    frame_type,
    source: { kind: 'url', url: image_url.url },
  }));
  // Where both are sent, the frames win.
  const references = frames.length > 0 ? [] : input_references.map(referenceOf);
  const type = frames.length > 0 ? 'image-to-video' : references.length > 0 ? 'reference' : 'text';
  return madeUpTake(settings, {
    type,
    frames,
    references,
    ...defined({ previous_shot: previous_job_id }),
  });
}

function referenceOf(reference: NonNullable<VideoRequest['input_references']>[number]): ReferenceInput {
  switch (reference.type) {
    case 'image_url':
      return { media: 'image', source: { kind: 'url', url: reference.image_url.url } };
    case 'video_url':
      return { media: 'video', source: { kind: 'url', url: reference.video_url.url } };
    case 'audio_url':
      return { media: 'audio', source: { kind: 'url', url: reference.audio_url.url } };
  }
}
