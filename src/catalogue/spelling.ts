import type { Model } from '../domain/catalogue.js';
import { parseRatio, parseSize, shortSide } from '../domain/dimensions.js';
import type { ShotSettings } from '../domain/fields.js';
import { plainSettings } from '../domain/plain-settings.js';
import { findModel } from './find.js';

type Spelled = Partial<Pick<ShotSettings, SpelledField>>;
type SpelledField = 'model' | 'prompt' | 'provider' | 'trace' | 'size' | 'resolution' | 'aspect_ratio';

/** Gives settings in one spelling, the same for all settings that ask for one picture: for comparing, not for sending. */
export type Spelling = <T extends Spelled>(settings: T) => T;

/**
 * The spelling that a catalogue allows to compare by: a model by its id, and a resolution with a ratio by the only listed
 * size that has them. Two settings that differ in these words alone ask for one picture.
 */
export function spellingBy(models: readonly Model[]): Spelling {
  const known = new Map<string, Model | undefined>();
  return (settings) => {
    const plain = plainSettings(settings);
    const { model: name, resolution, aspect_ratio } = plain;
    if (name === undefined) return plain;
    if (!known.has(name)) known.set(name, findModel(models, name));
    const model = known.get(name);
    if (!model) return plain;
    const size = listedSize(model, resolution, aspect_ratio);
    if (size === undefined) return model.id === name ? plain : { ...plain, model: model.id };
    const { resolution: _, aspect_ratio: __, ...rest } = plain;
    // Fields that are left out are optional.
    return { ...rest, model: model.id, size } as unknown as typeof plain;
  };
}

/** Settings without the words that a catalogue could spell otherwise: if the rest differs, so do the pictures. */
export function spellLoosely<T extends Spelled>(settings: T): T {
  const { model: _, size: __, resolution: ___, aspect_ratio: ____, ...rest } = plainSettings(settings);
  // Fields that are left out are not compared.
  return rest as unknown as T;
}

/** Whether two catalogues spell these models' settings in the same way. */
export function spellAlike(
  names: Iterable<string>,
  [one, other]: readonly [readonly Model[], readonly Model[]],
): boolean {
  const wordsOf = (models: readonly Model[], name: string) => {
    const model = findModel(models, name);
    return JSON.stringify(model && [model.id, model.canonical_slug, model.supported_sizes]);
  };
  return [...new Set(names)].every((name) => wordsOf(one, name) === wordsOf(other, name));
}

/** Sizes are rounded to even or to sixteenths. */
const SAME_RATIO = 1.03;

function listedSize(
  { supported_sizes: sizes = [] }: Model,
  resolution: string | undefined,
  ratio: string | undefined,
): string | undefined {
  const short = resolution === undefined ? undefined : shortSide(resolution);
  const wanted = parseRatio(ratio);
  if (short === undefined || wanted === undefined) return undefined;
  const [only, ...more] = sizes.filter((size) => {
    const { width, height } = parseSize(size) ?? { width: 0, height: 0 };
    const by = width / height / wanted;
    return Math.min(width, height) === short && by < SAME_RATIO && by > 1 / SAME_RATIO;
  });
  return more.length === 0 ? only : undefined;
}
