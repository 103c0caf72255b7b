import type { Attempt } from '../domain/attempt.js';
import type { Diagnostic } from '../domain/diagnostic.js';
import { FREE, sumUsd } from '../domain/money.js';
import type { PlanAction, PlanDocument, PlanRow } from '../domain/plan.js';
import type { Decision } from './decide.js';

/** Whether an action submits a job. */
export function buys(action: PlanAction): boolean {
  return action === 'render' || action === 'rerender' || action === 'retry';
}

/** The plan as it is printed: a row a take, then the orphans, then the totals. */
export function planDocument({
  project,
  gateway,
  decisions,
  orphans,
  spentUsd,
  budgetUsd,
  diagnostics,
}: {
  readonly project: string;
  readonly gateway: string;
  readonly decisions: readonly Decision[];
  readonly orphans: readonly Attempt[];
  readonly spentUsd: number;
  readonly budgetUsd: number | undefined;
  readonly diagnostics: readonly Diagnostic[];
}): PlanDocument {
  const shots = [...decisions.map(rowOf), ...orphans.map(orphanRow)];
  const bought = shots.filter((row) => buys(row.action) && row.blocked_by === undefined);
  const total = (bound: 'min_usd' | 'expected_usd' | 'max_usd') =>
    sumUsd(bought.map((row) => row.estimate?.[bound] ?? 0));
  return {
    version: 1,
    project,
    gateway,
    shots,
    total: {
      min_usd: total('min_usd'),
      expected_usd: total('expected_usd'),
      max_usd: total('max_usd'),
      unpriced: bought.filter((row) => row.estimate === null).length,
    },
    spent_usd: spentUsd,
    budget_usd: budgetUsd ?? null,
    diagnostics,
  };
}

function rowOf({ take, action, reasons, estimate, waits_for, blocked_by }: Decision): PlanRow {
  return {
    id: take.shot,
    take: take.take,
    action,
    reasons,
    model: take.settings.model,
    estimate,
    ...(waits_for.length > 0 ? { depends_on: waits_for } : {}),
    ...(blocked_by === undefined ? {} : { blocked_by }),
  };
}

function orphanRow({ owner, request, state }: Attempt): PlanRow {
  const isInFlight = state.kind !== 'delivered';
  return {
    id: owner.shot,
    take: owner.take,
    action: 'orphan',
    reasons: [isInFlight ? `job of a removed shot, ${state.kind}` : 'not in the manifest any more'],
    model: request.model,
    estimate: FREE,
  };
}
