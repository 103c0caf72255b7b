import type { Model } from '../domain/catalogue.js';
import { findModel } from './find.js';

/**
 * Says how the gateway's catalogue differs from the snapshot: the price, the limits or the dated slug of
 * a model that is used, one sentence for each field, each with what it was and what it is. A model that the snapshot
 * does not hold cannot have drifted.
 */
export function catalogueDrift(catalogues: {
  readonly snapshot: readonly Model[];
  readonly live: readonly Model[];
  /** Ids or dated slugs. */
  readonly used: Iterable<string>;
}): string[] {
  const then = new Set<Model>();
  for (const name of catalogues.used) {
    const model = findModel(catalogues.snapshot, name);
    if (model) then.add(model);
  }
  return [...then].flatMap((model) => {
    const now = findModel(catalogues.live, model.id);
    return now ? driftOf(model, now) : [`${model.id} is no longer in the catalogue`];
  });
}

function driftOf(then: Model, now: Model): string[] {
  const limits = LIMITS.flatMap(([name, read]) => {
    const was = read(then);
    const is = read(now);
    return was === is ? [] : [`${then.id} ${name}: ${was} → ${is}`];
  });
  return [...limits, ...priceDrift(then, now)];
}

function priceDrift(then: Model, now: Model): string[] {
  const was = new Map(Object.entries(then.pricing_skus ?? {}));
  const is = new Map(Object.entries(now.pricing_skus ?? {}));
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((key) => was.get(key) !== is.get(key) && Number(was.get(key)) !== Number(is.get(key)))
    .map((key) => `${then.id} price ${key}: ${was.get(key) ?? 'none'} → ${is.get(key) ?? 'none'}`);
}

/** What is compared besides the prices. Order within a list means nothing. */
const LIMITS: readonly (readonly [string, (model: Model) => string])[] = [
  ['dated slug', (model) => model.canonical_slug],
  ['durations', (model) => list(model.supported_durations)],
  ['resolutions', (model) => list(model.supported_resolutions)],
  ['aspect ratios', (model) => list(model.supported_aspect_ratios)],
  ['sizes', (model) => list(model.supported_sizes)],
  ['frames', (model) => list(model.supported_frame_images)],
  ['audio', (model) => yesOrNo(model.generate_audio)],
  ['seed', (model) => yesOrNo(model.seed)],
  ['creativity', (model) => (model.creativity === false ? 'no' : list(model.creativity))],
  ['upscale factor', upscaleFactor],
  ['provider options', (model) => list(model.allowed_passthrough_parameters)],
];

function list(values: readonly (string | number)[] | undefined): string {
  if (!values) return UNKNOWN;
  if (values.length === 0) return 'none';
  return [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).join(', ');
}

function yesOrNo(value: boolean | undefined): string {
  if (value === undefined) return UNKNOWN;
  return value ? 'yes' : 'no';
}

function upscaleFactor({ upscale_factor: factor }: Model): string {
  if (!factor) return yesOrNo(factor);
  return `${factor.min ?? 'any'} to ${factor.max ?? 'any'}`;
}

const UNKNOWN = 'not said';
