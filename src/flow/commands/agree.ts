import { findModel } from '../../catalogue/find.js';
import type { Attempt } from '../../domain/attempt.js';
import type { Catalogue, Model } from '../../domain/catalogue.js';
import { buys } from '../../domain/plan.js';
import { isDelivered, isUncertain } from '../../domain/standing.js';
import { isToFetch } from '../../plan/decide.js';
import { purchases } from '../../plan/document.js';
import { arePicksAlike } from '../../plan/picks.js';
import type { Spending } from '../../store/local-attempts.js';
import { liveCatalogue } from '../plan/catalogue.js';
import { ceilingReached, type Ceiling } from '../plan/ceiling.js';
import { assertNoDrift } from '../plan/check-catalogue.js';
import type { RemoteChecks } from '../plan/check-work.js';
import { examine, type Examined } from '../plan/examine.js';
import type { Scope } from '../plan/survey.js';
import { gatewayIdentity, type Connections } from '../project/connections.js';
import { nameKey, type WithKey } from '../project/name-key.js';
import type { Project } from '../project/project.js';
import { DailiesError, PlanChangedError } from '../../errors.js';
import type { StopReason } from '../../events.js';
import type { PlanDocument } from '../../domain/plan.js';
import type { ProjectAttempts } from '../../store/attempt-store.js';
import type { ClipStore } from '../../store/clip-store.js';
import type { SharedState } from '../batch/state.js';
import type { JobOrder } from '../work/worker.js';

/** What a run, or an enqueue, may do, and how it asks for leave. */
export interface AgreeOptions extends Scope, Ceiling, Pick<RemoteChecks, 'preflight'> {
  /**
   * The `plan_hash` of the plan that was agreed on. If the purchases or their price have changed, nothing is bought: throws
   * PlanChangedError.
   */
  readonly ifPlan?: string;
  /** Refuse to run if the catalogue has drifted from the lockfile's snapshot. */
  readonly locked?: boolean;
  /**
   * Asked before money is spent; false ends the run with nothing submitted, a reason lets it fetch paid clips and
   * buy nothing.
   */
  readonly confirm?: (plan: PlanDocument) => Promise<boolean | StopReason>;
  /**
   * Lets the key go to a gateway that only the manifest names, and that is not on this machine: true, or a function that is
   * called once before the key first goes there. If absent, such a run ends with `key-unnamed` before any key is sent.
   */
  readonly withKey?: WithKey;
}

/** What the user has to agree on, with all that is open for it. */
export interface Agreeing {
  readonly project: Project;
  readonly options: AgreeOptions;
  readonly attempts: ProjectAttempts<JobOrder>;
  readonly clips: ClipStore;
  readonly connections: Connections;
  readonly signal: AbortSignal;
}

/** The result of asking for leave. */
export interface Agreed {
  readonly examined: Examined;
  /** Why nothing is bought. */
  readonly stopped: StopReason | undefined;
  /** Whether the purchases of this run cost money. */
  readonly toPay: boolean;
}

/**
 * Plans, checks the plan against its ceilings, and asks for leave to spend. Writes nothing. `asksItself`: this process asks the gateway for
 * jobs, and needs the key. Throws as `examine`, `declined` on a no, `plan-changed`, `key-missing`, `key-unnamed`.
 */
export async function agree(
  agreeing: Agreeing,
  { asksItself }: { readonly asksItself: boolean },
): Promise<Agreed> {
  const { project, options, attempts, connections, signal } = agreeing;
  const { target } = project;
  const examined = await examineForRun(agreeing, asksItself);
  const { plan } = examined;
  const { ifPlan } = options;
  if (ifPlan !== undefined && ifPlan !== plan.plan_hash) throw new PlanChangedError(plan, ifPlan);
  const ceiling = ceilingReached(plan, { options, attempts: attempts.attempts() });
  const spends = target.kind !== 'sandbox' && !ceiling && purchases(examined.decisions).length > 0;
  signal.throwIfAborted();
  if (asksItself && asksGateway(examined)) {
    assertKey(project);
    await nameKey(target, connections, { withKey: options.withKey, plan, spends });
  }
  const answer = spends && options.confirm ? await options.confirm(plan) : true;
  if (answer === false) throw new DailiesError('declined', 'nothing was submitted');
  const stopped = answer === true ? ceiling : answer;
  return { examined, stopped, toPay: spends && !stopped };
}

