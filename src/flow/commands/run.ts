import pLimit from 'p-limit';
import { ageOf, isoNow } from '../../clock.js';
import { defined } from '../../domain/defined.js';
import { identityOf, outputsOf, type Attempt } from '../../domain/attempt.js';
import { findModel } from '../../catalogue/find.js';
import { buys, type PlanDocument } from '../../domain/plan.js';
import type { Catalogue, Model } from '../../domain/catalogue.js';
import { isDelivered, isFruitless, isUncertain } from '../../domain/standing.js';
import type { EventSink, RunSummary, StopReason } from '../../events.js';
import { DailiesError, messageOf } from '../../errors.js';
import { isToFetch } from '../../plan/decide.js';
import { purchases } from '../../plan/document.js';
import { slotKey } from '../../plan/graph.js';
import { arePicksAlike } from '../../plan/picks.js';
import { doneRerenders } from '../../plan/rerender.js';
import { namedClips } from '../../plan/view.js';
import { createPollTiming, type LengthSample, type PollTiming } from '../../shot/poll-timing.js';
import { openAttempts, type LocalAttempts } from '../../store/local-attempts.js';
import type { ClipStore } from '../../store/clip-store.js';
import { settleClips } from '../clips/find-clips.js';
import { ceilingReached, type Ceiling } from '../plan/ceiling.js';
import { liveCatalogue } from '../plan/catalogue.js';
import { assertNoDrift } from '../plan/check-catalogue.js';
import type { RemoteChecks } from '../plan/check-work.js';
import { examine, type Examined } from '../plan/examine.js';
import { pricesBy } from '../plan/prices.js';
import { stemOf, viewFor, type Scope, type Survey } from '../plan/survey.js';
import { checkWorkOptions } from '../project/check-options.js';
import { connect, gatewayIdentity, type Connections } from '../project/connections.js';
import { mayUseKey, nameKey, type WithKey } from '../project/name-key.js';
import type { Project } from '../project/project.js';
import { clipsOf, namesOf, stateHome } from '../project/state-home.js';
import { stopForPicks } from '../work/approval.js';
import { execute, type Planned } from '../work/execute.js';
import { createInputReader } from '../work/inputs.js';
import { guarded } from '../work/listener.js';
import { createStopControl } from '../work/stop-control.js';
import { summarize } from '../work/summary.js';
import type { TakeOutcome } from '../work/take-outcome.js';
import { warn, type WorkTools } from '../work/tools.js';
import { hintAtUsage, usageOf } from '../work/usage-hint.js';
import type { JobOrder } from '../work/worker.js';
import { workSequence } from '../work/work-sequence.js';
import { buildReport } from './report.js';
import { reportStamp, writeReport, type RenderSheet } from './write-report.js';

export interface RunOptions extends Scope, Ceiling, Pick<RemoteChecks, 'preflight'> {
  /** Refuse to run when the catalogue has moved away from the lockfile's snapshot. */
  readonly locked?: boolean;
  /**
   * Asked before money is spent; false ends the run with nothing submitted, a reason lets it fetch what is paid for and
   * buy nothing.
   */
  readonly confirm?: (plan: PlanDocument) => Promise<boolean | StopReason>;
  /**
   * Lets the key go to a gateway that only the manifest names, and that is not on this machine: true, or a function that is
   * asked once before it first goes there. Where absent, such a run ends with `key-unnamed` before any key is sent.
   */
  readonly withKey?: WithKey;
  /** Told of all that happens; an error of its own is thrown once the run is over. */
  readonly onEvent?: EventSink;
  /** Interrupts the run: no more submits, the state is written, exit code 130. */
  readonly signal?: AbortSignal;
  /** Makes the contact sheet's HTML; undefined for none. Where absent, the library's `run` makes dailies' own. */
  readonly renderSheet?: RenderSheet | undefined;
}

