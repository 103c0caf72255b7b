import { shortSide } from '../domain/dimensions.js';

/** What a price is multiplied by. */
export type SkuUnit =
  | 'second'
  | 'token'
  | 'generation'
  | 'megapixel-second'
  /** Added to the price of the clip: for each image sent, and for each reference image. */
  | 'input-image'
  | 'reference-image'
  /** What a generation costs at least. */
  | 'floor';

/** On what a price holds. A qualifier that is absent leaves the price silent on it. */
export interface SkuQualifiers {
  readonly videoInput?: 'none' | 'with_video_input' | 'video_continuation';
  readonly audio?: boolean;
  readonly mode?: 'text' | 'image-to-video' | 'reference';
  /** The short side of the resolution named, in pixels. */
  readonly shortSide?: number;
  readonly upscaling?: 'precise' | 'creative';
}

/** One readable entry of `pricing_skus`. */
export interface Sku extends SkuQualifiers {
  readonly key: string;
  readonly unit: SkuUnit;
  /** US dollars for one unit. */
  readonly usd: number;
}

/**
 * Reads one entry of `pricing_skus`: a unit with qualifiers before or after it, joined by underscores or
 * hyphens. The gateway publishes no grammar; this is that of its catalogue of October 2026. Undefined where any part of the key is a word we do not
 * know, because a guessed price is worse than none.
 */
export function parseSku(key: string, price: string): Sku | undefined {
  const amount = Number(price);
  if (price.trim() === '' || !Number.isFinite(amount) || amount < 0) return undefined;

  let rest = key.toLowerCase().replaceAll('-', '_');
  let unit: Unit | undefined;
  let qualifiers: SkuQualifiers = {};
  while (rest !== '') {
    const word = nextWord(rest);
    if (!word) return undefined;
    if (word.unit) {
      if (unit) return undefined;
      unit = word.unit;
    } else {
      if (Object.keys(word.qualifier).some((name) => name in qualifiers)) return undefined;
      qualifiers = { ...qualifiers, ...word.qualifier };
    }
    rest = rest.slice(word.length).replace(/^_/, '');
  }
  return unit && { key, unit: unit.unit, usd: unit.inCents ? amount / 100 : amount, ...qualifiers };
}

interface Unit {
  readonly unit: SkuUnit;
  readonly inCents: boolean;
}

const UNITS: Readonly<Record<string, Unit>> = {
  duration_seconds: { unit: 'second', inCents: false },
  per_video_second: { unit: 'second', inCents: false },
  cents_per_second: { unit: 'second', inCents: true },
  cents_per_second_output: { unit: 'second', inCents: true },
  cents_per_video_output_second: { unit: 'second', inCents: true },
  video_tokens: { unit: 'token', inCents: false },
  generate: { unit: 'generation', inCents: false },
  cents_per_megapixel_second: { unit: 'megapixel-second', inCents: true },
  cents_per_image_input: { unit: 'input-image', inCents: true },
  reference_images: { unit: 'reference-image', inCents: false },
  minimum_cents_per_generation: { unit: 'floor', inCents: true },
};

const QUALIFIERS: Readonly<Record<string, SkuQualifiers>> = {
  with_video_input: { videoInput: 'with_video_input' },
  without_video_input: { videoInput: 'none' },
  video_continuation: { videoInput: 'video_continuation' },
  with_audio: { audio: true },
  without_audio: { audio: false },
  text_to_video: { mode: 'text' },
  image_to_video: { mode: 'image-to-video' },
  reference: { mode: 'reference' },
  reference_to_video: { mode: 'reference' },
  precise: { upscaling: 'precise' },
  creative: { upscaling: 'creative' },
};

type Word = { readonly length: number } & (
  { readonly unit: Unit } | { readonly unit?: undefined; readonly qualifier: SkuQualifiers }
);

/** Longest first, so that `reference_images` is not read as the mode `reference`. */
const WORDS: readonly (readonly [string, Word])[] = [
  ...Object.entries(UNITS).map(([text, unit]) => [text, { length: text.length, unit }] as const),
  ...Object.entries(QUALIFIERS).map(
    ([text, qualifier]) => [text, { length: text.length, qualifier }] as const,
  ),
].sort(([a], [b]) => b.length - a.length);

function nextWord(rest: string): Word | undefined {
  const found = WORDS.find(([text]) => rest === text || rest.startsWith(`${text}_`));
  if (found) return found[1];
  const resolution = /^[^_]+/.exec(rest)?.[0] ?? '';
  const short = shortSide(resolution);
  return short === undefined ? undefined : { length: resolution.length, qualifier: { shortSide: short } };
}
