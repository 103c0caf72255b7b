import type { RunSummary, TakeResult } from '../events.js';
import { formatUsd } from './money.js';
import { outcomeWord } from './run-lines.js';
import { costWords } from './summary.js';
import { clean, count } from './text.js';
import { formatDuration } from './time.js';

/** GitHub cuts a step's summary off at 1 MiB; a table of so many rows stays well below. */
const MOST_ROWS = 1000;

/** A run as GitHub-flavoured markdown for `GITHUB_STEP_SUMMARY`: the shots not delivered first. */
export function stepSummary(summary: RunSummary): string {
  const { delivered, total, reused } = summary.counts;
  const shots = [...summary.shots].sort((a, b) => Number(isDelivered(a)) - Number(isDelivered(b)));
  const facts = [
    `**${delivered} of ${count(total, 'clip')}** delivered`,
    ...(reused > 0 ? [`${reused} there already`] : []),
    costWords(summary),
    formatDuration(Date.parse(summary.finished_at) - Date.parse(summary.started_at)),
  ];
  return [
    `### dailies: ${escapeMarkdown(summary.project)}`,
    '',
    facts.join(' · '),
    '',
    ...(summary.stopped === undefined ? [] : [`> Stopped: ${escapeMarkdown(summary.stopped.message)}`, '']),
    ...(shots.length === 0
      ? []
      : ['| shot | model | outcome | cost | why |', '| --- | --- | --- | ---: | --- |']),
    ...shots.slice(0, MOST_ROWS).map(tableRow),
    ...(shots.length > MOST_ROWS ? ['', `… and ${count(shots.length - MOST_ROWS, 'more shot')}`] : []),
    '',
  ].join('\n');
}

function isDelivered(shot: TakeResult): boolean {
  return shot.outcome === 'delivered';
}

function tableRow(shot: TakeResult): string {
  const outcome = shot.outcome === 'delivered' ? 'delivered' : `**${outcomeWord(shot.outcome)}**`;
  const cost = shot.cost_usd === undefined ? '' : formatUsd(shot.cost_usd);
  const cells = [
    codeSpan(shot.key),
    escapeMarkdown(shot.model),
    outcome,
    cost,
    escapeMarkdown(shot.message ?? ''),
  ];
  return `| ${cells.join(' | ')} |`;
}

function codeSpan(text: string): string {
  return `\`${clean(text).replace(/[`|]/g, '')}\``;
}

/** Keeps text from outside text: no markup, no HTML, no cell borders, no mention of anybody. */
function escapeMarkdown(text: string): string {
  return clean(text)
    .replace(/[\\`*_[\]{}()#|~!]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('@', '@\u200b');
}
