import { resolve } from 'node:path';
import { defined } from '../domain/defined.js';
import type { ExitCode } from '../errors.js';
import type { RunSummary } from '../events.js';
import { runProject } from '../flow/commands/run.js';
import type { RenderSheet } from '../flow/commands/write-report.js';
import type { Project } from '../flow/project/project.js';
import { prepareJunitFile } from '../store/junit-file.js';
import { summaryLines } from '../ui/summary.js';
import { writeCiReports } from './ci-reports.js';
import { clipsElsewhere, clipsPlaceLines } from './clips-place.js';
import { openConsent } from './confirm.js';
import type { Invocation } from './command.js';
import { lookOf, noteLines, printJson, printLines, shownPath, type CliContext } from './context.js';
import { nextCommands, openProject, scopeOf, type RunFlags } from './flags.js';
import { openRunProgress } from './run-progress.js';
import { interruptible } from './signals.js';

/** How the words of a run were given. */
interface Given {
  /** The command line says `--yes`, not just the environment. */
  readonly isYesTyped: boolean;
}

/** Runs a manifest and reports the outcome. */
export async function runManifest(
  context: CliContext,
  invocation: Invocation<RunFlags>,
  given: Given,
): Promise<ExitCode> {
  const project = await openProject(context, invocation);
  const made = await render(context, { invocation, project }, given);
  const isReported = await writeCiReports(context, made, invocation.flags.junit);
  const summary = made.exit_code === 0 && !isReported ? { ...made, exit_code: 3 as const } : made;
  printSummary(context, { summary, project }, invocation);
  return summary.exit_code;
}

/** The page is loaded when it is due: a run with nothing to do leaves it as it is. */
const renderSheet: RenderSheet = async (report) => (await import('../sheet/render.js')).renderSheet(report);

/** Runs the project and shows its progress. The screen is restored whatever happens. */
async function render(
  context: CliContext,
  { invocation, project }: { readonly invocation: Invocation<RunFlags>; readonly project: Project },
  { isYesTyped }: Given,
): Promise<RunSummary> {
  const { flags } = invocation;
  // Checks that the outcome can be written before anything is spent.
  if (flags.junit !== undefined) await prepareJunitFile(flags.junit, project.paths);
  const consent = openConsent(context, { project, invocation, isYesTyped });
  const progress = await openRunProgress(context, {
    quiet: flags.quiet === true,
    // Clips are named from the manifest's folder on.
    showPath: (path) => shownPath(resolve(project.paths.folder, path)),
    // Diagnostics that the plan has shown are not shown again.
    isKnown: (event) => consent.isPlanShown && event.type === 'diagnostic',
  });
  const { maxCost: maxCostUsd, locked, allowUnpriced, ifPlan, callback, listen } = flags;
  const work = async (signal: AbortSignal): Promise<RunSummary> => {
    try {
      return await runProject(project, {
        ...scopeOf(flags),
        ...defined({ maxCostUsd, locked, allowUnpriced, ifPlan, callback, listen }),
        ...(await consent.options(signal)),
        onEvent: progress.handle,
        signal,
        renderSheet,
      });
    } finally {
      progress.stop();
    }
  };
  return interruptible(work, {
    onFirst: () => progress.note('stopping, and writing the state; press Ctrl-C again to leave at once'),
    beforeExit: () => progress.stop(),
  });
}

/** For people on the standard output; where that belongs to a machine, on the standard error. */
function printSummary(
  context: CliContext,
  { summary, project }: { readonly summary: RunSummary; readonly project: Project },
  invocation: Invocation<RunFlags>,
): void {
  const quiet = invocation.flags.quiet === true;
  const stream = context.format === 'text' ? 'stdout' : 'stderr';
  const { sheet } = summary;
  const output = clipsElsewhere(project) ?? shownPath(summary.output);
  const shown = { ...summary, output, ...(sheet && { sheet: shownPath(sheet) }) };
  // In a terminal the shots that scrolled by are right above.
  if (context.stderr.isTTY && !quiet) noteLines(context, ['']);
  const summed = summaryLines(shown, { ...lookOf(context, stream), commands: nextCommands(invocation) });
  const lines = [...summed, ...clipsPlaceLines(project, invocation)];
  if (context.format === 'json') printJson(context, summary);
  if (stream === 'stdout') printLines(context, lines);
  else if (!quiet) noteLines(context, lines);
}
