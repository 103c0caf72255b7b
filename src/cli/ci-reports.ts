import type { RunSummary } from '../events.js';
import { messageOf } from '../errors.js';
import type { Project } from '../flow/project/project.js';
import type { CliContext } from './context.js';
import { noteLines } from './context.js';
import { noteError } from './exit.js';

/** Makes sure before the run that its outcome can be written to the file of `--junit`. Throws `usage` and `disk`. */
export async function prepareCiReports(project: Project, junitFile: string | undefined): Promise<void> {
  if (junitFile === undefined) return;
  const { prepareJunitFile } = await import('../store/junit-file.js');
  await prepareJunitFile(junitFile, project.paths);
}

/**
 * Tells the CI system of a run: JUnit where a file is named, and GitHub's step summary where it runs there. Gives false
 * where the named file could not be written; what became of the run is not hidden by that.
 */
export async function writeCiReports(
  context: CliContext,
  summary: RunSummary,
  junitFile: string | undefined,
): Promise<boolean> {
  const isWritten = junitFile === undefined || (await writeJunit(context, summary, junitFile));
  const stepFile = context.env['GITHUB_STEP_SUMMARY'];
  if (!stepFile) return isWritten;
  const [{ stepSummary }, { appendText }] = await Promise.all([
    import('../ui/step-summary.js'),
    import('../store/append-text.js'),
  ]);
  // Nobody asked for this file by name, so a run does not fail over it.
  await appendText(stepFile, stepSummary(summary)).catch((error: unknown) =>
    noteLines(context, [`the step summary was not written: ${messageOf(error)}`]),
  );
  return isWritten;
}

async function writeJunit(context: CliContext, summary: RunSummary, file: string): Promise<boolean> {
  const [{ junitXml }, { writeJunitFile }] = await Promise.all([
    import('../ui/junit.js'),
    import('../store/junit-file.js'),
  ]);
  try {
    await writeJunitFile(file, junitXml(summary));
    return true;
  } catch (error) {
    await noteError(error, context);
    return false;
  }
}
