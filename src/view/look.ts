import { countedUsd, paperUsd, reportedUsd } from '../cost/budget.js';
import type { Attempt } from '../domain/attempt.js';
import { groupBy } from '../domain/group-by.js';
import { sumUsd } from '../domain/money.js';
import { buys } from '../domain/plan.js';
import type { ReportOutput } from '../domain/report.js';
import { isDelivered, isLive } from '../domain/standing.js';
import { findState } from '../flow/batch/state.js';
import { earlierClip, reportOutputs, storedOutputs } from '../flow/commands/report.js';
import { lengthsOf } from '../flow/commands/run.js';
import { standOf, type Stand } from '../flow/commands/status.js';
import type { Project } from '../flow/project/project.js';
import { slotKey } from '../plan/graph.js';
import { createPollTiming, type PollTiming } from '../shot/poll-timing.js';
import type { SheetHead, SheetTake } from '../sheet/page/index.js';
import { earlierTake, sheetHead, sheetTake } from '../sheet/sheet-data.js';
import { createTimeLeft } from '../ui/time-left.js';

/** A project as a page shows it at one moment. */
export interface Look {
  readonly head: SheetHead & Money;
  readonly takes: readonly SheetTake[];
  /** The clips that the page may ask for, by their hash. */
  readonly clips: ReadonlyMap<string, Pick<ReportOutput, 'bytes' | 'media'>>;
  /** What was put right in the state, and why workers do not go on, in sentences. */
  readonly told: readonly string[];
  /** Milliseconds until everything that is bought now has ended, if that is known. */
  readonly leftMs: number | undefined;
}

/** What counts against the ceiling, apart. US dollars. */
export interface Money {
  /** Reported by the gateway. */
  readonly paidUsd: number;
  /** Of jobs that have no reported cost yet: their upper estimates. */
  readonly committedUsd: number;
}

/** More earlier clips than that nobody compares. */
const MOST_EARLIER = 12;

/**
 * Reads how a project stands, from its files or its database, while anyone may be at work on it; changes nothing. Clips are shown from the
 * store, whether they have names or not. Throws as the state's home does.
 */
export async function lookAt(project: Project): Promise<Look> {
  const found = await findState(project);
  const { state } = found;
  const { report, surveyed, notes } = await standOf(project, found, { clips: 'stored' });
  const attempts = state.attempts();
  const noted = groupBy(notes, ({ sha256 }) => sha256);
  const byOwner = groupBy(attempts, ({ owner }) => slotKey(owner));
  const timing = createPollTiming({
    intervalMs: project.manifest.poll.intervalMs,
    history: lengthsOf(attempts),
  });
  const outputs = (attempt: Attempt) => reportOutputs(project, storedOutputs(attempt), noted);
  const clips = new Map<string, Pick<ReportOutput, 'bytes' | 'media'>>();
  for (const attempt of attempts)
    for (const { sha256, bytes, media } of storedOutputs(attempt)) clips.set(sha256, { bytes, media });
  const takes = report.takes.map((take): SheetTake => {
    const shown = new Set([...take.outputs, ...(take.earlier?.outputs ?? [])].map(({ sha256 }) => sha256));
    const slot = slotKey({ shot: take.id, take: take.take });
    const others = (byOwner.get(slot) ?? []).filter(
      (attempt) => isDelivered(attempt) && !attempt.state.outputs.some(({ sha256 }) => shown.has(sha256)),
    );
    const { settings } = take;
    return {
      ...sheetTake(take, addressOf),
      expectedMs: timing.expectedMs(settings),
      ...(others.length === 0
        ? {}
        : {
            earlier: others
              .slice(-MOST_EARLIER)
              .map((attempt) => earlierTake(take, earlierClip(attempt, outputs(attempt)), addressOf)),
          }),
    };
  });
  return {
    head: { ...sheetHead(report), ...moneyOf(attempts) },
    takes,
    clips,
    told: [...found.repaired, ...found.trouble],
    leftMs: leftMs(project, takes, { timing, surveyed, attempts }),
  };
}

/** Where the page finds a clip: with the server that serves the page, by its content. */
function addressOf({ sha256 }: ReportOutput): string {
  return `clips/${sha256}`;
}

function moneyOf(attempts: readonly Attempt[]): Money {
  const isReported = (attempt: Attempt) => reportedUsd(attempt) !== undefined;
  const onPaper = attempts.every(({ gateway }) => gateway === 'sandbox');
  const counted = onPaper ? paperUsd : countedUsd;
  const sum = (some: readonly Attempt[]) => sumUsd(some.map((attempt) => counted(attempt) ?? 0));
  return {
    paidUsd: sum(attempts.filter(isReported)),
    committedUsd: sum(attempts.filter((attempt) => !isReported(attempt) && isLive(attempt))),
  };
}

function leftMs(
  { manifest, clock }: Project,
  takes: readonly SheetTake[],
  {
    timing,
    surveyed,
    attempts,
  }: {
    readonly timing: PollTiming;
    readonly surveyed: Stand['surveyed'];
    readonly attempts: readonly Attempt[];
  },
): number | undefined {
  const estimator = createTimeLeft();
  const waiting = new Map<string, number>();
  for (const { take, action, blocked_by } of surveyed.decisions.values()) {
    if (!buys(action) || blocked_by !== undefined) continue;
    const { model, duration } = take.settings;
    const cohort = `${model} ${duration ?? ''}`;
    waiting.set(cohort, (waiting.get(cohort) ?? 0) + 1);
    const expected = timing.expectedMs(take.settings);
    if (expected !== undefined) estimator.expect(cohort, expected);
  }
  // What other models took is a guess for a model that nothing is known of.
  for (const { model, duration, lengthMs } of lengthsOf(attempts))
    estimator.learn(`${model} ${duration ?? ''}`, lengthMs);
  const running = takes
    .filter(({ state }) => state === 'active')
    .map(({ model, times, expectedMs }) => ({
      cohort: model,
      elapsedMs: clock.now() - (times.submitted ?? clock.now()),
      expectedMs,
    }));
  return estimator.estimate({ running, waiting, cap: manifest.concurrency.jobs });
}
