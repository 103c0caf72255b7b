import { messageOf } from '../errors.js';
import type { RunSummary } from '../events.js';
import { appendText } from '../store/append-text.js';
import { writeJunitFile } from '../store/junit-file.js';
import { junitXml, stepSummary } from '../ui/ci-reports.js';
import { clean } from '../ui/text.js';
import { noteLines, type CliContext } from './context.js';
import { noteError } from './exit.js';

/**
 * Reports a run to the CI system: JUnit if a file is named, and GitHub's step summary if it runs there. Gives false
 * if the named file could not be written; that does not hide the outcome of the run.
 */
export async function writeCiReports(
  context: CliContext,
  summary: RunSummary,
  junitFile: string | undefined,
): Promise<boolean> {
  const isWritten = junitFile === undefined || (await writeJunit(context, summary, junitFile));
  const stepFile = context.env['GITHUB_STEP_SUMMARY'];
  if (!stepFile) return isWritten;
  // Nobody asked for this file by name, so a run does not fail over it.
  await appendText(stepFile, stepSummary(summary)).catch((error: unknown) =>
    noteLines(context, [`the step summary was not written: ${clean(messageOf(error))}`]),
  );
  return isWritten;
}

async function writeJunit(context: CliContext, summary: RunSummary, file: string): Promise<boolean> {
  try {
    await writeJunitFile(file, junitXml(summary));
    return true;
  } catch (error) {
    await noteError(error, context);
    return false;
  }
}
