import { groupBy } from '../domain/group-by.js';
import { sumUsd } from '../domain/money.js';
import {
  buys,
  crossesBudget,
  crossesBudgetLater,
  type PlanAction,
  type PlanDocument,
  type PlanRow,
  type PlanTotal,
} from '../domain/plan.js';
import { styleOf, type Glyphs, type Look, type Palette, type Style } from './look.js';
import { count, formatEstimate, formatMoment, formatUsd, groupDigits, unpricedWords } from './figures.js';
import { modelNames, takeKeys } from './names.js';
import { settleWords, type NextCommands } from './shell.js';
import { tableLines, type TableRow } from './table.js';
import { clean, cutMiddle, joinFacts, joinWords, wrap } from './text.js';

/** As many rows as a person reads before a question. */
export const ROWS_TO_READ = 30;

export interface PlanLook extends Look {
  /** Name each reused clip, instead of one line for all of them. */
  readonly all?: boolean;
  /** The most rows to name before the rest of an action becomes one line; absent: name all. */
  readonly limit?: number;
  /** Milliseconds since 1970, for "today". */
  readonly now?: number;
  readonly commands?: NextCommands;
}

/** The plan for people: one row a take with its reasons, then what it will cost. */
export function planLines(plan: PlanDocument, look: PlanLook): string[] {
  const style = { look, ...styleOf(look) };
  const rows = planRows(plan, style);
  return [
    ...headLines(plan, style),
    ...productLines(plan, style.signs),
    '',
    ...(rows.length === 0 ? ['  nothing to do'] : tableLines(rows, { ...TABLE, width: look.width })),
    '',
    ...totalLines(plan, style),
  ];
}

interface PlanStyle extends Style {
  readonly look: PlanLook;
}

/** Cells: glyph and key, model, length, size, cost. The size goes first where a window is narrow, the model last. */
const TABLE = { right: new Set([4]), droppable: [3, 2, 1] };

function headLines(plan: PlanDocument, { look, paint, signs }: PlanStyle): string[] {
  const facts = [count(shotsIn(plan), 'take'), clean(plan.gateway)];
  if (plan.catalogue !== undefined) {
    const moment = formatMoment(plan.catalogue.fetched_at, look.now ?? 0);
    facts.push(
      plan.catalogue.source === 'live'
        ? `catalogue of ${moment}`
        : `${plan.catalogue.source} of the catalogue, ${moment}`,
    );
  }
  return joinFacts([paint.bold(clean(plan.project)), ...facts], ` ${signs.dot} `, look.width);
}

function shotsIn(plan: PlanDocument): number {
  return plan.shots.filter((row) => row.action !== 'orphan').length;
}

/** The size of each product, shown before it costs anything. */
function productLines(plan: PlanDocument, signs: Glyphs): string[] {
  return (plan.products ?? []).map((product) => {
    const jobs = product.expansions * product.takes;
    const factors = [
      ...(product.expansions > 1 ? [count(product.expansions, 'variation')] : []),
      ...(product.takes > 1 ? [count(product.takes, 'take')] : []),
    ];
    return `  ${clean(product.id)}: ${factors.join(` ${signs.times} `)} = ${count(jobs, 'job')}`;
  });
}

function planRows(plan: PlanDocument, style: PlanStyle): TableRow[] {
  const model = modelNames(plan.shots.map((row) => row.model));
  const key = takeKeys(plan.shots);
  const name = (row: PlanRow): TableRow => namedRow(row, key(row), model(row.model), style);
  const namedOf = new Map<PlanAction, number>();
  const isNamed = ({ action }: PlanRow): boolean => {
    if (action === 'reuse') return style.look.all === true;
    const before = namedOf.get(action) ?? 0;
    namedOf.set(action, before + 1);
    return before < (style.look.limit ?? Infinity);
  };
  const named = plan.shots.filter(isNamed);
  const isShown = new Set(named);
  const folded = groupBy(
    plan.shots.filter((row) => !isShown.has(row)),
    (row) => `${row.action} ${row.reasons.join()} ${row.estimate === null}`,
  );
  const rest = [...folded.values()].map((rows) => {
    const [first] = rows;
    if (first !== undefined && rows.length === 1) return name(first);
    return foldedRow(rows, rows.length < plan.shots.length ? 'more' : 'takes', style);
  });
  return [...named.map(name), ...rest];
}

