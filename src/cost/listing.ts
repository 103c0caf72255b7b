import { modesOf } from '../catalogue/prose.js';
import type { Model, ModelListing } from '../domain/catalogue.js';
import { defined } from '../domain/defined.js';
import type { ShotSettings } from '../domain/fields.js';
import type { Take } from '../domain/take.js';
import { typicalDuration, typicalRatios, typicalResolutions } from './choices.js';
import { estimateTake } from './estimate.js';

/**
 * Lists a model with the price of a typical clip, so that models can be compared. That clip is made from words, with the length
 * nearest to 5 s (5 s if the model lists none), at 720p or the nearest to it, in 16:9 if possible, and without audio if that
 * is a choice. An upscaler has no typical clip: its price depends on the source.
 */
export function listModel(model: Model): ModelListing {
  const modes = modesOf(model);
  if (model.upscale_factor) return { model, modes, typical: {}, estimate: null };
  const [resolution] = typicalResolutions(model);
  const [aspect_ratio] = typicalRatios(model);
  const typical = defined({ duration: typicalDuration(model) ?? 5, resolution });
  const generate_audio = model.generate_audio === true ? false : undefined;
  const settings = defined({ model: model.id, ...typical, aspect_ratio, generate_audio });
  return { model, modes, typical, estimate: estimateTake({ take: madeUpTake(settings), model }) };
}

/** A take outside any manifest, for checking or pricing: made from text, unless `more` has inputs. */
export function madeUpTake(settings: ShotSettings, more: Partial<Take> = {}): Take {
  const name = 'made-up';
  return {
    key: name,
    shot: name,
    manifest_id: name,
    take: 1,
    takes: 1,
    shot_index: 0,
    type: 'text',
    tags: [],
    matrix: {},
    settings,
    frames: [],
    references: [],
    ...more,
  };
}
