import { shortSide } from '../domain/dimensions.js';

/** What multiplies a price. */
export type SkuUnit =
  | 'second'
  | 'token'
  | 'generation'
  | 'megapixel-second'
  /** Added to the price of the clip: for each image sent, and for each reference image. */
  | 'input-image'
  | 'reference-image'
  /** The minimum for a generation. */
  | 'floor';

/** When a price applies. If a qualifier is absent, the price says nothing about it. */
export interface SkuQualifiers {
  readonly videoInput?: 'none' | 'with_video_input' | 'video_continuation';
  readonly audio?: boolean;
  readonly mode?: 'text' | 'image-to-video' | 'reference';
  /** The short side of the named resolution, in pixels. */
  readonly shortSide?: number;
  readonly upscaling?: 'precise' | 'creative';
}

/** One entry of `pricing_skus`. */
export interface Sku extends SkuQualifiers {
  readonly key: string;
  /** `unknown`: the key has an unknown word, no unit, or two; its qualifiers are those that could be read. */
  readonly unit: SkuUnit | 'unknown';
  /** US dollars for one unit; undefined if unknown (gateways mark a variable price with a negative number). */
  readonly usd: number | undefined;
}

/**
 * Reads one entry of `pricing_skus`: a unit with qualifiers before or after it, joined by underscores or
 * hyphens. The gateway publishes no grammar; this is that of its catalogue of October 2026. If a key cannot be read in
 * full, it is not guessed, because a guessed price is worse than none.
 */
export function parseSku(key: string, price: string): Sku {
  const words = wordsOf(key);
  const units = words.flatMap((word) => word?.unit ?? []);
  const readings = words.flatMap((word) => word?.qualifier ?? []);
  const names = readings.flatMap((reading) => Object.keys(reading));
  const [unit] = units;
  if (unit && units.length === 1 && !words.includes(undefined) && new Set(names).size === names.length) {
    const amount = decimal(price);
    const usd = amount !== undefined && /cents/i.test(key) ? amount / 100 : amount;
    return Object.assign({ key, unit, usd }, ...readings) as Sku;
  }
  // Beside an unknown word, only a resolution and a type of shot are certain; `with_audio_input` says nothing about audio.
  const sure = readings.filter(
    (reading) => !('audio' in reading) && names.filter((name) => name in reading).length === 1,
  );
  return Object.assign({ key, unit: 'unknown', usd: undefined }, ...sure) as Sku;
}

function decimal(price: string): number | undefined {
  return /^\s*\d+(\.\d+)?(e[+-]?\d+)?\s*$/i.test(price) ? Number(price) : undefined;
}

/** The words of a key; undefined for each unknown one. */
function wordsOf(key: string): readonly (Word | undefined)[] {
  const words: (Word | undefined)[] = [];
  let rest = key.toLowerCase().replaceAll('-', '_');
  while (rest !== '') {
    const word = nextWord(rest);
    words.push(word);
    rest = word ? rest.slice(word.length).replace(/^_/, '') : rest.replace(/^[^_]*_?/, '');
  }
  return words;
}

/** If the name of a unit has cents, its price is in cents. */
const UNITS: Readonly<Record<string, SkuUnit>> = {
  duration_seconds: 'second',
  per_video_second: 'second',
  cents_per_second: 'second',
  cents_per_second_output: 'second',
  cents_per_video_output_second: 'second',
  video_tokens: 'token',
  generate: 'generation',
  cents_per_megapixel_second: 'megapixel-second',
  cents_per_image_input: 'input-image',
  reference_images: 'reference-image',
  minimum_cents_per_generation: 'floor',
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

/** A word of a key: a unit or a qualifier. */
interface Word {
  readonly length: number;
  readonly unit?: SkuUnit;
  readonly qualifier?: SkuQualifiers;
}

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
