import pLimit from 'p-limit';
import { ageOf, isoNow } from '../../clock.js';
import type { Model } from '../../domain/catalogue.js';
import { defined } from '../../domain/defined.js';
import { identityOf, outputsOf, type Attempt } from '../../domain/attempt.js';
import { isDelivered, isFruitless } from '../../domain/standing.js';
import type { EventSink, RunSummary, StopReason } from '../../events.js';
import { DailiesError, messageOf } from '../../errors.js';
import { purchases } from '../../plan/document.js';
import { slotKey } from '../../plan/graph.js';
import { arePicksAlike } from '../../plan/picks.js';
import { doneRerenders } from '../../plan/rerender.js';
import { namedClips } from '../../plan/view.js';
import { createPollTiming, type LengthSample, type PollTiming } from '../../shot/poll-timing.js';
import type { ProjectAttempts } from '../../store/attempt-store.js';
import { settleClips } from '../clips/find-clips.js';
import { webhooksOf } from '../work/run-webhooks.js';
import type { Examined } from '../plan/examine.js';
import { pricesBy } from '../plan/prices.js';
import { stemOf, viewFor, type Survey } from '../plan/survey.js';
import { checkWorkOptions } from '../project/check-options.js';
import { connect, gatewayIdentity } from '../project/connections.js';
import { mayUseKey } from '../project/name-key.js';
import type { Project } from '../project/project.js';
import { clipsOf, namesOf } from '../project/state-home.js';
import { stopForPicks } from '../work/approval.js';
import { adoptNamed } from '../work/adopt.js';
import type { Callback } from '../work/callback.js';
import { createHints } from '../work/hints.js';
import { execute, type Planned } from '../work/execute.js';
import { copyCounter, replacedIn } from '../work/orders.js';
import { createInputReader, filesIn } from '../work/inputs.js';
import { agree, beginWork, spendingOf, type AgreeOptions, type Agreeing } from './agree.js';
import { guarded } from '../work/listener.js';
import { createStopControl } from '../work/stop-control.js';
import { summarize } from '../work/summary.js';
import type { TakeOutcome } from '../work/take-outcome.js';
import { warn, type WorkTools } from '../work/tools.js';
import { hintAtUsage, usageBefore, usageOf } from '../work/usage-hint.js';
import { hearingBeats } from '../work/webhooks.js';
import { checksBeside } from '../work/checks-beside.js';
import { findingsOfTake } from '../work/known-findings.js';
import { openPictureChecks, type PictureChecks } from '../work/picture-checks.js';
import type { ClipStore } from '../../store/clip-store.js';
import { projectFindings, warned, withFindings } from './findings.js';
import { openState } from '../batch/state.js';
import type { JobOrder } from '../work/worker.js';
import { workSequence } from '../work/work-sequence.js';
import { readNotes } from './notes.js';
import { pickIn, type PickedTakes, type PickWish } from './pick.js';
import { buildReport } from './report.js';
import { reportStamp, writeReport, type RenderSheet } from './write-report.js';

export interface RunOptions extends AgreeOptions {
  /** Called for each event; an error that it throws is rethrown once the run is over. */
  readonly onEvent?: EventSink;
  /** Called once, when the run has the project: nobody else can pick until it is over. */
  readonly onOpen?: (pick: (wish: PickWish) => Promise<PickedTakes>) => void;
  /** Interrupts the run: no more submits, the state is written, exit code 130. */
  readonly signal?: AbortSignal;
  /** Makes the contact sheet's HTML; undefined for none. If absent, the library's `run` makes dailies' own. */
  readonly renderSheet?: RenderSheet | undefined;
  /** The public address below which gateways report the ends of jobs; it leads to `listen`. */
  readonly callback?: string;
  /** The address on which this process hears them: `HOST:PORT`. Without it, a `dailies hook` of the same store does. */
  readonly listen?: string;
}

/**
 * Renders what is not there yet. Resolves with the summary of the run, even if shots fail.
 * Throws if nothing was begun: ManifestError (exit 2), or a DailiesError with exit 3 (`usage`, for options: 2); and the error
 * that `onEvent` threw, when all is on disk.
 */
export async function runProject(project: Project, options: RunOptions = {}): Promise<RunSummary> {
  checkWorkOptions(options);
  const listener = guarded(options.onEvent);
  const summary = await runWith(project, options, listener.emit);
  await listener.settle();
  return summary;
}

