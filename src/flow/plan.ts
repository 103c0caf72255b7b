import type { Attempt } from '../domain/attempt.js';
import type { PlanDocument } from '../domain/plan.js';
import { inTextOrder, type Diagnostic } from '../domain/diagnostic.js';
import type { Catalogue } from '../domain/catalogue.js';
import { planDocument } from '../plan/document.js';
import { slotKey } from '../plan/graph.js';
import { readShotState } from '../store/read-state.js';
import type { ShotState } from '../store/shot-state.js';
import { surveyFully } from './adopt.js';
import { loadCatalogue } from './catalogue.js';
import { checkAgainst } from './check-catalogue.js';
import { checkWorkOptions } from './check-options.js';
import { checkTakes, checkWork, type RemoteChecks } from './check-work.js';
import { createClipIndex } from './clip-index.js';
import { connect } from './connections.js';
import { pricesBy } from './prices.js';
import { assertNoErrors, type Project } from './project.js';
import type { Scope, Survey } from './survey.js';

export interface PlanOptions extends Scope, RemoteChecks {
  readonly signal?: AbortSignal;
}

/**
 * Says what a run would do about each take and what it would cost. Submits nothing, needs no key, writes nothing
 * but the catalogue's cache. Throws ManifestError where the manifest could not be run.
 */
export function planProject(project: Project, options: PlanOptions = {}): Promise<PlanDocument> {
  return examine(project, options, async ({ state, catalogue, diagnostics, signal }) => {
    const surveyed = await surveyFully({ project, state, scope: options });
    const { attempts } = surveyed;
    const decisions = scopedDecisions(surveyed);
    const clips = createClipIndex(attempts, surveyed.isThere);
    const work = { surveyed, decisions, clips, catalogue };
    const all = inTextOrder([...diagnostics, ...(await checkWork(project, work, { ...options, signal }))]);
    assertNoErrors(project, all);
    return documentOf({ project, surveyed, catalogue, attempts, diagnostics: all });
  });
}

/** `dailies validate`: the checks for every take, and no plan. Gives the warnings; throws ManifestError. */
export function validateProject(project: Project, options: PlanOptions = {}): Promise<readonly Diagnostic[]> {
  return examine(project, options, async ({ diagnostics, signal }) => {
    const all = inTextOrder([...diagnostics, ...(await checkTakes(project, { ...options, signal }))]);
    assertNoErrors(project, all);
    return all;
  });
}

interface Examined {
  readonly state: ShotState;
  readonly catalogue: Catalogue | undefined;
  /** Of the manifest, its inputs, and the catalogue. */
  readonly diagnostics: readonly Diagnostic[];
  readonly signal: AbortSignal;
}

async function examine<T>(
  project: Project,
  options: PlanOptions,
  work: (examined: Examined) => Promise<T>,
): Promise<T> {
  checkWorkOptions(options);
  const signal = options.signal ?? new AbortController().signal;
  const connections = connect(project);
  try {
    const state = await readShotState(project.paths.lockfile);
    const { catalogue, diagnostics } = await loadCatalogue({
      project,
      connections,
      offline: options.offline ?? false,
      snapshot: state.catalogue(),
      signal,
    });
    const all = [...project.diagnostics, ...diagnostics, ...checkAgainst(project, catalogue)];
    return await work({ state, catalogue, diagnostics: all, signal });
  } finally {
    await connections.close();
  }
}

/** The decisions about the takes in scope, in manifest order. */
export function scopedDecisions({ decisions, inScope }: Survey) {
  return inScope.flatMap((take) => decisions.get(slotKey(take)) ?? []);
}

/** The plan of a survey, as it is printed. */
export function documentOf({
  project,
  surveyed,
  catalogue,
  attempts,
  diagnostics,
}: {
  readonly project: Project;
  readonly surveyed: Survey;
  readonly catalogue: Catalogue | undefined;
  readonly attempts: readonly Attempt[];
  readonly diagnostics: readonly Diagnostic[];
}): PlanDocument {
  return planDocument({
    project: project.manifest.project,
    gateway: project.target.name,
    decisions: scopedDecisions(surveyed),
    orphans: surveyed.orphans,
    estimate: pricesBy(catalogue, project),
    attempts,
    budgetUsd: project.manifest.budget_usd,
    catalogue,
    products: project.products,
    diagnostics,
  });
}
