import type { ExitCode } from '../errors.js';
import { planProject } from '../flow/plan.js';
import { planLines } from '../ui/plan-table.js';
import { lookOf, printJson, printLines, type CliContext } from './context.js';
import { noteDiagnostics } from './notes.js';
import { openProject } from './open-project.js';
import { nextCommands, type ManifestFlags, type ScopeFlags } from './options.js';
import { scopeOf } from './scope.js';
import { interruptible } from './signals.js';

export interface PlanFlags extends ManifestFlags, ScopeFlags {
  readonly offline?: boolean;
  readonly all?: boolean;
  readonly quiet?: boolean;
}

/** Works out the plan and prints it; also `run --dry-run`. */
export async function printPlan(context: CliContext, manifest: string, flags: PlanFlags): Promise<ExitCode> {
  const project = await openProject(context, manifest, flags);
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
