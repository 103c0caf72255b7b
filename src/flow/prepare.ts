import type { Catalogue } from '../domain/catalogue.js';
import { inTextOrder, type Diagnostic } from '../domain/diagnostic.js';
import type { PlanDocument } from '../domain/plan.js';
import { DailiesError } from '../errors.js';
import type { StopReason } from '../events.js';
import type { Decision } from '../plan/decision.js';
import type { ShotStore } from '../store/shot-store.js';
import { surveyFully } from './adopt.js';
import { liveCatalogue } from './catalogue.js';
import { ceilingReached, type Ceiling } from './ceiling.js';
import { purchases } from '../plan/document.js';
import { assertNoDrift, checkAgainst } from './check-catalogue.js';
import { checkWork, type RemoteChecks } from './check-work.js';
import { createClipIndex, type ClipIndex } from './clip-index.js';
import { gatewayIdentity, type Connections } from './connections.js';
import { documentOf, scopedDecisions } from './plan.js';
import { assertNoErrors, type Project } from './project.js';
import type { Scope, Survey } from './survey.js';

/** What a run is asked to be careful about before it spends. */
export interface PrepareOptions extends Scope, Ceiling, Pick<RemoteChecks, 'preflight'> {
  /** Refuse to run when the catalogue has moved away from the lockfile's snapshot. */
  readonly locked?: boolean;
}

/** All that is decided before the first cent is spent. */
export interface Prepared {
  readonly surveyed: Survey;
  readonly decisions: readonly Decision[];
  readonly catalogue: Catalogue | undefined;
  readonly plan: PlanDocument;
  readonly clips: ClipIndex;
  /** Why nothing may be bought; jobs in flight are finished all the same. */
  readonly stopped: StopReason | undefined;
}

/**
 * Decides what a run will do and makes sure that it may. Throws ManifestError, or a DailiesError with exit 3:
 * `key-missing`, `key-refused`, `catalogue-unavailable`, `catalogue-drift`, `gateway-answer`, `disk`; `usage` (exit 2) for a
 * scope that names no shot. A ceiling is no error: it stops the buying alone, for the jobs in flight are paid for already.
 */
export async function prepare({
  project,
  store,
  connections,
  options,
  signal,
}: {
  readonly project: Project;
  readonly store: ShotStore;
  readonly connections: Connections;
  readonly options: PrepareOptions;
  readonly signal: AbortSignal;
}): Promise<Prepared> {
  const surveyed = await surveyFully({
    project,
    state: store,
    scope: options,
    adopt: (attempt) => store.adopt(attempt),
  });
  const { attempts } = surveyed;
  const decisions = scopedDecisions(surveyed);
  const clips = createClipIndex(attempts, surveyed.isThere);
  const diagnostics: Diagnostic[] = [...project.diagnostics];
  assertNoErrors(project, diagnostics);
  assertKey(project, decisions);
  // A run that buys nothing needs no catalogue: it must work when the gateway does not.
  let catalogue: Catalogue | undefined;
  if (purchases(decisions).length > 0) {
    const snapshot = store.catalogue();
    catalogue = await liveCatalogue({ project, connections, signal });
    diagnostics.push(...checkAgainst(project, catalogue));
    if (options.locked) assertNoDrift(project, { snapshot, live: catalogue });
  }
  const { preflight = true } = options;
  const work = { surveyed, decisions, clips, catalogue };
  diagnostics.push(...(await checkWork(project, work, { preflight, signal })));
  assertNoErrors(project, diagnostics);
  const plan = documentOf({
    project,
    surveyed,
    catalogue,
    attempts,
    diagnostics: inTextOrder(diagnostics),
  });
  const stopped = ceilingReached(plan, { options, attempts });
  if (catalogue) await keepSnapshot(project, store, catalogue);
  return { surveyed, decisions, catalogue, plan, clips, stopped };
}

/** The snapshot holds the used models alone. */
async function keepSnapshot(project: Project, store: ShotStore, catalogue: Catalogue): Promise<void> {
  const used = new Set(project.manifest.takes.map((take) => take.settings.model));
  await store.setCatalogue({
    gateway: gatewayIdentity(project.target),
    fetched_at: catalogue.fetched_at,
    models: catalogue.models.filter(({ id, canonical_slug }) => used.has(id) || used.has(canonical_slug)),
  });
}

/** Only what is delivered already can do without a key. */
function assertKey({ target }: Project, decisions: readonly Decision[]): void {
  const asksGateway = decisions.some(
    ({ action, blocked_by }) => action !== 'reuse' && blocked_by === undefined,
  );
  if (!target.needsKey || target.apiKey !== undefined || !asksGateway) return;
  throw new DailiesError('key-missing', `${target.name} needs a key, and ${target.keyVariable} is not set`, {
    hint: `export ${target.keyVariable}=…, or put it into .env beside the manifest; --gateway sandbox renders for free`,
  });
}
