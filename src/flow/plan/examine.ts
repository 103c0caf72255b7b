import { spellAlike } from '../../catalogue/spelling.js';
import type { Catalogue } from '../../domain/catalogue.js';
import { inTextOrder, type Diagnostic } from '../../domain/diagnostic.js';
import type { PlanDocument } from '../../domain/plan.js';
import type { Take } from '../../domain/take.js';
import type { Decision } from '../../plan/decision.js';
import { planDocument, purchases } from '../../plan/document.js';
import { slotKey } from '../../plan/graph.js';
import { planHash } from '../../plan/plan-hash.js';
import type { ClipStore } from '../../store/clip-store.js';
import type { ShotState } from '../../store/shot-state.js';
import { gatewayIdentity } from '../project/connections.js';
import { assertNoErrors, type Project } from '../project/project.js';
import { checkAgainst } from './check-catalogue.js';
import { checkWork, type RemoteChecks } from './check-work.js';
import { pricesBy } from './prices.js';
import { knownModels, survey, type Scope, type Survey } from './survey.js';

/** A project as its state, its clips and a catalogue show it: what is to be done, why, and for how much. */
export interface Examined {
  readonly surveyed: Survey;
  /** About the takes in scope, in manifest order. */
  readonly decisions: readonly Decision[];
  readonly catalogue: Catalogue | undefined;
  readonly plan: PlanDocument;
}

/**
 * The one way from a state to a plan, for `plan` and `run` alike: a plan is true because a run goes the same way before
 * it writes anything. Throws ManifestError where the manifest cannot be run, `usage` for a scope that names no shot, and
 * what `findCatalogue` throws.
 */
export async function examine({
  project,
  state,
  clips,
  repaired,
  scope,
  remote,
  findCatalogue,
  signal,
}: {
  readonly project: Project;
  readonly state: ShotState;
  readonly clips: ClipStore;
  /** What was put right in the state, in sentences. */
  readonly repaired: readonly string[];
  readonly scope: Scope;
  readonly remote: RemoteChecks;
  /** The models and prices to decide by, given what is to be bought. */
  readonly findCatalogue: (
    toBuy: readonly Take[],
  ) => Promise<{ readonly catalogue?: Catalogue | undefined; readonly diagnostics: readonly Diagnostic[] }>;
  readonly signal: AbortSignal;
}): Promise<Examined> {
  const attempts = state.attempts();
  const known = { project, state, clips, scope };
  let surveyed = await survey(known);
  const toBuy = purchases(decisionsIn(surveyed));
  const { catalogue, diagnostics } = await findCatalogue(toBuy);
  // What only this catalogue calls the same was bought already.
  if (catalogue && !isSpelledAlike(state, toBuy, catalogue))
    surveyed = await survey({ ...known, known: surveyed.found, models: catalogue.models });
  const decisions = decisionsIn(surveyed);
  const work = { surveyed, decisions, attempts, clips, catalogue };
  const all = inTextOrder([
    ...project.diagnostics,
    ...repaired.map((message): Diagnostic => ({ code: 'state-repaired', severity: 'warning', message })),
    ...diagnostics,
    ...checkAgainst(project, catalogue),
    ...(await checkWork(project, work, { ...remote, signal })),
  ]);
  assertNoErrors(project, all);
  const estimate = pricesBy(catalogue, project);
  const { localInput } = surveyed.context;
  const plan = planDocument({
    hash: planHash({ gateway: gatewayIdentity(project.target), decisions, estimate, localInput }),
    ...{ project: project.manifest.project, gateway: project.target.name, decisions, attempts, catalogue },
    orphans: surveyed.orphans,
    estimate,
    budgetUsd: project.manifest.budget_usd,
    products: project.products,
    diagnostics: all,
  });
  return { surveyed, decisions, catalogue, plan };
}

function decisionsIn({ inScope, decisions }: Survey): readonly Decision[] {
  return inScope.flatMap((take) => decisions.get(slotKey(take)) ?? []);
}

/** Whether a catalogue says of what is to be bought no other words than the lockfile's has said already. */
function isSpelledAlike(state: ShotState, toBuy: readonly Take[], { models }: Catalogue): boolean {
  if (state.attempts().length === 0) return true;
  const names = toBuy.map(({ settings }) => settings.model);
  return spellAlike(names, [knownModels({ state }), knownModels({ state, models })]);
}