/**
 * Renders what is not there yet. Resolves with the account of the run, whatever became of its shots.
 * Throws where nothing was begun: ManifestError (exit 2), or a DailiesError with exit 3 (`usage`, for options: 2); and what
 * `onEvent` threw, when all is on disk.
 */
export async function runProject(project: Project, options: RunOptions = {}): Promise<RunSummary> {
  checkWorkOptions(options);
  const listener = guarded(options.onEvent);
  const summary = await runWith(project, options, listener.emit);
  await listener.settle();
  return summary;
}

async function runWith(project: Project, options: RunOptions, emit: EventSink): Promise<RunSummary> {
  const { clock, manifest } = project;
  const startedAt = isoNow(clock);
  const elapsedMs = ageOf(clock, undefined);
  const signal = options.signal ?? new AbortController().signal;
  const { jobs, per_model: perModel } = manifest.concurrency;
  const ceilings = { budgetUsd: manifest.budget_usd, maxCostUsd: options.maxCostUsd };
  const spending = { jobs, perModel, ...ceilings };
  const attempts = await openAttempts<JobOrder>({ home: stateHome(project), clock, spending });
  const { target } = project;
  const connections = connect(project, { usesKey: mayUseKey(target, options.withKey) });
  const clips = clipsOf(project);
  const run: Run = { project, options, attempts, clips, connections, signal, emit };
  try {
    const examined = await examineForRun(run);
    const { plan, surveyed, catalogue } = examined;
    const ceiling = ceilingReached(plan, { options, attempts: attempts.attempts() });
    const spends = target.kind !== 'sandbox' && !ceiling && purchases(examined.decisions).length > 0;
    signal.throwIfAborted();
    if (asksGateway(examined)) {
      assertKey(project);
      await nameKey(target, connections, { withKey: options.withKey, plan, spends });
    }
    const answer = spends && options.confirm ? await options.confirm(plan) : true;
    if (answer === false) throw new DailiesError('declined', 'nothing was submitted');
    const stopped = answer === true ? ceiling : answer;
    const toPay = spends && !stopped;
    // Up to here nothing was written but what a killed run had left.
    if (catalogue) await keepSnapshot(run, catalogue);
    if (!arePicksAlike(surveyed.picks, attempts.picks())) await attempts.setPicks(surveyed.picks);
    await settleClips(surveyed.found, clips);
    const names = namesOf(project, attempts, clips);
    // What is to be fetched again gets its names then.
    const blocked = await names.sync(viewFor(project, surveyed), (attempt) => isSound(surveyed, attempt));

    const timing = createPollTiming({
      intervalMs: manifest.poll.intervalMs,
      history: lengthsOf(attempts.attempts()),
    });
    const tools = workTools(run, timing);
    const { control } = tools;
    emitStart(run, examined, timing);
    if (surveyed.rerender?.open.size === 0) warn(tools, MADE_ANEW);
    if (stopped) control.stop(stopped);
    const usageNow = () => usageOf(() => connections.current(), control.working);
    const usage = toPay ? usageNow() : Promise.resolve(undefined);
    const planned: Planned = {
      survey: surveyed,
      sequence: workSequence({ survey: surveyed, timing }),
      gateway: gatewayIdentity(project.target),
      retries: manifest.retries,
      priceOf: pricesBy(catalogue, project),
      blocked,
      show: (take, attempt) =>
        names.show(isDelivered(attempt) ? namedClips(attempt, take, stemOf(project, take)) : []),
    };
    const outcomes = await execute(tools, planned);
    await followClips(attempts, { surveyed, outcomes });
    stopForPicks({ takes: manifest.takes, survey: surveyed, outcomes, control });
    await hintAtUsage(tools, { outcomes, before: usage, now: usageNow });
    control.release();
    const isStopped = control.reason !== undefined;
    const sheet = await writeReports(run, { examined, outcomes, priceOf: planned.priceOf, isStopped });
    for (const attempt of doneRerenders(attempts.attempts()))
      attempts.note(attempt, { type: 'rerendered', at: isoNow(clock) });
    await closeState(attempts, (reason) => control.stop(reason));
    const results = surveyed.inScope.flatMap((take) => outcomes.get(slotKey(take))?.result ?? []);
    const account = { project, tools, examined, results, sheet, priceOf: planned.priceOf };
    const summary = summarize({ ...account, startedAt, elapsedMs });
    emit({ type: 'run.finished', at: isoNow(clock), summary });
    return summary;
  } finally {
    await connections.close();
    await attempts.close();
  }
}

