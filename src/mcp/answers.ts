import type { Diagnostic } from '../domain/diagnostic.js';
import { defined } from '../domain/defined.js';
import type { PlanDocument, PlanRow } from '../domain/plan.js';
import type { RunSummary } from '../events.js';
import { takeKeys } from '../ui/names.js';
import { fit, grouped } from './fit.js';
import { untrusted } from './untrusted.js';

/** As many diagnostics as are read, errors first. */
const MOST_DIAGNOSTICS = 10;

/** Diagnostics as an agent reads them: the message quotes the manifest. */
export function shownDiagnostics(diagnostics: readonly Diagnostic[]) {
  const first = [...diagnostics].sort(
    (a, b) => Number(a.severity !== 'error') - Number(b.severity !== 'error'),
  );
  const left = first.length - MOST_DIAGNOSTICS;
  return {
    diagnostics: first.slice(0, MOST_DIAGNOSTICS).map(({ code, severity, message, at, hint, shot }) =>
      defined({
        ...{ code, severity, message: untrusted(message) },
        at: at && `${at.line}:${at.column}`,
        hint: hint === undefined ? undefined : untrusted(hint),
        shot: shot === undefined ? undefined : untrusted(shot, 80),
      }),
    ),
    ...(left > 0 && { more_diagnostics: left }),
  };
}

/** A plan as an agent reads it: rows that are alike are one. */
export function shownPlan(plan: PlanDocument, offset?: number) {
  const { plan_hash, gateway, total, after_picks, spent_usd, budget_usd, catalogue } = plan;
  const key = takeKeys(plan.shots);
  const { shown, more } = fit(plan.shots, defined({ offset }), (rows) =>
    grouped(rows, rowFacts, (row) => untrusted(key(row), 80)),
  );
  return defined({
    ...{ plan_hash, gateway: untrusted(gateway), takes: plan.shots.length },
    ...{ total_usd: total, after_picks_usd: after_picks, spent_usd, budget_usd },
    prices: catalogue && `${catalogue.source}, ${catalogue.fetched_at}`,
    ...{ rows: shown, more },
    ...shownDiagnostics(plan.diagnostics),
  });
}

function rowFacts(row: PlanRow): Readonly<Record<string, unknown>> {
  const { action, reasons, model, estimate, blocked_by, waits_for_pick, settle } = row;
  const price = estimate && [estimate.min_usd, estimate.expected_usd, estimate.max_usd];
  return defined({
    action,
    reasons: reasons.map((reason) => untrusted(reason, 120)),
    ...{ model: untrusted(model, 80), each_usd: price && (price[2] === 0 ? undefined : price) },
    unpriced: estimate === null ? true : undefined,
    blocked_by: blocked_by === undefined ? undefined : untrusted(blocked_by, 80),
    ...{ waits_for_pick, settle },
  });
}

/** The outcome of a run as an agent reads it. */
export function shownSummary(summary: RunSummary) {
  const { exit_code, counts, cost_usd, cost_unpriced, spent_usd, budget_usd, stopped, shots } = summary;
  const missing = shots.filter(({ outcome }) => outcome !== 'delivered');
  const { shown, more } = fit(missing, {}, (takes) =>
    grouped(
      takes,
      ({ outcome, message }) => defined({ outcome, message: message && untrusted(message) }),
      ({ key }) => untrusted(key, 80),
    ),
  );
  return defined({
    ...{ exit_code, counts, cost_usd, spent_usd, budget_usd },
    cost_unpriced: cost_unpriced > 0 ? cost_unpriced : undefined,
    stopped: stopped && {
      ...{ kind: stopped.kind, message: untrusted(stopped.message) },
      ...defined({ hint: stopped.hint && untrusted(stopped.hint) }),
      ...(stopped.to_pick && {
        to_pick: stopped.to_pick
          .flat()
          .slice(0, 60)
          .map((key) => untrusted(key, 80)),
      }),
    },
    ...{ not_delivered: shown, more },
  });
}