async function runWith(project: Project, options: RunOptions, tell: EventSink): Promise<RunSummary> {
  const { clock, manifest } = project;
  const startedAt = isoNow(clock);
  const elapsedMs = ageOf(clock, undefined);
  const signal = options.signal ?? new AbortController().signal;
  const webhooks = webhooksOf(project, options);
  let heard: (document: unknown, job: string) => void = () => undefined;
  const opened = await openState(project, spendingOf(project, options), (...hint) => heard(...hint));
  const { attempts } = opened;
  const { target } = project;
  const connections = connect(project, { usesKey: mayUseKey(target, options.withKey) });
  const clips = clipsOf(project);
  const checks = await checksOf(project, { clips, signal, emit: tell });
  const beside = checksBeside(checks, { clock, emit: tell });
  const { emit } = beside;
  const run: Run = { project, options, attempts, clips, connections, signal, emit };
  options.onOpen?.((wish) => pickIn(project, attempts, wish));
  try {
    await opened.shared?.assertComplete();
    const agreed = await agree(run, { asksItself: true });
    const { examined, stopped, toPay } = agreed;
    const { surveyed, catalogue } = examined;
    await beginWork(run, agreed, opened.shared);
    await settleClips(surveyed.found, clips);
    const names = namesOf(project, attempts, clips);
    // Clips that are fetched again get their names then.
    const blocked = await names.sync(viewFor(project, surveyed), (attempt) => isSound(surveyed, attempt));

    const timing = createPollTiming({
      intervalMs: manifest.poll.intervalMs,
      history: lengthsOf(attempts.attempts()),
      published: publishedLengths(catalogue?.models),
    });
    const ownTools = workTools(run, { timing, callback: webhooks?.callback });
    const { control, hints } = ownTools;
    if (opened.shared) heard = hearingBeats({ attempts: opened.shared.attempts, hints });
    const usageNow = () => usageOf(() => connections.current(), control.working);
    const usage = toPay ? usageNow() : Promise.resolve(undefined);
    const tools = { ...ownTools, usageBefore: usageBefore(usage, clock) };
    emitStart(run, examined, timing);
    if (surveyed.rerender?.open.size === 0) warn(tools, MADE_ANEW);
    if (stopped) control.stop(stopped);
    const planned: Planned = {
      survey: surveyed,
      sequence: workSequence({ survey: surveyed, timing }),
      gateway: gatewayIdentity(project.target),
      manifest,
      retries: manifest.retries,
      priceOf: pricesBy(catalogue, project),
      nextCopy: copyCounter(opened.shared?.attempts.copies()),
      isReplaced: opened.shared ? replacedIn(attempts.attempts()) : () => false,
      blocked,
      show: (take, attempt) =>
        names.show(isDelivered(attempt) ? namedClips(attempt, take, stemOf(project, take)) : []),
    };
    const listening = isAllThere(examined) ? undefined : await webhooks?.hear(tools);
    const outcomes = await execute(tools, planned).finally(() => listening?.close());
    await followClips(attempts, { surveyed, outcomes });
    stopForPicks({ takes: manifest.takes, survey: surveyed, outcomes, control });
    await beside.finish();
    await hintAtUsage(tools, { outcomes, before: usage, now: usageNow });
    control.release();
    const isStopped = control.reason !== undefined;
    const sheet = await writeReports(run, { examined, outcomes, priceOf: planned.priceOf, isStopped });
    for (const attempt of doneRerenders(attempts.attempts()))
      attempts.note(attempt, { type: 'rerendered', at: isoNow(clock) });
    await closeState(attempts, (reason) => control.stop(reason));
    const results = surveyed.inScope
      .flatMap((take) => outcomes.get(slotKey(take))?.result ?? [])
      .map((result) => {
        const findings = checks && findingsOfTake(result.outputs, checks);
        return findings ? { ...result, outputs: warned(result.outputs, findings) } : result;
      });
    const refused = listening?.refused();
    const account = { project, tools, examined, results, sheet, refused, priceOf: planned.priceOf };
    const summary = summarize({ ...account, startedAt, elapsedMs });
    emit({ type: 'run.finished', at: isoNow(clock), summary });
    return summary;
  } finally {
    await connections.close();
    await opened.close();
  }
}

/** For a run that delivered the last take of `--rerender` and was killed before it could say so. */
const MADE_ANEW =
  'an interrupted run already rendered everything that --rerender names: run again to render it once more';

