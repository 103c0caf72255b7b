import { catalogueDrift } from '../../catalogue/drift.js';
import { checkCapabilities } from '../../catalogue/check.js';
import { findModel } from '../../catalogue/find.js';
import type { Catalogue } from '../../domain/catalogue.js';
import type { Diagnostic } from '../../domain/diagnostic.js';
import type { Take } from '../../domain/take.js';
import { DailiesError } from '../../errors.js';
import { pricesBy } from './prices.js';
import type { Project } from '../project/project.js';

/** What the catalogue has to say about the takes: nothing if there is none. */
export function checkAgainst(project: Project, catalogue: Catalogue | undefined): Diagnostic[] {
  if (!catalogue) return [];
  const { manifest, locate } = project;
  return checkCapabilities({ takes: manifest.takes, models: catalogue.models, locate });
}

/** `--locked`: throws `catalogue-drift` if a used model differs from the lockfile's snapshot. */
export function assertNoDrift(
  project: Project,
  { snapshot, live }: { readonly snapshot: Pick<Catalogue, 'models'> | undefined; readonly live: Catalogue },
): void {
  const used = new Set(project.manifest.takes.map((take) => take.settings.model));
  const drift = snapshot ? catalogueDrift({ snapshot: snapshot.models, live: live.models, used }) : [];
  if (drift.length === 0) return;
  throw new DailiesError('catalogue-drift', drift.join('; '), {
    hint: 'look at dailies plan, and run without --locked to accept the catalogue as it is now',
  });
}

/** A warning for each model that takes are bought from without a known price; models that are not listed are reported elsewhere. */
export function unpricedModels(
  project: Project,
  takes: readonly Take[],
  catalogue: Catalogue | undefined,
): Diagnostic[] {
  const priceOf = pricesBy(catalogue, project);
  const isListed = ({ settings }: Take) =>
    !catalogue || findModel(catalogue.models, settings.model) !== undefined;
  const perModel = new Map(
    takes
      .filter((take) => priceOf(take) === null && isListed(take))
      .map((take) => [take.settings.model, take]),
  );
  return [...perModel.values()].map((take): Diagnostic => {
    const at = project.locate(take, 'model');
    const message = `the cost of ${take.settings.model} cannot be told in advance`;
    const hint = 'with a budget, give --allow-unpriced; dailies models shows the known prices';
    return { code: 'price-unknown', severity: 'warning', message, hint, ...(at ? { at } : {}) };
  });
}
