import { join } from 'node:path';
import type { Report } from '../domain/report.js';
import { writeText } from '../store/text-file.js';
import type { Project } from './project.js';

/** Writes report.json and, where it can be made, the contact sheet; gives the sheet's path. Throws `disk`. */
export async function writeReport(
  project: Project,
  report: Report,
  renderSheet: ((report: Report) => string) | undefined,
): Promise<string | undefined> {
  const { output } = project.paths;
  await writeText(join(output, 'report.json'), `${JSON.stringify(report)}\n`);
  if (!renderSheet) return undefined;
  const sheet = join(output, 'index.html');
  await writeText(sheet, renderSheet(report));
  return sheet;
}
