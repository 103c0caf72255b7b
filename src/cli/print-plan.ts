import type { ExitCode } from '../errors.js';
import type { PlanDocument } from '../domain/plan.js';
import { ceilingRefusal } from '../flow/plan/ceiling.js';
import { planProject } from '../flow/plan/plan.js';
import type { Project } from '../flow/project/project.js';
import { planLines } from '../ui/plan-table.js';
import { lookOf, printJson, printLines, type CliContext } from './context.js';
import { noteError } from './exit.js';
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

/** What a dry run is told besides, because the run would be. */
export interface DryRunFlags extends PlanFlags {
  readonly maxCost?: number;
  readonly allowUnpriced?: boolean;
}

/** Works out the plan and prints it. */
export async function printPlan(context: CliContext, manifest: string, flags: PlanFlags): Promise<ExitCode> {
  await present(context, { project: await openProject(context, manifest, flags), manifest, flags });
  return 0;
}

/** `run --dry-run`: the plan, and then the word and the exit code of a run that a ceiling would stop. */
export async function printDryRun(
  context: CliContext,
  manifest: string,
  flags: DryRunFlags,
): Promise<ExitCode> {
  const project = await openProject(context, manifest, flags);
  const plan = await present(context, { project, manifest, flags });
  const refusal = await ceilingRefusal(project, {
    plan,
    ceiling: {
      ...(flags.maxCost === undefined ? {} : { maxCostUsd: flags.maxCost }),
      ...(flags.allowUnpriced === undefined ? {} : { allowUnpriced: flags.allowUnpriced }),
    },
  });
  if (!refusal) return 0;
  await noteError(refusal, context);
  return refusal.exitCode;
}

async function present(
  context: CliContext,
  {
    project,
    manifest,
    flags,
  }: { readonly project: Project; readonly manifest: string; readonly flags: PlanFlags },
): Promise<PlanDocument> {
  const interruption = interruptible();
  try {
    const plan = await planProject(project, {
      ...scopeOf(flags),
      offline: flags.offline === true,
      signal: interruption.signal,
    });
    if (context.format !== 'text') {
      printJson(context, plan);
      return plan;
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
    return plan;
  } finally {
    interruption.release();
  }
}
