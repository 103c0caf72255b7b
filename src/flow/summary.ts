import { isoNow } from '../clock.js';
import { countUnpriced } from '../cost/budget.js';
import type { PlanDocument } from '../domain/plan.js';
import type { ExitCode } from '../errors.js';
import type { RunSummary, StopReason, TakeResult } from '../events.js';
import { buys } from '../domain/plan.js';
import { isUncertain } from '../plan/standing.js';
import type { RunContext } from './run-context.js';

/** The closing account of a run. */
export function summarize({
  context,
  plan,
  results,
  startedAt,
  stopped,
  sheet,
}: {
  readonly context: RunContext;
  readonly plan: PlanDocument;
  readonly results: readonly TakeResult[];
  readonly startedAt: string;
  readonly stopped: StopReason | undefined;
  readonly sheet: string | undefined;
}): RunSummary {
  const { project, ledger, clock, survey, store } = context;
  const delivered = results.filter(({ outcome }) => outcome === 'delivered');
  return {
    version: 1,
    project: project.manifest.project,
    gateway: project.target.name,
    output: project.paths.output,
    started_at: startedAt,
    finished_at: isoNow(clock),
    // An unanswered submit is an open question, also where its shot has left the manifest.
    exit_code: exitCodeOf(
      stopped,
      delivered.length === results.length && !survey.orphans.some(({ id }) => isUncertain(store.get(id))),
    ),
    counts: {
      total: results.length,
      delivered: delivered.length,
      reused: delivered.filter(({ action }) => action === 'reuse').length,
      submitted: results.filter(
        ({ action, outcome }) => buys(action) && outcome !== 'not_submitted' && outcome !== 'blocked',
      ).length,
    },
    cost_usd: ledger.runUsd,
    cost_unpriced: ledger.runUnpriced,
    estimated_usd: plan.total.expected_usd,
    estimated_unpriced: plan.total.unpriced,
    spent_usd: ledger.spentUsd,
    spent_unpriced: countUnpriced(store.attempts()),
    budget_usd: project.manifest.budget_usd ?? null,
    ...(stopped ? { stopped } : {}),
    shots: results,
    ...(sheet === undefined ? {} : { sheet }),
  };
}

function exitCodeOf(stopped: StopReason | undefined, isComplete: boolean): ExitCode {
  switch (stopped?.kind) {
    case 'interrupted':
      return 130;
    case 'key':
    case 'credits':
    case 'budget':
    case 'unpriced':
    case 'gateway':
    case 'disk':
      return 3;
    case 'approval':
    case undefined:
      return isComplete ? 0 : 1;
  }
}
