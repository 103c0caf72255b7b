import type { Model } from '../domain/catalogue.js';

/** The model with this id or dated slug. An id wins, because a slug may be another model's id elsewhere. */
export function findModel(models: readonly Model[], idOrSlug: string): Model | undefined {
  return (
    models.find((model) => model.id === idOrSlug) ?? models.find((model) => model.canonical_slug === idOrSlug)
  );
}
