import { countUnpriced, spentUsd } from '../cost/budget.js';
import type { Attempt } from '../domain/attempt.js';
import type { Catalogue } from '../domain/catalogue.js';
import { defined } from '../domain/defined.js';
import type { Diagnostic } from '../domain/diagnostic.js';
import { FREE, sumUsd, type Estimate } from '../domain/money.js';
import { buys, type PlanDocument, type PlanProduct, type PlanRow, type PlanTotal } from '../domain/plan.js';
import { isUncertain } from '../domain/standing.js';
import type { Take } from '../domain/take.js';
import type { Decision } from './decision.js';

/** The purchases of a plan: the takes that it submits jobs for. */
export function purchases(decisions: readonly Decision[]): Take[] {
  const isBought = ({ action, blocked_by }: Decision) => blocked_by === undefined && buys(action);
  return decisions.filter(isBought).map(({ take }) => take);
}

/** The same, plus the takes that are still blocked, such as by a missing pick. */
export function purchasesInTime(decisions: readonly Decision[]): Take[] {
  return decisions.filter(({ action }) => buys(action)).map(({ take }) => take);
}

/** The plan for printing: a row for each take, then the orphans, then the totals. */
export function planDocument({
  project,
  gateway,
  hash,
  decisions,
  orphans,
  estimate,
  attempts,
  budgetUsd,
  catalogue,
  products,
  diagnostics,
}: {
  readonly project: string;
  readonly gateway: string;
  /** See plan-hash.ts. */
  readonly hash: string;
  readonly decisions: readonly Decision[];
  readonly orphans: readonly Attempt[];
  /** The price of a take to buy; null if its model has none. */
  readonly estimate: (take: Take) => Estimate | null;
  /** All attempts on record, for the amount spent so far. */
  readonly attempts: readonly Attempt[];
  readonly budgetUsd: number | undefined;
  readonly catalogue: Catalogue | undefined;
  readonly products: readonly PlanProduct[];
  readonly diagnostics: readonly Diagnostic[];
}): PlanDocument {
  const shots = [...decisions.map((decision) => rowOf(decision, estimate)), ...orphans.map(orphanRow)];
  const bought = shots.filter((row) => buys(row.action) && row.blocked_by === undefined);
  const later = shots.filter((row) => row.waits_for_pick);
  // If --only or --until leaves out a part of a product, this plan does not mention the product.
  const whole = products.filter(({ id, expansions, takes }) => {
    return decisions.filter(({ take }) => take.manifest_id === id).length === expansions * takes;
  });
  return {
    version: 1,
    project,
    gateway,
    plan_hash: hash,
    shots,
    total: totalOf(bought),
    ...(later.length > 0 ? { after_picks: totalOf(later) } : {}),
    spent_usd: spentUsd(attempts),
    spent_unpriced: countUnpriced(attempts),
    budget_usd: budgetUsd ?? null,
    ...(catalogue ? { catalogue: { source: catalogue.source, fetched_at: catalogue.fetched_at } } : {}),
    ...(whole.length > 0 ? { products: whole } : {}),
    diagnostics,
  };
}

/** What rows cost together. */
export function totalOf(rows: readonly PlanRow[]): PlanTotal {
  const total = (bound: 'min_usd' | 'expected_usd' | 'max_usd') =>
    sumUsd(rows.map(({ estimate }) => estimate?.[bound] ?? 0));
  return {
    min_usd: total('min_usd'),
    expected_usd: total('expected_usd'),
    max_usd: total('max_usd'),
    unpriced: rows.filter(({ estimate }) => estimate === null).length,
  };
}

function rowOf(decision: Decision, estimate: (take: Take) => Estimate | null): PlanRow {
  const { take, action, reasons, attempt, waits_for, blocked_by, waits_for_pick } = decision;
  const { duration, resolution, aspect_ratio, size } = take.settings;
  return {
    id: take.shot,
    take: take.take,
    action,
    reasons,
    model: take.settings.model,
    ...defined({ duration, resolution, aspect_ratio, size }),
    estimate: buys(action) ? estimate(take) : FREE,
    ...defined({ depends_on: waits_for.length > 0 ? waits_for : undefined, blocked_by, waits_for_pick }),
    ...(action === 'held' && attempt ? { settle: isUncertain(attempt) ? 'unanswered' : 'lost' } : {}),
  };
}

function orphanRow({ owner, request, state }: Attempt): PlanRow {
  const isInFlight = state.kind !== 'delivered';
  return {
    id: owner.shot,
    take: owner.take,
    action: 'orphan',
    reasons: [isInFlight ? `job of a removed shot, ${state.kind}` : 'no longer in the manifest'],
    model: request.model,
    estimate: FREE,
  };
}
