import type { RunSummary } from '../events.js';
import { messageOf } from '../errors.js';
import type { CliContext } from './context.js';
import { noteLines } from './context.js';

/** Tells the CI system of a run: JUnit where a file is named, and GitHub's step summary where it runs there. */
export async function writeCiReports(
  context: CliContext,
  summary: RunSummary,
  junitFile: string | undefined,
): Promise<void> {
  if (junitFile !== undefined) {
    const [{ junitXml }, { writeText }] = await Promise.all([
      import('../ui/junit.js'),
      import('../store/text-file.js'),
    ]);
    await writeText(junitFile, junitXml(summary));
  }
  const stepFile = context.env['GITHUB_STEP_SUMMARY'];
  if (!stepFile) return;
  const [{ stepSummary }, { appendText }] = await Promise.all([
    import('../ui/step-summary.js'),
    import('../store/append-text.js'),
  ]);
  // Nobody asked for this file by name, so a run does not fail over it.
  await appendText(stepFile, stepSummary(summary)).catch((error: unknown) =>
    noteLines(context, [`the step summary was not written: ${messageOf(error)}`]),
  );
}
