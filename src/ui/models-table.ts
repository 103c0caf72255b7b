import type { Model, ModelListing } from '../domain/catalogue.js';
import { styleOf, type Glyphs, type Look } from './look.js';
import { formatEstimate } from './figures.js';
import { tableLines } from './table.js';
import { clean, wrap } from './text.js';

/** The models of a catalogue, a row each: modes, lengths, sizes, audio and the price of a typical clip. */
export function modelsTableLines(listings: readonly ModelListing[], look: Look): string[] {
  if (listings.length === 0) return ['no models'];
  const { paint, signs } = styleOf(look);
  const { dim, bold } = paint;
  const header = ['model', 'modes', 'seconds', 'resolutions', 'ratios', 'audio', 'a clip'].map(dim);
  const rows = listings.map(({ model, modes, typical, estimate }) => {
    const [vendor, name] = splitId(model.id);
    return {
      cells: [
        dim(vendor) + bold(name),
        modes.map((mode) => (mode === 'image-to-video' ? 'image' : mode)).join(' '),
        lengthWords(model.supported_durations, signs),
        clean(model.supported_resolutions?.join(' ') ?? signs.none),
        clean(model.supported_aspect_ratios?.join(' ') ?? signs.none),
        yesNo(model.generate_audio, signs.none),
        estimate === null ? 'unpriced' : formatEstimate(estimate, signs),
      ],
      rest: typicalWords(typical),
      paintRest: dim,
    };
  });
  return tableLines([{ cells: header }, ...rows], {
    width: look.width,
    indent: '',
    right: new Set([6]),
    droppable: [4, 3, 1, 5, 2],
  });
}

function splitId(id: string): [string, string] {
  const cleaned = clean(id);
  const slash = cleaned.lastIndexOf('/') + 1;
  return [cleaned.slice(0, slash), cleaned.slice(slash)];
}

/** `4, 6, 8` or, where whole seconds follow one another, `4–15`. */
function lengthWords(durations: readonly number[] | undefined, signs: Glyphs): string {
  if (durations === undefined) return signs.none;
  const sorted = [...durations].sort((a, b) => a - b);
  const [first, last] = [sorted[0], sorted.at(-1)];
  const unbroken = sorted.every((seconds, index) => seconds === (first ?? 0) + index);
  return sorted.length > 2 && unbroken ? `${first}${signs.to}${last}` : sorted.join(' ');
}

function yesNo(value: boolean | undefined, unknown: string): string {
  if (value === undefined) return unknown;
  return value ? 'yes' : 'no';
}

function typicalWords(typical: ModelListing['typical']): string {
  const { duration, resolution } = typical;
  return [duration && `${duration} s`, resolution && clean(resolution)].filter(Boolean).join(' ');
}

/** Everything that the catalogue says about one model; "not said" if it is silent, which is not a no. */
export function modelLines({ model, modes, typical, estimate }: ModelListing, look: Look): string[] {
  const { paint, signs } = styleOf(look);
  const width = Math.min(100, look.width);
  const price =
    estimate === null ? 'unpriced' : `${formatEstimate(estimate, signs)} for ${typicalWords(typical)}`;
  const rows = [...factsOf(model), ['modes', modes.join(', ')] as const, ['typical clip', price] as const];
  const prices = Object.entries(model.pricing_skus ?? {});
  return [
    `${paint.bold(clean(model.id))}  ${paint.dim(clean(model.canonical_slug))}`,
    ...(model.description === '' ? [] : wrap(clean(model.description), width)),
    '',
    ...tableLines(
      rows.map(([name, value]) => ({ cells: [name], rest: clean(value) })),
      { width },
    ),
    '',
    ...(prices.length === 0 ? ['  no prices'] : ['  prices']),
    ...tableLines(
      prices.map(([sku, price]) => ({ cells: [clean(sku), clean(price)] })),
      { width: Infinity, indent: '    ', right: new Set([1]) },
    ),
  ];
}

function factsOf(model: Model): (readonly [string, string])[] {
  const list = (values: readonly (string | number)[] | undefined): string =>
    values === undefined ? NOT_SAID : values.length === 0 ? 'none' : values.join(', ');
  const durations = model.supported_durations && [...model.supported_durations].sort((a, b) => a - b);
  return [
    ['durations', durations === undefined ? NOT_SAID : `${list(durations)} s`],
    ['resolutions', list(model.supported_resolutions)],
    ['ratios', list(model.supported_aspect_ratios)],
    ['sizes', list(model.supported_sizes)],
    ['frames', list(model.supported_frame_images)],
    ['audio', yesNo(model.generate_audio, NOT_SAID)],
    ['seed', yesNo(model.seed, NOT_SAID)],
    ['upscale', upscaleWords(model.upscale_factor)],
    ['creativity', model.creativity === false ? 'no' : list(model.creativity)],
    ['passthrough', list(model.allowed_passthrough_parameters)],
  ];
}

const NOT_SAID = 'not said';

function upscaleWords(factor: Model['upscale_factor']): string {
  if (factor === undefined) return NOT_SAID;
  if (factor === false) return 'no';
  return `${factor.min ?? 1} to ${factor.max ?? 'any'}`;
}