function namedRow(row: PlanRow, key: string, model: string, style: PlanStyle): TableRow {
  const { signs, look } = style;
  const shown = cutMiddle(key, Math.max(12, Math.min(48, look.width / 2.5)), signs.ellipsis);
  return {
    cells: [
      `${rowSign(row, style)} ${shown}`,
      model,
      row.duration === undefined ? '' : `${row.duration} s`,
      clean(row.size ?? [row.resolution, row.aspect_ratio].filter((word) => word !== undefined).join(' ')),
      costCell(row, signs),
    ],
    rest: clean(reasonsOf(row)),
    paintRest: row.blocked_by === undefined ? style.paint.dim : style.paint.yellow,
    note: settleNote(row, key, style),
  };
}

/** A take that failed and will not be retried is held, and needs no settling. */
function settleNote({ settle }: PlanRow, key: string, { look, signs, paint }: PlanStyle): string | undefined {
  if (settle === undefined || !look.commands) return undefined;
  return paint.dim(`${signs.arrow} ${settleWords(look.commands, [key], settle)}`);
}

/** Rows of one action and reason as one: with a known price, or without. */
function foldedRow(rows: readonly PlanRow[], noun: string, style: PlanStyle): TableRow {
  const { signs, paint } = style;
  const [first] = rows;
  const action = first?.action ?? 'reuse';
  const toPay = rows.filter((row) => row.blocked_by === undefined || row.waits_for_pick);
  const expected = sumUsd(toPay.map((row) => row.estimate?.expected_usd ?? 0));
  const isUnpriced = buys(action) && toPay.some((row) => row.estimate === null);
  return {
    cells: [
      `${first ? rowSign(first, style) : ''} ${groupDigits(rows.length)} ${noun}`,
      '',
      '',
      '',
      isUnpriced ? 'unpriced' : expected > 0 ? formatUsd(expected) : signs.none,
    ],
    rest: clean(first?.reasons.join(', ') ?? ''),
    paintRest: paint.dim,
  };
}

function costCell(row: PlanRow, signs: Glyphs): string {
  // A take that waits for a pick shows its own price before the pick; one that is blocked otherwise may never be bought.
  if (row.blocked_by !== undefined && !row.waits_for_pick) return signs.none;
  if (row.estimate === null) return buys(row.action) ? 'unpriced' : signs.none;
  if (row.estimate.max_usd > 0) return formatEstimate(row.estimate, signs);
  return row.action === 'held' || row.action === 'reuse' || row.action === 'orphan' ? signs.none : 'free';
}

function reasonsOf(row: PlanRow): string {
  const reasons = [...row.reasons];
  // A row's reason names what blocks it, or what it waits for if that gets a new clip.
  const others = (row.depends_on ?? []).filter((shot) => !reasons.includes(`${shot} gets a new clip`));
  if (row.blocked_by === undefined && others.length > 0) reasons.push(`after ${joinWords(others)}`);
  return reasons.join(', ');
}

const ACTION_COLORS: Readonly<Record<PlanAction, keyof Palette>> = {
  render: 'green',
  rerender: 'yellow',
  retry: 'yellow',
  resume: 'cyan',
  download: 'cyan',
  held: 'red',
  reuse: 'dim',
  orphan: 'dim',
};

function rowSign({ action, blocked_by }: PlanRow, { paint, signs }: PlanStyle): string {
  if (blocked_by !== undefined) return paint.yellow(signs.blocked);
  return paint[ACTION_COLORS[action]](signs.action[action]);
}

