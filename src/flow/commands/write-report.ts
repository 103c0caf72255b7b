import { join } from 'node:path';
import { jsonPieces } from '../../domain/json-pieces.js';
import type { Report } from '../../domain/report.js';
import { signatureOf, writeText } from '../../store/text-file.js';
import { findingsFile } from '../work/known-findings.js';
import type { Project } from '../project/project.js';

/** Makes the contact sheet's HTML, in one text or in pieces. */
export type RenderSheet = (report: Report) => Html | Promise<Html>;
type Html = string | Iterable<string>;

/** What every contact sheet begins with, whoever made it: by this check-files.ts knows it as ours. */
const SHEET_MARK = '<!-- dailies -->\n';

/** Writes report.json and, where it can be made, the contact sheet; gives the sheet's path. Throws `disk`. */
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
 * Tells what report and sheet show, for as long as the state stays as it is, and the sheet's path; undefined where they
 * are not there.
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
