import { isoNow } from '../clock.js';
import type { Report } from '../domain/report.js';
import { readShotState } from '../store/read-state.js';
import { surveyFully } from './adopt.js';
import { foreignReports } from './check-disk.js';
import { pricesBy } from './prices.js';
import { assertNoErrors, type Project } from './project.js';
import { buildReport } from './report.js';
import { writeReport, type RenderSheet } from './write-report.js';

/** How the project stands, by its lockfile and its folder alone. Asks nobody and writes nothing. */
export async function projectStatus(project: Project): Promise<Report> {
  const state = await readShotState(project.paths.lockfile);
  const survey = await surveyFully({ project, state, scope: {} });
  const snapshot = state.catalogue();
  return buildReport({
    project,
    survey,
    attempts: survey.attempts,
    picks: survey.picks,
    priceOf: pricesBy(snapshot && { ...snapshot, source: 'snapshot' }, project),
    generatedAt: isoNow(project.clock),
  });
}

/**
 * Writes report.json and the contact sheet again; gives the sheet's path. Throws `disk`, and ManifestError where something
 * that is not ours is in their place.
 */
export async function makeSheet(project: Project, renderSheet: RenderSheet): Promise<string | undefined> {
  assertNoErrors(project, await foreignReports(project));
  return writeReport(project, await projectStatus(project), renderSheet);
}
