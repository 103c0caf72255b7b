import { roundUsd, type Estimate } from '../domain/money.js';
import type { Model } from '../domain/catalogue.js';
import type { Take } from '../domain/take.js';
import { choicesFor, type Choice, type PriceQuery } from './choices.js';
import { mayHold, priceList, pricesFor, type PriceRequest } from './price-list.js';
import type { Sku } from './sku.js';

/**
 * What a take will cost, in US dollars; null if the model has no price we can read, or one that depends on something unknown
 * (such as the length of a source clip). What the shot leaves open makes a range over all that the model can do. The price of the
 * likeliest choice is expected (see `choicesFor`); if several prices remain for it, the highest.
 */
export function estimateTake(query: PriceQuery): Estimate | null {
  const known = remembered(query.model);
  const key = queryKey(query);
  let estimate = known.get(key);
  if (estimate === undefined) {
    estimate = estimateChoices(query);
    known.set(key, estimate);
  }
  return estimate;
}

function estimateChoices(query: PriceQuery): Estimate | null {
  if (priceList(query.model).base.length === 0) return null;
  const prices: Price[] = [];
  let expected: Price | undefined;
  for (const choice of choicesFor(query)) {
    const ofChoice = pricesOf(choice, query);
    if (!ofChoice) return null;
    expected ??= ofChoice.reduce((a, b) => (b.usd > a.usd ? b : a));
    prices.push(...ofChoice);
  }
  if (!expected) return null;
  return {
    min_usd: prices.reduce((min, { usd }) => Math.min(min, usd), Infinity),
    expected_usd: expected.usd,
    max_usd: prices.reduce((max, { usd }) => Math.max(max, usd), 0),
    sku: expected.sku.key,
    inferred: expected.sku.unit === 'token' || expected.sku.unit === 'megapixel-second',
  };
}

interface Price {
  readonly usd: number;
  readonly sku: Sku;
}

/** The prices that remain for one choice, at least one; undefined if any of them is unknown. */
function pricesOf(choice: Choice, query: PriceQuery): Price[] | undefined {
  const list = priceList(query.model);
  const { request } = choice;
  if (list.unreadable.some((sku) => mayHold(sku, request))) return undefined;
  const images = times(countImages(query.take), list.inputImage, request);
  const references = times(countReferenceImages(query.take), list.referenceImage, request);
  const floor = times(1, list.floor, request);

  const prices: Price[] = [];
  for (const sku of pricesFor(list.base, request)) {
    const units = unitsOf(sku, choice, query);
    if (units === undefined || sku.usd === undefined) return undefined;
    prices.push({ usd: roundUsd(Math.max(floor, units * sku.usd + images + references)), sku });
  }
  return prices.every(({ usd }) => usd <= MOST_USD) ? prices : undefined;
}

/** A higher price for one clip is an error in the catalogue, and too large for exact sums of US dollars. NaN is not below it. */
const MOST_USD = 1e6;

/** The cost of a number of extras: each at the highest price if the qualifiers leave several. NaN if that is unknown. */
function times(count: number, skus: readonly Sku[], request: PriceRequest): number {
  if (count === 0) return 0;
  return count * pricesFor(skus, request).reduce((most, { usd = NaN }) => Math.max(most, usd), 0);
}

function countImages(take: Take): number {
  return take.frames.length + countReferenceImages(take);
}

function countReferenceImages(take: Take): number {
  return take.references.filter((reference) => reference.media === 'image').length;
}

/**
 * How many units of a price the clip takes. The gateway does not publish how it counts tokens: the formula
 * reproduces the published prices per second. Upscaling is counted on the enlarged picture.
 */
function unitsOf(
  sku: Sku,
  { frame, seconds, enlargement }: Choice,
  { source }: PriceQuery,
): number | undefined {
  if (sku.unit === 'generation') return 1;
  if (sku.unit === 'megapixel-second') {
    return source && (source.width * source.height * enlargement ** 2 * source.duration_s) / 1e6;
  }
  if (sku.unit === 'second' || seconds === undefined) return seconds;
  return frame && (frame.width * frame.height * FRAMES_PER_SECOND * seconds) / PIXELS_PER_TOKEN;
}

const FRAMES_PER_SECOND = 24;
const PIXELS_PER_TOKEN = 1024;

/** Thousands of takes need the same estimates of a handful of models. */
const estimates = new WeakMap<Model, Map<string, Estimate | null>>();

function remembered(model: Model): Map<string, Estimate | null> {
  let known = estimates.get(model);
  if (!known) {
    known = new Map();
    estimates.set(model, known);
  }
  return known;
}

/** Everything in a take that its price may depend on. */
function queryKey({ take, source }: PriceQuery): string {
  const { duration, resolution, aspect_ratio, size, generate_audio, creativity, upscale_factor } =
    take.settings;
  return JSON.stringify([
    take.type,
    duration,
    resolution,
    aspect_ratio,
    size,
    generate_audio,
    creativity,
    upscale_factor,
    take.previous_shot !== undefined,
    take.frames.length,
    take.references.map((reference) => reference.media),
    source,
  ]);
}
