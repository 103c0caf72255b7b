import { isoNow } from '../clock.js';
import type { PlanDocument } from '../domain/plan.js';
import type { EventSink, RunSummary } from '../events.js';
import { DailiesError, messageOf } from '../errors.js';
import { slotKey } from '../plan/graph.js';
import type { PollTiming } from '../shot/poll-timing.js';
import { openShotStore } from '../store/shot-store.js';
import { purchases } from '../plan/document.js';
import { stopForPicks } from './approval.js';
import { checkWorkOptions } from './check-options.js';
import { connect } from './connections.js';
import { execute } from './execute.js';
import { guarded } from './listener.js';
import { prepare, type Prepared, type PrepareOptions } from './prepare.js';
import type { Project } from './project.js';
import { recover } from './recover.js';
import { buildReport } from './report.js';
import { warn, type RunContext } from './run-context.js';
import { createContext } from './run-setup.js';
import { summarize } from './summary.js';
import type { TakeOutcome } from './take-outcome.js';
import { hintAtUsage, usageOf } from './usage-hint.js';
import { writeReport, type RenderSheet } from './write-report.js';

export interface RunOptions extends PrepareOptions {
  /** Asked before money is spent; false ends the run with nothing submitted. */
  readonly confirm?: (plan: PlanDocument) => Promise<boolean>;
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
  const { clock, paths, manifest } = project;
  const startedAt = isoNow(clock);
  const signal = options.signal ?? new AbortController().signal;
  const store = await openShotStore({ lockfile: paths.lockfile, project: manifest.project, clock });
  const connections = connect(project);
  try {
    await recover(project, store);
    const prepared = await prepare({ project, store, connections, options, signal });
    const { plan } = prepared;
    signal.throwIfAborted();
    if (options.confirm && buysForMoney(project, prepared) && !(await options.confirm(plan))) {
      throw new DailiesError('declined', 'nothing was submitted');
    }
    const context = createContext({
      ...{ project, store, connections, prepared, signal, emit },
      maxCostUsd: options.maxCostUsd,
    });
    emitStart({ project, prepared, timing: context.timing, emit });
    if (prepared.stopped) context.control.stop(prepared.stopped);
    const usage = buysForMoney(project, prepared)
      ? usageOf(() => connections.current(), context.control.working)
      : Promise.resolve(undefined);
    const outcomes = await execute(context);
    stopForPicks(context, outcomes);
    const results = prepared.surveyed.inScope.flatMap((take) => outcomes.get(slotKey(take))?.result ?? []);
    await hintAtUsage(context, usage);
    context.control.release();
    const sheet = await writeReports({ context, prepared, outcomes, renderSheet: options.renderSheet });
    await closeStore(context);
    const summary = summarize({
      context,
      plan,
      results,
      startedAt,
      stopped: context.control.reason,
      sheet,
    });
    emit({ type: 'run.finished', at: isoNow(clock), summary });
    return summary;
  } finally {
    await connections.close();
    await store.close();
  }
}

function buysForMoney({ target }: Project, { decisions, stopped }: Prepared): boolean {
  return target.kind !== 'sandbox' && !stopped && purchases(decisions).length > 0;
}

/** The account of a run that could not write its state to the end is still worth giving. */
async function closeStore({ store, control }: RunContext): Promise<void> {
  try {
    await store.close();
  } catch (error) {
    if (!(error instanceof DailiesError)) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    control.stop({ kind: 'disk', message: error.message, ...hint });
  }
}

function emitStart({
  project,
  prepared,
  timing,
  emit,
}: {
  readonly project: Project;
  readonly prepared: Prepared;
  readonly timing: PollTiming;
  readonly emit: EventSink;
}): void {
  const { clock, manifest, paths, target } = project;
  const { plan, decisions } = prepared;
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
    const expectedMs = timing.expectedMs({ model, duration, resolution });
    emit({
      type: 'shot.planned',
      at,
      id: take.shot,
      take: take.take,
      key: take.key,
      action,
      model,
      reasons,
      ...(duration === undefined ? {} : { duration }),
      ...(expectedMs === undefined ? {} : { expected_ms: expectedMs }),
    });
  }
}

/** report.json and the contact sheet; gives the sheet's path. Takes out of scope are shown as they stand. */
async function writeReports({
  context,
  prepared,
  outcomes,
  renderSheet,
}: {
  readonly context: RunContext;
  readonly prepared: Prepared;
  readonly outcomes: ReadonlyMap<string, TakeOutcome>;
  readonly renderSheet: RunOptions['renderSheet'];
}): Promise<string | undefined> {
  const { project, store, priceOf, clock } = context;
  const report = buildReport({
    project,
    survey: prepared.surveyed,
    outcomes,
    attempts: store.attempts(),
    picks: store.picks(),
    priceOf,
    generatedAt: isoNow(clock),
  });
  try {
    context.assertOutput();
    return await writeReport(project, report, renderSheet);
  } catch (error) {
    // It can be made again at any time: dailies sheet.
    warn(context, `the report was not written: ${messageOf(error)}`);
    return undefined;
  }
}
