import type { Model } from '../domain/catalogue.js';
import { parseSku, type Sku, type SkuQualifiers } from './sku.js';

/** The prices of one model, sorted by what they do in a sum. */
export interface PriceList {
  /** For the clip itself: one of them applies. */
  readonly base: readonly Sku[];
  /** For each image sent, frames and references alike. */
  readonly inputImage: readonly Sku[];
  /** For each reference image. */
  readonly referenceImage: readonly Sku[];
  /** The minimum for a generation. */
  readonly floor: readonly Sku[];
  /** Prices whose keys cannot be read. */
  readonly unreadable: readonly Sku[];
}

/** The request's value for each qualifier of a price; undefined if nothing is known or it does not apply. */
export interface PriceRequest {
  readonly videoInput: NonNullable<SkuQualifiers['videoInput']>;
  readonly audio: boolean;
  readonly mode: NonNullable<SkuQualifiers['mode']>;
  readonly shortSide: number | undefined;
  readonly upscaling: SkuQualifiers['upscaling'];
}

/** The prices of a model, parsed once. */
export function priceList(model: Model): PriceList {
  let list = parsed.get(model);
  if (!list) {
    list = parsePriceList(model);
    parsed.set(model, list);
  }
  return list;
}

/**
 * The prices that apply to a request. For each qualifier: if any price names the request's value, those that do; otherwise
 * those silent on it; if there are none of these either, the qualifier decides nothing, and all remain.
 * If more than one is left, the price is a range.
 */
export function pricesFor(skus: readonly Sku[], request: PriceRequest): readonly Sku[] {
  let left = skus;
  for (const qualifier of IN_ORDER) {
    if (left.length < 2) return left;
    const wanted = request[qualifier];
    const naming = wanted === undefined ? [] : left.filter((sku) => sku[qualifier] === wanted);
    const narrowed = naming.length > 0 ? naming : left.filter((sku) => sku[qualifier] === undefined);
    if (narrowed.length > 0) left = narrowed;
  }
  return left;
}

/** Whether a price that is only partly readable may apply to a request: no readable part of it rules that out. */
export function mayHold(sku: Sku, request: PriceRequest): boolean {
  return IN_ORDER.every((qualifier) => {
    const [named, wanted] = [sku[qualifier], request[qualifier]];
    return named === undefined || wanted === undefined || named === wanted;
  });
}

const IN_ORDER = ['videoInput', 'audio', 'mode', 'shortSide', 'upscaling'] as const;

/** A model is immutable data that lives as long as its catalogue; 100,000 shots share a handful of them. */
const parsed = new WeakMap<Model, PriceList>();

function parsePriceList(model: Model): PriceList {
  const skus = Object.entries(model.pricing_skus ?? {}).map(([key, price]) => parseSku(key, price));
  return {
    base: skus.filter((sku) => !BESIDE_BASE.has(sku.unit)),
    inputImage: skus.filter((sku) => sku.unit === 'input-image'),
    referenceImage: skus.filter((sku) => sku.unit === 'reference-image'),
    floor: skus.filter((sku) => sku.unit === 'floor'),
    unreadable: skus.filter((sku) => sku.unit === 'unknown'),
  };
}

const BESIDE_BASE: ReadonlySet<Sku['unit']> = new Set(['input-image', 'reference-image', 'floor', 'unknown']);
