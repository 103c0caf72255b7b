/**
 * The library: checking, planning, running and the state of a project, for programs. The command is a face on the same
 * functions. See docs/library.md.
 */
import { fileURLToPath } from 'node:url';
import type { Diagnostic } from './domain/diagnostic.js';
import type { PlanDocument } from './domain/plan.js';
import type { Report } from './domain/report.js';
import { DailiesError, messageOf } from './errors.js';
import type { RunSummary } from './events.js';
import { planProject, validateProject, type PlanOptions } from './flow/plan/plan.js';
import { loadProject, type Project, type ProjectOptions } from './flow/project/project.js';
import { runProject, type RunOptions } from './flow/commands/run.js';
import { projectStatus } from './flow/commands/status.js';
import { renderSheet } from './sheet/render.js';

/**
 * Reads a manifest, named by a path or a `file:` URL, and its local inputs; sends nothing. Throws ManifestError where it cannot be expanded, and DailiesError
 * (`manifest-invalid` where it cannot be read, `usage` for options).
 */
export async function loadManifest(
  path: string | URL,
  options: Omit<ProjectOptions, 'manifest'> = {},
): Promise<Project> {
  return loadProject({ ...options, manifest: path instanceof URL ? pathOf(path) : path });
}

function pathOf(url: URL): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw new DailiesError('usage', `${url.protocol}//${url.host} has no manifest: ${messageOf(cause)}`, {
      hint: 'give the path of a file, or its file: URL',
      cause,
    });
  }
}

/** Checks the manifest and its inputs, all shots of it, against the models. Gives the warnings; throws ManifestError. */
export function validate(project: Project, options: PlanOptions = {}): Promise<readonly Diagnostic[]> {
  return validateProject(project, options);
}

/** What a run would do about each take, and what it would cost. Submits nothing and needs no key. */
export function plan(project: Project, options: PlanOptions = {}): Promise<PlanDocument> {
  return planProject(project, options);
}

/**
 * Renders what is not there yet, and writes the contact sheet. Resolves with the account of the run, whatever became
 * of its shots; throws ManifestError or DailiesError where nothing was begun.
 */
export function run(project: Project, options: RunOptions = {}): Promise<RunSummary> {
  return runProject(project, { renderSheet, ...options });
}

/** How each take stands and what it has cost, by the lockfile and the folder alone: asks nobody, also during a run. */
export function status(project: Project): Promise<Report> {
  return projectStatus(project);
}

export { DailiesError, ManifestError, PlanChangedError } from './errors.js';
export type { ErrorCode, ExitCode } from './errors.js';
export type { EventSink, RunEvent, RunSummary, StopReason, TakeResult } from './events.js';
export type { Diagnostic, DiagnosticCode, SourceRange } from './domain/diagnostic.js';
export type { Estimate } from './domain/money.js';
export type { PlanAction, PlanDocument, PlanRow, PlanTotal } from './domain/plan.js';
export type { Report, ReportTake } from './domain/report.js';
export type { PlanOptions } from './flow/plan/plan.js';
export type { Project, ProjectOptions } from './flow/project/project.js';
export type { RunOptions } from './flow/commands/run.js';
export type { RenderSheet } from './flow/commands/write-report.js';
