import { isoNow } from '../../clock.js';
import { paperUsd } from '../../cost/budget.js';
import { defined } from '../../domain/defined.js';
import { sumUsd, type Estimate } from '../../domain/money.js';
import type { Take } from '../../domain/take.js';
import { slotKey } from '../../plan/graph.js';
import type { Survey } from '../plan/survey.js';
import { buys } from '../../domain/plan.js';
import { isUncertain } from '../../domain/standing.js';
import type { ExitCode } from '../../errors.js';
import type { RunSummary, StopReason, TakeResult } from '../../events.js';
import type { Examined } from '../plan/examine.js';
import type { Project } from '../project/project.js';
import type { WorkTools } from './tools.js';
import type { Refused } from './webhooks.js';

/** The closing account of a run. */
export function summarize({
  project,
  tools,
  examined: { plan, surveyed },
  results,
  priceOf,
  startedAt,
  elapsedMs,
  sheet,
  refused = {},
}: {
  readonly project: Project;
  readonly tools: WorkTools;
  readonly examined: Examined;
  readonly results: readonly TakeResult[];
  readonly priceOf: (take: Take) => Estimate | null;
  readonly startedAt: string;
  /** Tells how long ago that was. */
  readonly elapsedMs: () => number;
  readonly sheet: string | undefined;
  /** Webhooks that were refused. */
  readonly refused?: Refused | undefined;
}): RunSummary {
  const { attempts, clock, control } = tools;
  const { reason: stopped } = control;
  const { spentUsd, spentUnpriced, runUsd, runUnpriced } = attempts.account();
  const delivered = results.filter(({ outcome }) => outcome === 'delivered');
  return {
    version: 1,
    project: project.manifest.project,
    gateway: project.target.name,
    output: project.paths.output,
    started_at: startedAt,
    finished_at: isoNow(clock),
    elapsed_ms: elapsedMs(),
    // An unanswered submit is an open question, also if its shot has left the manifest.
    exit_code: exitCodeOf(
      stopped,
      delivered.length === results.length &&
        !surveyed.orphans.some(({ id }) => isUncertain(attempts.get(id))),
    ),
    counts: {
      total: results.length,
      delivered: delivered.length,
      reused: delivered.filter(({ action }) => action === 'reuse').length,
      submitted: results.filter(
        ({ action, outcome }) => buys(action) && outcome !== 'not_submitted' && outcome !== 'blocked',
      ).length,
    },
    cost_usd: runUsd,
    cost_unpriced: runUnpriced,
    ...(project.target.kind === 'sandbox' ? { on_paper_usd: paperCost(attempts, surveyed) } : {}),
    estimated_usd: plan.total.expected_usd,
    estimated_unpriced: plan.total.unpriced,
    spent_usd: spentUsd,
    spent_unpriced: spentUnpriced,
    budget_usd: project.manifest.budget_usd ?? null,
    ...defined({ stopped, sheet }),
    ...(Object.keys(refused).length > 0 ? { webhooks_refused: { ...refused } } : {}),
    ...leftOf({ results, surveyed, priceOf }),
    shots: results,
  };
}

/** What this run has submitted, by its prices: jobs in flight too. */
function paperCost(attempts: WorkTools['attempts'], { inScope }: Survey): number {
  const begun = inScope.flatMap((take) => attempts.begunFor({ shot: take.shot, take: take.take }));
  return sumUsd(begun.map((attempt) => paperUsd(attempt) ?? 0));
}

/** What the next run would still buy. */
function leftOf({
  results,
  surveyed: { inScope, rerender },
  priceOf,
}: {
  readonly results: readonly TakeResult[];
  readonly surveyed: Survey;
  readonly priceOf: (take: Take) => Estimate | null;
}): Pick<RunSummary, 'left_usd' | 'left_to_rerender'> {
  const among = (...outcomes: readonly TakeResult['outcome'][]): Take[] => {
    // An attempt that failed before and may not be retried is held.
    const left = results.filter(({ outcome, action }) => action !== 'held' && outcomes.includes(outcome));
    const keys = new Set(left.map(({ key }) => key));
    return inScope.filter(({ key }) => keys.has(key));
  };
  const bought = ['failed', 'refused', 'not_submitted'] as const;
  const usd = sumUsd(among(...bought).map((take) => priceOf(take)?.max_usd ?? 0));
  const asked = among(...bought, 'blocked').filter((take) => rerender?.all.has(slotKey(take)));
  return defined({
    left_usd: usd > 0 ? usd : undefined,
    left_to_rerender: asked.length > 0 ? asked.map(({ key }) => key) : undefined,
  });
}

function exitCodeOf(stopped: StopReason | undefined, isComplete: boolean): ExitCode {
  switch (stopped?.kind) {
    case 'interrupted':
      return 130;
    case 'key':
    case 'credits':
    case 'budget':
    case 'unpriced':
    case 'unconfirmed':
    case 'gateway':
    case 'disk':
      return 3;
    case 'approval':
    case undefined:
      return isComplete ? 0 : 1;
  }
}