function totalLines(plan: PlanDocument, style: PlanStyle): string[] {
  const sandbox = plan.gateway === 'sandbox';
  const spent = [`Spent      ${formatUsd(plan.spent_usd)}${unpricedWords(plan.spent_unpriced, 'job')}`];
  if (plan.budget_usd !== null) spent.push(`Budget ${formatUsd(plan.budget_usd)}`);
  return [
    ...modelLines(plan),
    ...joinFacts(
      [`${style.paint.bold('To spend')}   ${toSpend(plan)}`, ...spendNotes(plan)],
      '  ',
      style.look.width,
    ),
    ...(sandbox ? [] : [spent.join('   ')]),
    ...budgetLines(plan, style),
  ];
}

function budgetLines(plan: PlanDocument, { look, paint }: PlanStyle): string[] {
  const words = crossesBudget(plan) ? OVER_BUDGET : crossesBudgetLater(plan) ? OVER_BUDGET_LATER : undefined;
  return words === undefined ? [] : wrap(words, look.width).map((line) => paint.yellow(line));
}

const OVER_BUDGET =
  'Over budget: this could cost more than is left of budget_usd, and run refuses. Raise it, or render fewer shots with --only.';
const OVER_BUDGET_LATER =
  'Over budget after the picks: the shots that wait for them could cost more than is then left of budget_usd.';

/** The cost of each model, if several are used. */
function modelLines(plan: PlanDocument): string[] {
  const bought = plan.shots.filter(({ action, blocked_by }) => buys(action) && blocked_by === undefined);
  const perModel = [...groupBy(bought, ({ model }) => model)].map(([model, rows]) => ({
    model,
    jobs: rows.length,
    expectedUsd: sumUsd(rows.map(({ estimate }) => estimate?.expected_usd ?? 0)),
    unpriced: rows.filter(({ estimate }) => estimate === null).length,
  }));
  if (perModel.length < 2) return [];
  const rows = perModel
    .sort((a, b) => b.expectedUsd - a.expectedUsd)
    .map(({ model, jobs, expectedUsd, unpriced }) => {
      // A number of jobs beside a sum must not look like a multiplication.
      const price = `${formatUsd(expectedUsd)} in all${unpricedWords(unpriced, 'take')}`;
      return { cells: [clean(model), count(jobs, 'job'), unpriced === jobs ? 'unpriced' : price] };
    });
  return [...tableLines(rows, { width: Infinity, right: new Set([1, 2]) }), ''];
}

/** `$0.72`; `$0.72 now, up to $0.88 more after the picks` where shots wait for picks. */
function toSpend({ total, after_picks: later }: PlanDocument): string {
  const now = formatUsd(total.expected_usd) + unpricedWords(total.unpriced, 'take');
  return later ? `${now} now, ${laterWords(later)}` : now;
}

/** `up to $0.88 more after the picks`: what the run costs if a person lets it continue. */
export function laterWords({ max_usd, unpriced }: PlanTotal): string {
  const most = formatUsd(max_usd, { round: 'up' }) + unpricedWords(unpriced, 'take');
  return `up to ${most} more after the picks`;
}

/** `(at most $0.72; ~ marks inferred token prices)`. */
function spendNotes(plan: PlanDocument): string[] {
  const { expected_usd, max_usd } = plan.total;
  const notes: string[] = [];
  if (formatUsd(max_usd) !== formatUsd(expected_usd))
    notes.push(`at most ${formatUsd(max_usd, { round: 'up' })}${plan.after_picks ? ' now' : ''}`);
  if (plan.shots.some((row) => row.estimate?.inferred === true)) notes.push('~ marks inferred token prices');
  if (plan.gateway === 'sandbox') notes.push('on paper: the sandbox charges nothing');
  return notes.length === 0 ? [] : [`(${notes.join('; ')})`];
}
