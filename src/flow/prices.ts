import { findModel } from '../catalogue/find.js';
import { estimateTake } from '../cost/estimate.js';
import type { Catalogue } from '../domain/catalogue.js';
import type { Estimate } from '../domain/money.js';
import type { Take } from '../domain/take.js';

/** The price of a take; null where its model has none, or there is no catalogue. */
export function pricesBy(catalogue: Catalogue | undefined): (take: Take) => Estimate | null {
  if (!catalogue) return () => null;
  return (take) => {
    const model = findModel(catalogue.models, take.settings.model);
    return model ? estimateTake({ take, model }) : null;
  };
}
