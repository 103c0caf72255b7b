import type { RunSummary, TakeResult } from '../events.js';
import { outcomeWord } from './run-lines.js';

/**
 * A run as JUnit XML, as GitHub, GitLab and Jenkins read it: one case a take, failed where it was not
 * delivered, skipped where it was never begun. The newline at the end is included.
 */
export function junitXml(summary: RunSummary): string {
  const failures = summary.shots.filter(isFailure).length;
  const skipped = summary.shots.filter(isSkipped).length;
  const seconds = Math.max(0, Date.parse(summary.finished_at) - Date.parse(summary.started_at)) / 1000;
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
  if (shot.outcome === 'delivered') return `${opening}/>`;
  const message = escapeXml(shot.message ?? outcomeWord(shot.outcome));
  if (isSkipped(shot)) return `${opening}><skipped message="${message}"/></testcase>`;
  const facts = [
    `outcome: ${outcomeWord(shot.outcome)}`,
    `model: ${shot.model}`,
    ...(shot.job_id === undefined ? [] : [`job: ${shot.job_id}`]),
    shot.message ?? '',
  ];
  const body = escapeXml(facts.join('\n'));
  return `${opening}><failure type="${shot.outcome}" message="${message}">${body}</failure></testcase>`;
}

/** XML 1.0 knows no way to write most control characters, nor half a surrogate pair; they become U+FFFD. */
function escapeXml(text: string): string {
  return text
    .replace(NOT_XML, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

const NOT_XML = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
