import type { Model } from '../domain/catalogue.js';
import { defined } from '../domain/defined.js';
import { isRecord } from '../domain/is-record.js';
import { DailiesError } from '../errors.js';
import { decimal } from './decimal.js';
import { latencyOf } from './latency.js';

/**
 * Reads the body of `GET /videos/models`. Entries without an id are left out; whatever else is null, absent
 * or of an odd type is unknown, because a field we cannot read must never stop a shot.
 * Throws `gateway-answer` if the body is no such list at all.
 */
export function parseCatalogue(body: unknown): Model[] {
  const data = isRecord(body) ? body.data : undefined;
  if (!Array.isArray(data)) {
    throw new DailiesError('gateway-answer', 'the gateway did not answer with a list of models', {
      hint: 'check that the base URL is that of an OpenRouter-compatible video API (it usually ends in /api/v1)',
    });
  }
  return data.flatMap((entry: unknown) => parseModel(entry) ?? []);
}

/** Reads one entry, from the gateway or from the lockfile's snapshot; undefined if it has no id. */
export function parseModel(entry: unknown): Model | undefined {
  if (!isRecord(entry) || typeof entry.id !== 'string' || entry.id === '') return undefined;
  const known = {
    supported_durations: listOf(entry.supported_durations, decimal),
    supported_resolutions: listOf(entry.supported_resolutions, asText),
    supported_aspect_ratios: listOf(entry.supported_aspect_ratios, asText),
    supported_sizes: listOf(entry.supported_sizes, asText),
    supported_frame_images: listOf(entry.supported_frame_images, asText),
    generate_audio: asBoolean(entry.generate_audio),
    seed: asBoolean(entry.seed),
    upscale_factor: noOr(entry.upscale_factor, asRange),
    creativity: noOr(entry.creativity, (value) => listOf(value, decimal)),
    allowed_passthrough_parameters: listOf(entry.allowed_passthrough_parameters, asText),
    pricing_skus: asPrices(entry.pricing_skus),
    latency_ms: latencyOf(entry),
  };
  return {
    id: entry.id,
    canonical_slug: asText(entry.canonical_slug) ?? entry.id,
    name: asText(entry.name) ?? entry.id,
    description: asText(entry.description) ?? '',
    ...defined(known),
  };
}

/** An unreadable entry might allow what the rest of its list does not, so the whole list is unknown. */
function listOf<T>(value: unknown, read: (entry: unknown) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const entries = value.map(read);
  return entries.every((entry) => entry !== undefined) ? entries : undefined;
}

/** For the fields whose null means no; `false` is how our snapshot writes it. */
function noOr<T>(value: unknown, read: (value: unknown) => T | undefined): false | T | undefined {
  return value === null || value === false ? false : read(value);
}

function asRange(value: unknown): { readonly min?: number; readonly max?: number } | undefined {
  if (!isRecord(value)) return undefined;
  return defined({ min: decimal(value.min), max: decimal(value.max) });
}

/** Keeps every key: a price that cannot be read is unknown, which is not the same as none (see cost/sku.ts). */
function asPrices(value: unknown): Readonly<Record<string, string>> | undefined {
  if (!isRecord(value)) return undefined;
  const prices = Object.entries(value).map(([key, price]) => [key, priceText(price)] as const);
  return prices.length === 0 ? undefined : Object.fromEntries(prices);
}

function priceText(price: unknown): string {
  return typeof price === 'string' || typeof price === 'number' ? String(price).trim() : 'unreadable';
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function asBoolean(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}
