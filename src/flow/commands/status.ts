import { isoNow } from '../../clock.js';
import type { Diagnostic } from '../../domain/diagnostic.js';
import type { Note } from '../../domain/note.js';
import type { Report } from '../../domain/report.js';
import { DailiesError } from '../../errors.js';
import { openAttempts } from '../../store/local-attempts.js';
import { findState } from '../batch/state.js';
import type { ShotState } from '../../store/shot-state.js';
import { sizeOf } from '../../store/name-file.js';
import { settleClips } from '../clips/find-clips.js';
import { foreignReports } from '../plan/check-files.js';
import { pricesBy } from '../plan/prices.js';
import { survey, viewFor, type Survey } from '../plan/survey.js';
import { gatewayTarget } from '../project/gateway-target.js';
import { rehearsalPaths } from '../project/paths.js';
import { clipsOf, namesOf, stateHome } from '../project/state-home.js';
import { assertNoErrors, type Project } from '../project/project.js';
import { projectFindings, withFindings } from './findings.js';
import { readNotes } from './notes.js';
import { buildReport } from './report.js';
import { writeReport, type RenderSheet } from './write-report.js';

/** Receives the repairs of the state, if there were any. */
export type Tell = (found: readonly Diagnostic[]) => void;

/** The status of the project, from its lockfile and its folder alone. Sends no requests and writes nothing. */
export async function projectStatus(project: Project, tell?: Tell): Promise<Report> {
  const found = await findState(project);
  tell?.([...asDiagnostics(found.repaired), ...found.trouble.map(asTrouble)]);
  return reportOf(project, found);
}

/** The status of the project, from a state that is known already. */
export async function reportOf(
  project: Project,
  found: { readonly state: ShotState; readonly cataloguedAt?: string | undefined },
): Promise<Report> {
  return (await standOf(project, found)).report;
}

/** A project's status, and the data that it came from. */
export interface Stand {
  readonly report: Report;
  readonly surveyed: Survey;
  readonly notes: readonly Note[];
}

/** The status of the project, from a state that is known already. `clips`: see `buildReport`. */
export async function standOf(
  project: Project,
  { state, cataloguedAt }: { readonly state: ShotState; readonly cataloguedAt?: string | undefined },
  { clips = 'named' }: { readonly clips?: 'named' | 'stored' } = {},
): Promise<Stand> {
  const surveyed = await survey({ project, state, clips: clipsOf(project) });
  const models = state.catalogue()?.models;
  const catalogue = models && ({ models, fetched_at: cataloguedAt ?? '', source: 'snapshot' } as const);
  const notes = await readNotes(project);
  const report = buildReport({
    ...{ project, notes, clips, survey: surveyed },
    attempts: state.attempts(),
    picks: surveyed.picks,
    priceOf: pricesBy(catalogue, project),
    generatedAt: isoNow(project.clock),
  });
  return { report: withFindings(report, await projectFindings(project)), surveyed, notes };
}

/** How far a rehearsal came: a run of the same manifest on the sandbox. */
export interface Rehearsal {
  readonly delivered: number;
  readonly total: number;
}

/** Looks for a rehearsal of a project (`--gateway sandbox`); undefined if none was begun, and for a project that is one. */
export async function rehearsalOf(project: Project): Promise<Rehearsal | undefined> {
  if (project.target.kind === 'sandbox') return undefined;
  const paths = rehearsalPaths(project.paths);
  const { database: _, ...own } = project;
  if (sizeOf(paths.lockfile) === undefined) return undefined;
  try {
    const target = gatewayTarget({ kind: 'sandbox' }, project.env);
    const { takes } = await projectStatus({ ...own, paths, target });
    if (takes.every(({ attempts }) => attempts === 0)) return undefined;
    return { delivered: takes.filter(({ state }) => state === 'delivered').length, total: takes.length };
  } catch (error) {
    // A lockfile of that name may be another manifest's, or damaged: a status does not fail because of a rehearsal.
    if (error instanceof DailiesError) return undefined;
    throw error;
  }
}

/**
 * Makes the names of the clips, report.json and the contact sheet again; gives the sheet's path. Throws `disk`, and ManifestError if a file
 * that is not ours is in their place.
 */
export async function makeSheet(
  project: Project,
  renderSheet: RenderSheet,
  tell?: Tell,
): Promise<string | undefined> {
  assertNoErrors(project, await foreignReports(project));
  await restoreNames(project, tell);
  return writeReport(project, await projectStatus(project, tell), renderSheet);
}

/** Why workers do not continue, as a warning. */
function asTrouble(message: string): Diagnostic {
  return { code: 'batch-stopped', severity: 'warning', message };
}

/** The repairs of the state, as warnings. */
export function asDiagnostics(repaired: readonly string[]): Diagnostic[] {
  return repaired.map((message) => ({ code: 'state-repaired', severity: 'warning', message }));
}

/** Makes deleted names again. While a run is at work, it makes them itself. */
export async function restoreNames(project: Project, tell?: Tell): Promise<void> {
  try {
    const attempts = await openAttempts({ home: stateHome(project), clock: project.clock });
    tell?.(asDiagnostics(attempts.repaired));
    try {
      const clips = clipsOf(project);
      const surveyed = await survey({ project, state: attempts, clips });
      await settleClips(surveyed.found, clips);
      await namesOf(project, attempts, clips).sync(viewFor(project, surveyed));
    } finally {
      await attempts.close();
    }
  } catch (error) {
    if (!(error instanceof DailiesError) || error.code !== 'locked-by-another-run') throw error;
  }
}
