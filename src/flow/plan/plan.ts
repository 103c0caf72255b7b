import { inTextOrder, type Diagnostic } from '../../domain/diagnostic.js';
import type { PlanDocument } from '../../domain/plan.js';
import { findState, type FoundState } from '../batch/state.js';
import { checkWorkOptions } from '../project/check-options.js';
import { connect } from '../project/connections.js';
import { looksWithKey, type WithKey } from '../project/name-key.js';
import { assertNoErrors, type Project } from '../project/project.js';
import { clipsOf } from '../project/state-home.js';
import { loadCatalogue } from './catalogue.js';
import { checkAgainst } from './check-catalogue.js';
import { checkTakes, type RemoteChecks } from './check-work.js';
import { examine } from './examine.js';
import type { Scope } from './survey.js';

export interface PlanOptions extends Scope, RemoteChecks {
  readonly signal?: AbortSignal;
  /** true: send the key with the question for the catalogue, also to a gateway that is not on this machine. */
  readonly withKey?: WithKey;
}

/**
 * Says what a run would do about each take and what it would cost. Submits nothing, needs no key, writes nothing
 * but the catalogue's cache. Throws ManifestError if the manifest cannot be run.
 */
export function planProject(project: Project, options: PlanOptions = {}): Promise<PlanDocument> {
  return withCatalogue(project, options, async ({ found: { state, repaired }, findCatalogue, signal }) => {
    const look = { project, state, clips: clipsOf(project), repaired, findCatalogue, signal };
    return (await examine({ ...look, scope: options, remote: options })).plan;
  });
}

/** `dailies validate`: the checks for every take, and no plan. Gives the warnings; throws ManifestError. */
export function validateProject(project: Project, options: PlanOptions = {}): Promise<readonly Diagnostic[]> {
  return withCatalogue(project, options, async ({ findCatalogue, signal }) => {
    const { catalogue, diagnostics } = await findCatalogue();
    const all = inTextOrder([
      ...project.diagnostics,
      ...diagnostics,
      ...checkAgainst(project, catalogue),
      ...(await checkTakes(project, { ...options, signal })),
    ]);
    assertNoErrors(project, all);
    return all;
  });
}

interface Looking {
  readonly found: FoundState;
  readonly findCatalogue: () => ReturnType<typeof loadCatalogue>;
  readonly signal: AbortSignal;
}

/** Reads the state and a catalogue: the gateway's own, or the last known one if it does not answer. */
async function withCatalogue<T>(
  project: Project,
  options: PlanOptions,
  look: (looking: Looking) => Promise<T>,
): Promise<T> {
  checkWorkOptions(options);
  const signal = options.signal ?? new AbortController().signal;
  const connections = connect(project, { usesKey: looksWithKey(project.target, options.withKey) });
  try {
    const found = await findState(project);
    const snapshot = found.state.catalogue();
    const findCatalogue = () =>
      loadCatalogue({
        ...{ project, connections, signal },
        offline: options.offline ?? false,
        snapshot: snapshot && { ...snapshot, fetched_at: found.cataloguedAt },
      });
    return await look({ found, findCatalogue, signal });
  } finally {
    await connections.close();
  }
}
