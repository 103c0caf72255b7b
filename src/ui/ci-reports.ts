import { REORDERING, withoutCommands } from '../domain/foreign-text.js';
import type { RunSummary, TakeResult } from '../events.js';
import { count, formatDuration, formatUsd } from './figures.js';
import { OUTCOMES } from './run-lines.js';
import { costWords } from './summary.js';
import { clean } from './text.js';

/**
 * A run as JUnit XML, as GitHub, GitLab and Jenkins read it: one case a take, failed where it was not
 * delivered, skipped where it was never begun. The newline at the end is included.
 */
export function junitXml(summary: RunSummary): string {
  const failures = summary.shots.filter(isFailure).length;
  const skipped = summary.shots.filter(isSkipped).length;
  const seconds = summary.elapsed_ms / 1000;
  const totals =
    `tests="${summary.shots.length}" failures="${failures}" errors="0" skipped="${skipped}" ` +
    `time="${seconds.toFixed(3)}"`;
  const name = escapeXml(summary.project);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="dailies" ${totals}>`,
    `  <testsuite name="${name}" ${totals} timestamp="${escapeXml(summary.started_at.replace(/\.\d+Z$|Z$/, ''))}">`,
    ...summary.shots.map((shot) => testCase(shot, name)),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function isSkipped(shot: TakeResult): boolean {
  return shot.outcome === 'not_submitted' || shot.outcome === 'blocked';
}

function isFailure(shot: TakeResult): boolean {
  return shot.outcome !== 'delivered' && !isSkipped(shot);
}

function testCase(shot: TakeResult, suite: string): string {
  const opening = `    <testcase classname="${suite}" name="${escapeXml(shot.key)}" time="${(shot.elapsed_ms ?? 0) / 1000}"`;
  if (shot.outcome === 'delivered') {
    const warnings = shot.outputs.flatMap((output) => output.warnings).map((text) => `warning: ${text}`);
    if (warnings.length === 0) return `${opening}/>`;
    return `${opening}><system-out>${escapeXml(warnings.join('\n'))}</system-out></testcase>`;
  }
  const message = escapeXml(shot.message ?? OUTCOMES[shot.outcome].word);
  if (isSkipped(shot)) return `${opening}><skipped message="${message}"/></testcase>`;
  const facts = [
    `outcome: ${OUTCOMES[shot.outcome].word}`,
    `model: ${shot.model}`,
    ...(shot.job_id === undefined ? [] : [`job: ${shot.job_id}`]),
    shot.message ?? '',
  ];
  const body = escapeXml(facts.join('\n'));
  return `${opening}><failure type="${shot.outcome}" message="${message}">${body}</failure></testcase>`;
}

/**
 * XML 1.0 cannot represent most control characters, nor half a surrogate pair; they become U+FFFD. CI systems print what
 * a report says into their logs: nothing in it may be a command there.
 */
function escapeXml(text: string): string {
  return withoutCommands(text)
    .replace(NOT_XML, '\ufffd')
    .replace(REORDERING, '')
    .replace(/[\u2028\u2029]/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

const NOT_XML = /[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

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
    formatDuration(summary.elapsed_ms),
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
  const outcome = shot.outcome === 'delivered' ? 'delivered' : `**${OUTCOMES[shot.outcome].word}**`;
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
