import { join } from 'node:path';
import { jsonPieces } from '../domain/json-pieces.js';
import type { Report } from '../domain/report.js';
import { writeText } from '../store/text-file.js';
import type { Project } from './project.js';

/** Makes the contact sheet's HTML, in one text or in pieces. */
export type RenderSheet = (report: Report) => string | Iterable<string>;

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
  await writeText(sheet, renderSheet(report));
  return sheet;
}
