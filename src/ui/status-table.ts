import { costOfTake, type Report, type ReportState, type ReportTake } from '../domain/report.js';
import { sumUsd } from '../domain/money.js';
import { markOf, styleOf, type Look, type Mark, type Palette, type Style } from './look.js';
import { count, formatDuration, formatMoment, formatUsd, groupDigits, unpricedWords } from './figures.js';
import { modelNames } from './names.js';
import type { NextCommands } from './shell.js';
import { tableLines, type TableRow } from './table.js';
import { clean, cutMiddle } from './text.js';

export interface StatusLook extends Look {
  readonly commands: NextCommands;
  /** Milliseconds since 1970, for "today". */
  readonly now: number;
  /** Turns the path of a clip into one that its reader can open. */
  readonly showPath: (path: string) => string;
  /** A run of the same manifest on the sandbox, if there was one. */
  readonly rehearsal?: RehearsalNote | undefined;
}

/** How far a rehearsal came, and the command that shows it. */
export interface RehearsalNote {
  readonly delivered: number;
  readonly total: number;
  readonly command: string;
}

/** The lockfile for people: one row for each take, then what is delivered, what it cost and what to type next. */
export function statusLines(report: Report, look: StatusLook): string[] {
  const style = { look, ...styleOf(look) };
  const model = modelNames(report.takes.map((take) => take.settings.model));
  const keyRoom = roomForKeys(report, look.width);
  const rows = report.takes.map((take) => takeRow(take, model(take.settings.model), keyRoom, style));
  return [
    [style.paint.bold(clean(report.project)), count(report.takes.length, 'take'), clean(report.gateway)].join(
      ` ${style.signs.dot} `,
    ),
    '',
    ...(rows.length === 0
      ? ['  nothing yet']
      : tableLines(rows, { width: look.width, right: new Set([3]), droppable: [2] })),
    '',
    countsLine(report),
    moneyLine(report),
    ...(look.rehearsal ? rehearsalLines(look.rehearsal) : []),
    ...nextLines(report, look),
  ];
}

interface StatusStyle extends Style {
  readonly look: StatusLook;
}

/** As wide as keys may be beside a state and a price, which are never broken. */
function roomForKeys({ takes }: Report, width: number): number {
  let [word, price] = [0, 0];
  for (const take of takes) {
    word = Math.max(word, shownAs(take)[0].length);
    price = Math.max(price, priceOf(take).length);
  }
  return Math.max(12, Math.min(48, width / 2.5, width - INDENT_SIGN_AND_GAPS - word - price));
}

const INDENT_SIGN_AND_GAPS = 8;

function takeRow(
  take: ReportTake,
  model: string,
  keyRoom: number,
  { look, paint, signs }: StatusStyle,
): TableRow {
  const [word, mark, color] = shownAs(take);
  const picked = take.picked && take.takes > 1 ? '(picked) ' : '';
  return {
    cells: [
      `${paint[color](markOf(mark, signs))} ${cutMiddle(clean(take.key), keyRoom, signs.ellipsis)}`,
      word,
      model,
      priceOf(take),
    ],
    rest: clean(picked + detailOf(take, look)),
    paintRest: take.state === 'delivered' && warningsOf(take).length === 0 ? paint.dim : (text) => text,
  };
}

/** What was reported for the attempt and for the earlier clip, if any. */
function priceOf(take: ReportTake): string {
  const costs = [take, take.earlier].flatMap((paid) => paid?.cost_usd ?? []);
  return costs.length === 0 ? '' : formatUsd(sumUsd(costs));
}

/** The name and the mark of each state; the classes are those of the plan. */
type Shown = readonly [word: string, mark: Mark, color: keyof Palette];

function shownAs({ state, earlier }: ReportTake): Shown {
  return state === 'missing' && earlier ? ['out of date', 'rerender', 'yellow'] : STATES[state];
}

const STATES: Readonly<Record<ReportState, Shown>> = {
  planned: ['not begun', 'render', 'dim'],
  missing: ['not begun', 'render', 'dim'],
  blocked: ['blocked', 'blocked', 'yellow'],
  submitting: ['submitting', 'resume', 'cyan'],
  pending: ['queued', 'resume', 'cyan'],
  in_progress: ['rendering', 'resume', 'cyan'],
  completed: ['to download', 'download', 'cyan'],
  downloading: ['to download', 'download', 'cyan'],
  delivered: ['delivered', 'done', 'green'],
  failed: ['failed', 'failed', 'red'],
  cancelled: ['cancelled', 'failed', 'red'],
  expired: ['expired', 'failed', 'red'],
  refused: ['refused', 'failed', 'red'],
  lost: ['lost', 'held', 'yellow'],
  uncertain: ['uncertain', 'held', 'yellow'],
  not_charged: ['not charged', 'render', 'dim'],
  abandoned: ['given up', 'orphan', 'dim'],
};

function detailOf(take: ReportTake, { now, showPath }: StatusLook): string {
  if (take.state === 'delivered') {
    const warnings = warningsOf(take);
    if (warnings.length > 0) return warnings.join('; ');
    return take.outputs.map((output) => showPath(output.path)).join(', ') || (take.message ?? '');
  }
  if (take.message !== undefined) return take.message;
  const { submitted } = take.times;
  const inFlight = take.state === 'pending' || take.state === 'in_progress' || take.state === 'submitting';
  if (!inFlight || submitted === undefined) return '';
  return `for ${formatDuration(now - submitted)}, since ${formatMoment(new Date(submitted).toISOString(), now)}`;
}

function warningsOf(take: ReportTake): string[] {
  return take.outputs.flatMap((output) => output.warnings);
}

/** `41 delivered, 2 failed, 1 uncertain`, the best first as the states are listed. */
function countsLine(report: Report): string {
  const counts = new Map<string, number>();
  for (const take of report.takes) {
    const [word] = shownAs(take);
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts]
    .sort(([a], [b]) => Number(b === 'delivered') - Number(a === 'delivered'))
    .map(([word, number]) => `${groupDigits(number)} ${word}`)
    .join(', ');
}

function moneyLine(report: Report): string {
  if (report.gateway === 'sandbox') {
    const onPaper = sumUsd(report.takes.map((take) => costOfTake(take).usd ?? 0));
    return `${formatUsd(onPaper)} on paper: the sandbox charges nothing`;
  }
  const budget = report.budget_usd === null ? '' : ` of ${formatUsd(report.budget_usd)}`;
  return `Spent ${formatUsd(report.spent_usd)}${unpricedWords(report.spent_unpriced, 'job')}${budget}`;
}

/** A rehearsal is separate: the project's own status shows nothing of it. */
export function rehearsalLines({ delivered, total, command }: RehearsalNote): string[] {
  return [
    `Rehearsed on the sandbox: ${groupDigits(delivered)} of ${count(total, 'take')}`,
    `See it  ${command}`,
  ];
}

function nextLines(report: Report, look: StatusLook): string[] {
  const lines: string[] = [];
  const uncertain = report.takes.filter((take) => take.state === 'uncertain');
  if (uncertain.length > 0) {
    const shot = uncertain.length === 1 ? clean(uncertain[0]?.key ?? '') : 'SHOT';
    lines.push(`Settle  ${look.commands.resolve} ${shot} --job-id ID | --not-charged`);
  }
  // A blocked take waits for another take, for a person to settle one, or for another pick.
  const open = report.takes.some(({ state }) => !['delivered', 'uncertain', 'blocked'].includes(state));
  if (open) lines.push(`Next    ${look.commands.run}`);
  return lines;
}
