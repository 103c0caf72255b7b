import { join } from 'node:path';
import { jsonPieces } from '../../domain/json-pieces.js';
import type { Report } from '../../domain/report.js';
import { signatureOf, writeText } from '../../store/text-file.js';
import { findingsFile } from '../work/known-findings.js';
import type { Project } from '../project/project.js';

/** Makes the contact sheet's HTML, in one text or in pieces. */
export type RenderSheet = (report: Report) => Html | Promise<Html>;
type Html = string | Iterable<string>;

/** The start of every contact sheet, also of one by a caller: check-files.ts recognizes ours by it. */
const SHEET_MARK = '<!-- dailies -->\n';

/** Writes report.json and, if it can be made, the contact sheet; gives the sheet's path. Throws `disk`. */
export async function writeReport(
  project: Project,
  report: Report,
  renderSheet: RenderSheet | undefined,
): Promise<string | undefined> {
  const { output } = project.paths;
  const { takes, ...head } = report;
  await writeText(join(output, 'report.json'), jsonPieces({ head, list: 'takes', items: takes }));
  if (!renderSheet) return undefined;
  const sheet = join(output, 'index.html');
  await writeText(sheet, marked(await renderSheet(report)));
  return sheet;
}

/**
 * Tells what report and sheet show, as long as the state does not change, and the sheet's path; undefined if they
 * are missing.
 */
export function reportStamp(
  project: Project,
  renderSheet: RenderSheet | undefined,
): { readonly stamp: string; readonly sheet: string | undefined } | undefined {
  const { output } = project.paths;
  const sheet = renderSheet && join(output, 'index.html');
  const files = [join(output, 'report.json'), ...(sheet === undefined ? [] : [sheet])].map(signatureOf);
  if (files.includes('')) return undefined;
  const found = signatureOf(findingsFile(project.paths));
  return { stamp: [project.stamp, String(renderSheet).length, ...files, found].join(' '), sheet };
}

function* marked(html: Html): Iterable<string> {
  yield SHEET_MARK;
  if (typeof html === 'string') yield html;
  else yield* html;
}