/** Writes down what was agreed on. Before this, nothing was written except what a killed run had left. */
export async function beginWork(
  { project, options, attempts }: Agreeing,
  { examined: { surveyed, decisions, catalogue } }: Agreed,
  shared: SharedState | undefined,
): Promise<void> {
  await shared?.begin({
    ...{ scope: options, spending: spendingOf(project, options) },
    waiting: decisions.filter(({ action, order, blocked_by }) => buys(action) && (!order || blocked_by))
      .length,
  });
  if (catalogue) await keepSnapshot({ project, attempts }, catalogue);
  if (!arePicksAlike(surveyed.picks, attempts.picks())) await attempts.setPicks(surveyed.picks);
}

/** What may be in flight, and what may be spent. */
export function spendingOf({ manifest }: Project, { maxCostUsd }: Ceiling): Spending {
  const { jobs, per_model: perModel } = manifest.concurrency;
  return { jobs, perModel, budgetUsd: manifest.budget_usd, maxCostUsd };
}

/** A run that buys nothing needs no catalogue and no key for it: it must work when the gateway does not. */
function examineForRun(
  { project, attempts, clips, connections, options, signal }: Agreeing,
  asksItself: boolean,
): Promise<Examined> {
  const { preflight = true, locked } = options;
  return examine({
    ...{ project, clips, signal, state: attempts, repaired: attempts.repaired },
    scope: options,
    remote: { preflight },
    async findCatalogue(toBuy) {
      if (toBuy.length === 0) return { diagnostics: [] };
      if (asksItself) assertKey(project);
      const snapshot = attempts.catalogue();
      const ask = () => liveCatalogue({ project, connections, signal });
      const catalogue = await ask().catch(async (error: unknown) => {
        const isKeyWanted = error instanceof DailiesError && error.code === 'key-refused';
        if (!isKeyWanted || connections.usesKey) throw error;
        await nameKey(project.target, connections, { withKey: options.withKey, spends: false });
        return ask();
      });
      if (locked) assertNoDrift(project, { snapshot, live: catalogue });
      return { catalogue, diagnostics: [] };
    },
  });
}

/** Whether the work sends requests to the gateway of this run: to buy, to follow, to fetch, or to ask again for lost jobs. */
function asksGateway({ decisions, surveyed: { context, orphans } }: Examined): boolean {
  const isAsked = (attempt: Attempt) => context.isOfThisGateway(attempt) && !isUncertain(attempt);
  const isWanted = (older: Attempt) => isAsked(older) && (!isDelivered(older) || isToFetch(older, context));
  const isToDo = ({ action, blocked_by, attempt }: Examined['decisions'][number]) =>
    blocked_by === undefined && (buys(action) || (action !== 'reuse' && attempt && isAsked(attempt)));
  return orphans.some(isWanted) || decisions.some((one) => one.collect.some(isWanted) || isToDo(one));
}

function assertKey({ target }: Project): void {
  if (!target.needsKey || target.apiKey !== undefined) return;
  throw new DailiesError('key-missing', `${target.name} needs a key, and ${target.keyVariable} is not set`, {
    hint: `export ${target.keyVariable}=…, or put it into .env beside the manifest; --gateway sandbox renders for free`,
  });
}

/**
 * The snapshot has only the used models. If the catalogue no longer has the dated slug of a purchase, its model stays
 * as it was: nothing else tells which model the slug names.
 */
async function keepSnapshot(
  { project, attempts }: Pick<Agreeing, 'project' | 'attempts'>,
  catalogue: Catalogue,
): Promise<void> {
  const names = new Set(project.manifest.takes.map((take) => take.settings.model));
  const isUsed = ({ id, canonical_slug }: Model) => names.has(id) || names.has(canonical_slug);
  const bought = new Set(attempts.attempts().map(({ request }) => request.model));
  const former = (attempts.catalogue()?.models ?? []).filter(
    ({ canonical_slug: slug }) => bought.has(slug) && findModel(catalogue.models, slug) === undefined,
  );
  const used = catalogue.models.filter(isUsed).map(({ latency_ms: _, ...lasting }) => lasting);
  const models = [...used, ...former];
  await attempts.setCatalogue({ gateway: gatewayIdentity(project.target), models }, catalogue.fetched_at);
}
