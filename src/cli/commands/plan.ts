import type { ExitCode } from '../../errors.js';
import { planLines } from '../../ui/plan-table.js';
import { act, addExamples, type Register } from '../command.js';
import { lookOf, printJson, printLines, type CliContext } from '../context.js';
import { noteDiagnostics } from '../notes.js';
import { openProject } from '../open-project.js';
import {
  addFormatOption,
  addManifestOptions,
  addQuietOption,
  addScopeOptions,
  nextCommands,
  type ManifestFlags,
  type ScopeFlags,
} from '../options.js';
import { scopeOf } from '../scope.js';
import { interruptible } from '../signals.js';

interface PlanFlags extends ManifestFlags, ScopeFlags {
  readonly offline?: boolean;
  readonly all?: boolean;
  readonly quiet?: boolean;
}

export const registerPlan: Register = (program, context) => {
  const command = program
    .command('plan <MANIFEST>')
    .description('say what a run would do, why, and for how much');
  addScopeOptions(addManifestOptions(command))
    .option('--offline', 'leaves the gateway alone; limits and prices are those last seen')
    .option('--all', 'names the clips that are there already too');
  addQuietOption(addFormatOption(command));
  addExamples(command, [
    ['dailies plan teaser.yaml', 'needs no key and submits nothing'],
    ['dailies plan teaser.yaml --until turn', 'one shot and what it is made from'],
    ['dailies plan teaser.yaml --format json', 'for machines: schemas/plan.schema.json'],
  ]);
  act<PlanFlags>(command, context, ({ words: [manifest = ''], flags }) =>
    printPlan(context, manifest, flags),
  );
};

/** Works out the plan and prints it; also `run --dry-run`. */
export async function printPlan(context: CliContext, manifest: string, flags: PlanFlags): Promise<ExitCode> {
  const project = await openProject(context, manifest, flags);
  const { planProject } = await import('../../flow/plan.js');
  const interruption = interruptible();
  try {
    const plan = await planProject(project, {
      ...scopeOf(flags),
      offline: flags.offline === true,
      signal: interruption.signal,
    });
    if (context.format !== 'text') {
      printJson(context, plan);
      return 0;
    }
    if (flags.quiet !== true) await noteDiagnostics(context, plan.diagnostics, project.source);
    printLines(
      context,
      planLines(plan, {
        ...lookOf(context, 'stdout'),
        all: flags.all === true,
        now: Date.now(),
        commands: nextCommands(manifest, flags),
      }),
    );
    return 0;
  } finally {
    interruption.release();
  }
}