/** A set that was delivered to its last take, in a run that was killed before it could say so. */
const MADE_ANEW =
  'all that --rerender names was made anew by a run that did not come to its end: run again to make it anew once more';

/** What a run is of, and all that it has open. */
interface Run {
  readonly project: Project;
  readonly options: RunOptions;
  readonly attempts: LocalAttempts<JobOrder>;
  readonly clips: ClipStore;
  readonly connections: Connections;
  readonly signal: AbortSignal;
  readonly emit: EventSink;
}

/** A run that buys nothing needs no catalogue and no key for it: it must work when the gateway does not. */
function examineForRun({ project, attempts, clips, connections, options, signal }: Run): Promise<Examined> {
  const { preflight = true, locked } = options;
  return examine({
    ...{ project, clips, signal, state: attempts, repaired: attempts.repaired },
    scope: options,
    remote: { preflight },
    async findCatalogue(toBuy) {
      if (toBuy.length === 0) return { diagnostics: [] };
      assertKey(project);
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

/** Whether the work asks the gateway of this run: to buy, to follow, to fetch, or once more for what was lost. */
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

/** Whether a clip is as it was delivered, or the best there is. */
function isSound({ found }: Survey, attempt: Attempt): boolean {
  const isLost = attempt.state.kind === 'delivered' && attempt.state.lost !== undefined;
  return isLost || found.statusOf(attempt) !== 'changed';
}

/**
 * The snapshot holds the used models alone. A model by whose dated slug something was bought stays as it was when the
 * catalogue has the slug no more: nothing else tells which model that is.
 */
async function keepSnapshot({ project, attempts }: Run, catalogue: Catalogue): Promise<void> {
  const used = new Set(project.manifest.takes.map((take) => take.settings.model));
  const isUsed = ({ id, canonical_slug }: Model) => used.has(id) || used.has(canonical_slug);
  const bought = new Set(attempts.attempts().map(({ request }) => request.model));
  const former = (attempts.catalogue()?.models ?? []).filter(
    ({ canonical_slug: slug }) => bought.has(slug) && findModel(catalogue.models, slug) === undefined,
  );
  const models = [...catalogue.models.filter(isUsed), ...former];
  await attempts.setCatalogue({ gateway: gatewayIdentity(project.target), models }, catalogue.fetched_at);
}

/** Without approval a pick is of the take, whichever clip it has come to have. */
async function followClips(
  attempts: LocalAttempts<JobOrder>,
  { surveyed, outcomes }: { readonly surveyed: Survey; readonly outcomes: ReadonlyMap<string, TakeOutcome> },
): Promise<void> {
  if (surveyed.context.approve) return;
  const before = attempts.picks();
  const picks = Object.entries(before).map(([shot, pick]) => {
    const outcome = outcomes.get(slotKey({ shot, take: pick.take }));
    const [clip] = outcome?.attempt ? outputsOf(outcome.attempt) : [];
    return [shot, clip ? { ...pick, clip: identityOf(clip) } : pick] as const;
  });
  const now = Object.fromEntries(picks);
  if (!arePicksAlike(now, before)) await attempts.setPicks(now);
}

function workTools(
  { project, attempts, clips, connections, signal, emit }: Run,
  timing: PollTiming,
): WorkTools {
  const { clock, manifest, paths, env } = project;
  const onStop = (reason: StopReason) => emit({ type: 'run.stopping', at: isoNow(clock), reason });
  return {
    ...{ attempts, clips, timing, clock, emit },
    gatewayOf: (attempt) => connections.of(attempt),
    inputs: createInputReader({ paths, clips, env, attempts: () => attempts.attempts() }),
    control: createStopControl({ signal, clock, onStop }),
    pollTimeoutMs: manifest.poll.timeoutMs,
    downloads: pLimit(manifest.concurrency.downloads),
  };
}

/** How long the jobs of earlier runs took, oldest first: those that brought a clip, and whose run saw them end. */
function* lengthsOf(attempts: readonly Attempt[]): Generator<LengthSample> {
  for (const attempt of attempts) {
    const { request, times } = attempt;
    if (times.accepted === undefined || times.completed === undefined) continue;
    if (times.resumed !== undefined || isFruitless(attempt)) continue;
    const { model, duration, resolution } = request;
    yield { model, duration, resolution, lengthMs: times.completed - times.accepted };
  }
}

/** The account of a run that could not write its state to the end is still worth giving. */
async function closeState(attempts: LocalAttempts, stop: (reason: StopReason) => void): Promise<void> {
  try {
    await attempts.close();
  } catch (error) {
    if (!(error instanceof DailiesError)) throw error;
    const { message, hint } = error;
    stop({ kind: 'disk', ...defined({ message, hint }) });
  }
}

function emitStart({ project, emit }: Run, { plan, decisions }: Examined, timing: PollTiming): void {
  const { clock, manifest, paths, target } = project;
  const at = isoNow(clock);
  emit({
    type: 'run.started',
    format: 1,
    at,
    project: manifest.project,
    gateway: target.name,
    output: paths.output,
    total: decisions.length,
    to_buy: purchases(decisions).length,
    concurrency: manifest.concurrency.jobs,
    spent_usd: plan.spent_usd,
    spent_unpriced: plan.spent_unpriced,
    expected_usd: plan.total.expected_usd,
    max_usd: plan.total.max_usd,
    unpriced: plan.total.unpriced,
    budget_usd: plan.budget_usd,
  });
  for (const diagnostic of plan.diagnostics) emit({ type: 'diagnostic', at, diagnostic });
  for (const { take, action, reasons } of decisions) {
    const { model, duration, resolution } = take.settings;
    const expected_ms = timing.expectedMs({ model, duration, resolution });
    const { shot: id, take: number, key } = take;
    const planned = defined({ action, model, reasons, duration, expected_ms });
    emit({ type: 'shot.planned', at, id, take: number, key, ...planned });
  }
}

/**
 * report.json and the contact sheet; gives the sheet's path. Takes out of scope are shown as they stand. Where nothing has
 * happened since they were written, and they are as they were, they stay. A run that was stopped before the project's first
 * purchase has nothing to show, and writes neither.
 */
async function writeReports(
  { project, attempts, emit, options: { renderSheet } }: Run,
  {
    examined,
    outcomes,
    priceOf,
    isStopped,
  }: {
    readonly examined: Examined;
    readonly outcomes: ReadonlyMap<string, TakeOutcome>;
    readonly priceOf: Planned['priceOf'];
    readonly isStopped: boolean;
  },
): Promise<string | undefined> {
  if (isStopped && attempts.attempts().length === 0) return undefined;
  const isAtRest = examined.plan.shots.every(({ action }) => action === 'reuse');
  const written = isAtRest ? reportStamp(project, renderSheet) : undefined;
  if (written && written.stamp === attempts.reported()) return written.sheet;
  const { clock } = project;
  const report = buildReport({
    ...{ project, outcomes, priceOf, survey: examined.surveyed, generatedAt: isoNow(clock) },
    attempts: attempts.attempts(),
    picks: attempts.picks(),
  });
  try {
    const sheet = await writeReport(project, report, renderSheet);
    if (isAtRest) attempts.setReported(reportStamp(project, renderSheet)?.stamp ?? '');
    return sheet;
  } catch (error) {
    // It can be made again at any time: dailies sheet.
    warn({ clock, emit }, `the report was not written: ${messageOf(error)}`);
    return undefined;
  }
}
