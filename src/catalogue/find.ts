import type { Model } from '../domain/catalogue.js';
import { nearest } from '../domain/nearest.js';

/** The model with this id or dated slug. An id wins, because a slug may be another model's id elsewhere. */
export function findModel(models: readonly Model[], idOrSlug: string): Model | undefined {
  return (
    models.find((model) => model.id === idOrSlug) ?? models.find((model) => model.canonical_slug === idOrSlug)
  );
}

/**
 * The id that a mistyped name most likely means; undefined if none is near. Whole names are compared first, then what
 * follows the vendor: a writer may omit the vendor, or give another.
 */
export function meantModel(name: string, models: readonly Model[]): string | undefined {
  const whole = nearest(
    name,
    models.flatMap((model) => [model.id, model.canonical_slug]),
  );
  const ownName = (id: string) => id.slice(id.indexOf('/') + 1);
  const own = nearest(
    ownName(name),
    models.map((model) => ownName(model.id)),
  );
  const byOwnName = models.find((model) => ownName(model.id) === own)?.id;
  return own === ownName(name) ? byOwnName : (whole ?? byOwnName);
}
