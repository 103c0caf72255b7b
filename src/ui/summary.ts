import { groupBy } from '../domain/group-by.js';
import { upToCents } from '../domain/money.js';
import type { NotDelivered, RunSummary, TakeResult } from '../events.js';
import { styleOf, type Look, type Palette, type Style } from './look.js';
import { count, formatDuration, formatUsd, groupDigits, unpricedWords } from './figures.js';
import { REFUSALS } from './refusals.js';
import { OUTCOMES } from './run-lines.js';
import { commandLine, settleWords, type NextCommands } from './shell.js';
import { tableLines, type TableRow } from './table.js';
import { clean, joinFacts, wrap } from './text.js';

export interface SummaryLook extends Look {
  readonly commands: NextCommands;
}

/** The end of a run: what was delivered where, what was not and why, what it cost, what to type next. */
export function summaryLines(summary: RunSummary, look: SummaryLook): string[] {
  const style = { look, ...styleOf(look) };
  const blocks = [
    headLines(summary, style),
    lostLines(summary, style),
    clipWarningLines(summary, style),
    stoppedLines(summary, style),
    refusedLines(summary, style),
    closingLines(summary, style),
  ];
  return blocks
    .filter((block) => block.length > 0)
    .flatMap((block, index) => (index === 0 ? block : ['', ...block]));
}

interface SummaryStyle extends Style {
  readonly look: SummaryLook;
}

/** `58 of 60 clips in renders/ · 11 min 40 s · $18.20 (estimate was $17.90)`. */
function headLines(summary: RunSummary, { look, paint, signs }: SummaryStyle): string[] {
  const { delivered, total, reused } = summary.counts;
  const clips = `${groupDigits(delivered)} of ${count(total, 'clip')}`;
  const paintClips = delivered === total ? paint.green : paint.yellow;
  const there = reused === 0 ? '' : ` (${reused === total ? 'all' : groupDigits(reused)} there already)`;
  const place = `${clean(summary.output).replace(/\/$/, '')}/`;
  const facts = [
    `${paint.bold(paintClips(clips))} in ${place}${there}`,
    formatDuration(summary.elapsed_ms),
    costWords(summary),
  ];
  return joinFacts(facts, ` ${signs.dot} `, look.width);
}

/** `$18.20 (estimate was $17.90)`: the cost of a run, and how far that was expected. */
export function costWords(summary: RunSummary): string {
  if (summary.counts.submitted === 0 && summary.cost_usd === 0) return 'nothing bought';
  if (summary.on_paper_usd !== undefined)
    return `${formatUsd(summary.on_paper_usd)} on paper, nothing charged`;
  const { cost_unpriced, estimated_unpriced } = summary;
  // A job without a price and a reported cost adds nothing to the sum: if all are like that, the cost is not $0.00.
  if (summary.cost_usd === 0 && cost_unpriced > 0) return 'cost not known';
  const cost = formatUsd(summary.cost_usd);
  const estimated = formatUsd(summary.estimated_usd);
  const isAsEstimated = cost === estimated && cost_unpriced === estimated_unpriced;
  const estimate = `estimate was ${estimated}${unpricedWords(estimated_unpriced, 'take')}`;
  return `${cost}${unpricedWords(cost_unpriced, 'job')} (${isAsEstimated ? 'as estimated' : estimate})`;
}

/** From this many on, shots with one reason share a paragraph. */
const MANY_ALIKE = 6;

/** Says of every shot that was not delivered why. */
function lostLines(summary: RunSummary, style: SummaryStyle): string[] {
  const rows: TableRow[] = [];
  const paragraphs: string[] = [];
  for (const outcome of Object.keys(OUTCOMES) as NotDelivered[]) {
    const lost = summary.shots.filter((shot) => shot.outcome === outcome);
    for (const takes of groupBy(lost, reasonOf).values()) {
      if (outcome === 'blocked' && takes.length > 1) rows.push(blockedRow(takes, style));
      else if (takes.length >= MANY_ALIKE) paragraphs.push(...lostParagraph(outcome, takes, style));
      else rows.push(...takes.map((take) => lostRow(outcome, take, style)));
    }
  }
  return [...tableLines(rows, { width: style.look.width, droppable: [2] }), ...paragraphs];
}

/** Shots alike in reason, and in whether a job of theirs is known. */
function reasonOf({ job_id, message }: TakeResult): string {
  return `${job_id === undefined ? '' : 'job'} ${message ?? ''}`;
}

function lostRow(outcome: NotDelivered, take: TakeResult, { look, paint }: SummaryStyle): TableRow {
  return {
    cells: [paintedWord(outcome, paint), clean(take.key), clean(take.model)],
    rest: clean(take.message ?? ''),
    note: outcome === 'held' ? paint.dim(settleNote([take], look.commands)) : undefined,
  };
}

/** The run has named them one by one; they all wait for the same. */
function blockedRow(takes: readonly TakeResult[], { paint }: SummaryStyle): TableRow {
  const rest = `each ${clean(takes[0]?.message ?? '')}`;
  return { cells: [paintedWord('blocked', paint), count(takes.length, 'shot'), ''], rest };
}

function lostParagraph(outcome: NotDelivered, takes: readonly TakeResult[], style: SummaryStyle): string[] {
  const { look, paint } = style;
  const [first] = takes;
  const reason = clean(first?.message ?? '');
  const keys = takes.map((take) => clean(take.key)).join(', ');
  return [
    `  ${paintedWord(outcome, paint)}  ${count(takes.length, 'shot')}: ${reason}`,
    ...wrap(keys, Math.min(100, look.width) - 6).map((line) => `      ${line}`),
    ...(outcome === 'held' ? [paint.dim(`      ${settleNote(takes, look.commands)}`)] : []),
  ];
}

