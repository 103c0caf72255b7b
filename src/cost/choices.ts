import type { Model } from '../domain/catalogue.js';
import type { Take } from '../domain/take.js';
import { frameSize, nearestShortSide, parseSize, shortSide, type PixelSize } from '../domain/dimensions.js';
import { priceList, type PriceRequest } from './price-list.js';
import type { SourceClip } from './source-clip.js';

/** What has a price: a take, the model that makes it, and the source clip if known. */
export interface PriceQuery {
  readonly take: Take;
  readonly model: Model;
  readonly source?: SourceClip | undefined;
}

/** One way to settle everything that a price may depend on. */
export interface Choice {
  readonly request: PriceRequest;
  /** Undefined if nothing says. */
  readonly frame: PixelSize | undefined;
  /** The clip's length; undefined if nothing says. */
  readonly seconds: number | undefined;
  /** By how much an upscaler multiplies width and height. */
  readonly enlargement: number;
}

/**
 * Every way to fill in what a shot leaves open, the likeliest first: with audio unless the model makes none,
 * 720p or the nearest to it, 16:9, and the length nearest to 5 s (the longer of two). Those are the
 * usual defaults of the providers; the catalogue does not publish theirs.
 */
export function choicesFor(query: PriceQuery): Choice[] {
  const { take, model } = query;
  const choices: Choice[] = [];
  for (const audio of audioChoices(query)) {
    for (const { shortSide, frame } of pictureChoices(query)) {
      for (const seconds of lengthChoices(query)) {
        for (const upscaling of upscalingChoices(take, model)) {
          for (const enlargement of enlargementChoices(take, model)) {
            const request = { videoInput: videoInputOf(take), mode: take.type, audio, shortSide, upscaling };
            choices.push({ request, frame, seconds, enlargement });
          }
        }
      }
    }
  }
  return choices;
}

/** The length that a clip of open length is expected to have, in seconds; undefined if the model lists none. */
export function typicalDuration(model: Model): number | undefined {
  const longestFirst = [...(model.supported_durations ?? [])].sort((a, b) => b - a);
  return nearestFirst(longestFirst, (seconds) => Math.abs(seconds - TYPICAL_SECONDS))[0];
}

/** The model's resolutions, 720p or the nearest to it first. */
export function typicalResolutions(model: Model): readonly string[] {
  return nearestFirst(model.supported_resolutions ?? [], (resolution) =>
    Math.abs((shortSide(resolution) ?? Infinity) - TYPICAL_SHORT_SIDE),
  );
}

/** The model's aspect ratios, 16:9 first if the model has it. */
export function typicalRatios(model: Model): readonly string[] {
  return nearestFirst(model.supported_aspect_ratios ?? [], (ratio) => (ratio === '16:9' ? 0 : 1));
}

const TYPICAL_SECONDS = 5;
const TYPICAL_SHORT_SIDE = 720;

function videoInputOf(take: Take): PriceRequest['videoInput'] {
  if (take.previous_shot !== undefined) return 'video_continuation';
  return take.references.some((reference) => reference.media === 'video') ? 'with_video_input' : 'none';
}

function audioChoices({ take, model }: PriceQuery): readonly boolean[] {
  if (take.settings.generate_audio !== undefined) return [take.settings.generate_audio];
  return model.generate_audio === false ? [false] : [true, false];
}

interface Picture {
  /** Of the resolution; undefined for a resolution that no price names. */
  readonly shortSide: number | undefined;
  readonly frame: PixelSize | undefined;
}

function pictureChoices({ take, model }: PriceQuery): readonly Picture[] {
  const { size, resolution, aspect_ratio } = take.settings;
  if (size !== undefined) return [pictureOfSize(size, model)];
  if (resolution !== undefined) return picturesOf(resolution, aspect_ratio, model);

  const known = typicalResolutions(model).flatMap((name) => picturesOf(name, aspect_ratio, model));
  if (known.length > 0) return known;
  // Without a list, any resolution is possible: one that a price names, or another.
  const named = new Set(priceList(model).base.flatMap((sku) => sku.shortSide ?? []));
  const nearest = nearestFirst([...named], (short) => Math.abs(short - TYPICAL_SHORT_SIDE));
  return [
    ...nearest.flatMap((short) => picturesOf(`${short}p`, aspect_ratio, model)),
    { shortSide: undefined, frame: undefined },
  ];
}

function pictureOfSize(size: string, model: Model): Picture {
  const frame = parseSize(size);
  if (!frame) return { shortSide: undefined, frame };
  const listed = (model.supported_resolutions ?? []).flatMap((resolution) => shortSide(resolution) ?? []);
  return { shortSide: nearestShortSide(frame, listed) ?? Math.min(frame.width, frame.height), frame };
}

function picturesOf(resolution: string, aspectRatio: string | undefined, model: Model): readonly Picture[] {
  const open = typicalRatios(model);
  const ratios = aspectRatio === undefined && open.length > 0 ? open : [aspectRatio];
  return ratios.map((aspect_ratio) => ({
    shortSide: shortSide(resolution),
    frame: frameSize({ resolution, aspect_ratio, sizes: model.supported_sizes }),
  }));
}

/** Prices grow with the length: for an open length, the likeliest and both ends are enough. */
function lengthChoices({ take, model, source }: PriceQuery): readonly (number | undefined)[] {
  if (take.settings.duration !== undefined) return [take.settings.duration];
  const typical = typicalDuration(model);
  // If a model lists no lengths and changes a clip, the clip keeps its length; whether a started second counts as whole is unknown.
  if (typical === undefined) return source ? [source.duration_s, Math.ceil(source.duration_s)] : [undefined];
  const known = model.supported_durations ?? [];
  return [typical, Math.min(...known), Math.max(...known)];
}

function upscalingChoices(take: Take, model: Model): readonly PriceRequest['upscaling'][] {
  const { creativity } = take.settings;
  if (creativity !== undefined) return [creativity > 0 ? 'creative' : 'precise'];
  return model.creativity === false ? [undefined] : ['precise', 'creative'];
}

function enlargementChoices(take: Take, model: Model): readonly number[] {
  if (take.settings.upscale_factor !== undefined) return [take.settings.upscale_factor];
  if (!model.upscale_factor) return [1];
  const { min = 1, max = min } = model.upscale_factor;
  return min === max ? [min] : [min, max];
}

/** Sorts by nearness and keeps the order of equals. */
function nearestFirst<T>(values: readonly T[], distance: (value: T) => number): readonly T[] {
  return [...values].sort((a, b) => distance(a) - distance(b));
}
