import { buys, type PlanDocument, type PlanRow } from '../domain/plan.js';
import type { AskedPlan, AskedRow, Told } from '../sheet/page/live/facts.js';

/** A plan as the page asks a person about it: what is bought, fetched, held or waits, and for how much. */
export function askedPlan(plan: PlanDocument, isFree: boolean): AskedPlan {
  const rows = plan.shots.flatMap((row) => askedRow(row) ?? []);
  const told = plan.diagnostics.map(({ severity, message, hint }): Told => ({
    kind: severity,
    text: message,
    hint,
  }));
  return {
    hash: plan.plan_hash,
    rows,
    others: plan.shots.length - rows.length,
    expectedUsd: plan.total.expected_usd,
    maxUsd: plan.total.max_usd,
    unpriced: plan.total.unpriced,
    laterUsd: plan.after_picks?.max_usd,
    spentUsd: plan.spent_usd,
    budgetUsd: plan.budget_usd,
    isFree,
    told,
  };
}

function askedRow(row: PlanRow): AskedRow | undefined {
  const sign = signOf(row);
  if (sign === undefined) return undefined;
  const { id, take, model, reasons, estimate, action, blocked_by } = row;
  return {
    key: `${id}@${take}`,
    sign,
    what: blocked_by === undefined ? WORDS[action] : 'waits',
    why: reasons.join('; '),
    model,
    maxUsd: buys(action) ? estimate?.max_usd : undefined,
  };
}

function signOf({ action, blocked_by }: PlanRow): AskedRow['sign'] | undefined {
  if (blocked_by !== undefined) return 'waits';
  if (buys(action)) return 'buys';
  if (action === 'held') return 'held';
  return action === 'resume' || action === 'download' ? 'fetches' : undefined;
}

const WORDS: Readonly<Record<PlanRow['action'], string>> = {
  render: 'new',
  rerender: 'again',
  retry: 'retry',
  resume: 'in flight',
  download: 'download',
  reuse: 'delivered',
  held: 'held',
  orphan: 'left over',
};