/** The checks that the manifest asks for; undefined for none. */
async function checksOf(
  { manifest: { checks }, paths, env, clock }: Project,
  {
    clips,
    signal,
    emit,
  }: { readonly clips: ClipStore; readonly signal: AbortSignal; readonly emit: EventSink },
): Promise<PictureChecks | undefined> {
  if (!checks) return undefined;
  const warnOf = (message: string) => warn({ clock, emit }, message);
  return openPictureChecks({ ...{ checks, clips, paths, env, signal }, warn: warnOf });
}

/** What a run works on, and all that it has open. */
interface Run extends Agreeing {
  readonly options: RunOptions;
  readonly emit: EventSink;
}

/** Whether every take is there, so that only the report is left to do. */
function isAllThere({ plan }: Examined): boolean {
  return plan.shots.every(({ action }) => action === 'reuse');
}

/** Whether a clip is as it was delivered, or the best there is. */
function isSound({ found }: Survey, attempt: Attempt): boolean {
  const isLost = attempt.state.kind === 'delivered' && attempt.state.lost !== undefined;
  return isLost || found.statusOf(attempt) !== 'changed';
}

/** Without approval a pick belongs to the take, even if its clip changes. */
async function followClips(
  attempts: ProjectAttempts<JobOrder>,
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
  { timing, callback }: { readonly timing: PollTiming; readonly callback: Callback | undefined },
): WorkTools {
  const { clock, manifest, paths, env } = project;
  const onStop = (reason: StopReason) => emit({ type: 'run.stopping', at: isoNow(clock), reason });
  const control = createStopControl({ signal, clock, onStop });
  const gatewayOf: WorkTools['gatewayOf'] = (attempt) => connections.of(attempt);
  const asking = { attempts, gatewayOf, control, clock, emit };
  const adopt = (attempt: Attempt, job: string) => adoptNamed(asking, attempt, job);
  return {
    ...{ attempts, clips, timing, clock, emit, control, gatewayOf, callback },
    hints: createHints({ attempts, clock, adopt, isListening: callback !== undefined }),
    account: () => attempts.account(),
    inputs: createInputReader({
      ...{ paths, files: filesIn(paths.folder), clips, env },
      attempts: () => attempts.attempts(),
    }),
    pollTimeoutMs: manifest.poll.timeoutMs,
    downloads: pLimit(manifest.concurrency.downloads),
  };
}

/** How long the jobs of earlier runs took, oldest first: those that brought a clip, and whose run saw them end. */
export function* lengthsOf(attempts: readonly Attempt[]): Generator<LengthSample> {
  for (const attempt of attempts) {
    const { request, times } = attempt;
    if (times.accepted === undefined || times.completed === undefined) continue;
    if (times.resumed !== undefined || isFruitless(attempt)) continue;
    const { model, duration, resolution } = request;
    yield { model, duration, resolution, lengthMs: times.completed - times.accepted };
  }
}

/** How long the gateway says that jobs of its models take, by each name of a model. */
function publishedLengths(models: readonly Model[] = []): ReadonlyMap<string, number> {
  return new Map(
    models.flatMap(({ id, canonical_slug, latency_ms: ms }) =>
      ms === undefined ? [] : [[canonical_slug, ms] as const, [id, ms] as const],
    ),
  );
}

/** A run that could not write its last state still gives its summary. */
async function closeState(attempts: ProjectAttempts, stop: (reason: StopReason) => void): Promise<void> {
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
 * report.json and the contact sheet; gives the sheet's path. Takes out of scope are shown in their current state. If nothing has
 * happened since the files were written, and they are unchanged, they stay. A run that was stopped before the project's first
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
  const found = await projectFindings(project);
  const isAtRest = isAllThere(examined);
  const written = isAtRest ? reportStamp(project, renderSheet) : undefined;
  if (written && written.stamp === attempts.reported()) return written.sheet;
  const { clock } = project;
  try {
    const report = buildReport({
      ...{ project, outcomes, priceOf, survey: examined.surveyed, generatedAt: isoNow(clock) },
      attempts: attempts.attempts(),
      picks: attempts.picks(),
      notes: await readNotes(project),
    });
    const sheet = await writeReport(project, withFindings(report, found), renderSheet);
    if (isAtRest) attempts.setReported(reportStamp(project, renderSheet)?.stamp ?? '');
    return sheet;
  } catch (error) {
    // It can be made again at any time: dailies sheet.
    warn({ clock, emit }, `the report was not written: ${messageOf(error)}`);
    return undefined;
  }
}