/** If a job is known, it is lost; otherwise its existence is unknown. */
function settleNote(takes: readonly TakeResult[], commands: NextCommands): string {
  const what = takes[0]?.job_id === undefined ? 'unanswered' : 'lost';
  return settleWords(
    commands,
    takes.map(({ key }) => key),
    what,
  );
}

function paintedWord(outcome: NotDelivered, paint: Palette): string {
  const { word, color } = OUTCOMES[outcome];
  return paint[color](word);
}

/** How a clip of this run differs from what was asked. */
function clipWarningLines(summary: RunSummary, { look, paint, signs }: SummaryStyle): string[] {
  const rows = summary.shots
    .filter((shot) => shot.outcome === 'delivered' && shot.action !== 'reuse')
    .flatMap((shot) => {
      const warnings = shot.outputs.flatMap((output) => output.warnings);
      if (warnings.length === 0) return [];
      const cells = [`${paint.yellow(signs.warning)} ${clean(shot.key)}`];
      return [{ cells, rest: clean(warnings.join('; ')) }];
    });
  return tableLines(rows, { width: look.width });
}

function stoppedLines({ stopped }: RunSummary, { look, paint }: SummaryStyle): string[] {
  if (stopped === undefined) return [];
  const hint = stopped.hint === undefined ? [] : wrap(`hint: ${clean(stopped.hint)}`, look.width - 2);
  return [
    ...wrap(`Stopped: ${clean(stopped.message)}`, look.width).map(paint.yellow),
    ...hint.map((line) => `  ${line}`),
  ];
}

/** Somebody may be trying things at the port; nothing has come of it. */
function refusedLines(
  { webhooks_refused: refused = {} }: RunSummary,
  { look, paint }: SummaryStyle,
): string[] {
  const reasons = Object.entries(refused).map(
    ([reason, times]) => `${times} × ${REFUSALS[reason] ?? clean(reason)}`,
  );
  if (reasons.length === 0) return [];
  return wrap(`Webhooks refused: ${reasons.join(', ')}`, look.width).map(paint.dim);
}

function closingLines(summary: RunSummary, { look, paint }: SummaryStyle): string[] {
  const sheet = summary.sheet === undefined ? [] : [`Contact sheet  ${clean(summary.sheet)}`];
  const rows: TableRow[] = [];
  const row = (what: string, command: string, rest: string) =>
    rows.push({ cells: [what.padEnd(13), paint.bold(command)], rest, paintRest: paint.dim });
  const toPick = summary.stopped?.to_pick ?? [];
  if (toPick.length > 0) {
    const first = commandLine(...toPick.flatMap(([take = '']) => clean(take)));
    row('Pick', `${look.commands.pick} ${first}`, otherTakes(toPick));
  }
  const words = againWords(summary);
  const { run, again } = look.commands;
  if (words !== '') row('Again', again ? again(summary) : run, words);
  return [...sheet, ...tableLines(rows, { width: look.width, indent: '' })];
}

/** The takes that may be picked instead of the first of each shot. */
function otherTakes(toPick: readonly (readonly string[])[]): string {
  const others = toPick.flatMap((takes) => takes.slice(1));
  if (others.length === 0) return '';
  return `or ${others.length > 6 ? 'other takes' : clean(others.join(', '))}`;
}

/** What the same command would do next; empty if it would do nothing. */
function againWords(summary: RunSummary): string {
  const of = (...outcomes: readonly NotDelivered[]): TakeResult[] =>
    summary.shots.filter(
      // What failed before and was to be left alone is held.
      ({ outcome, action }) =>
        outcomes.some((one) => one === outcome) && (action !== 'held' || outcome === 'waiting'),
    );
  const collects = phrase(of('waiting'), 'collects', 'job in flight', 'jobs in flight');
  // Without a person's leave, nothing of unknown price is bought, and nothing that no person was asked about.
  if (summary.stopped?.kind === 'unpriced' || summary.stopped?.kind === 'unconfirmed') return collects;
  const parts = [
    collects,
    phrase(of('failed', 'refused'), 'tries', 'shot once more', 'shots once more'),
    phrase(of('not_submitted'), 'submits', 'shot', 'shots'),
    ...(summary.stopped?.to_pick ? ['goes on with what was picked'] : []),
  ];
  const words = parts.filter((part) => part !== '').join(', ');
  const needed = neededBudget(summary);
  return needed === undefined ? words : `${words}, once budget_usd is ${needed} or more`;
}

/** The budget that keeps a run which was stopped by its budget from being stopped again. */
function neededBudget({ stopped, budget_usd, spent_usd, left_usd = 0 }: RunSummary): number | undefined {
  const needed = spent_usd + left_usd;
  return stopped?.kind === 'budget' && budget_usd !== null && needed > budget_usd
    ? upToCents(needed)
    : undefined;
}

function phrase(takes: readonly TakeResult[], verb: string, one: string, many: string): string {
  const [first] = takes;
  if (first === undefined) return '';
  if (takes.length > 1) return `${verb} ${count(takes.length, one, many)}`;
  const rest = one.replace(/^\S+ ?/, '');
  return `${verb} ${clean(first.key)}${rest === '' ? '' : ` ${rest}`}`;
}
