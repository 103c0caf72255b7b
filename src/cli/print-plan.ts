import { defined } from '../domain/defined.js';
import type { PlanDocument } from '../domain/plan.js';
import { PlanChangedError, type ExitCode } from '../errors.js';
import { ceilingRefusal } from '../flow/plan/ceiling.js';
import { planProject } from '../flow/plan/plan.js';
import type { Project } from '../flow/project/project.js';
import { planLines } from '../ui/plan-table.js';
import type { Invocation } from './command.js';
import { lookOf, noteDiagnostics, printJson, printLines, type CliContext } from './context.js';
import { noteError } from './exit.js';
import { nextCommands, openProject, scopeOf, type PlanFlags, type RunFlags } from './flags.js';
import { interruptible } from './signals.js';
import { clipsPlaceLines } from './clips-place.js';

/** Computes the plan and prints it. */
export async function printPlan(context: CliContext, invocation: Invocation<PlanFlags>): Promise<ExitCode> {
  await present(context, await openProject(context, invocation), invocation);
  return 0;
}

/** `run --dry-run`: the plan, and then the message and the exit code of the run, if a ceiling would stop it. */
export async function printDryRun(context: CliContext, invocation: Invocation<RunFlags>): Promise<ExitCode> {
  const project = await openProject(context, invocation);
  const plan = await present(context, project, invocation);
  const { maxCost: maxCostUsd, allowUnpriced, ifPlan } = invocation.flags;
  const isAnother = ifPlan !== undefined && ifPlan !== plan.plan_hash;
  const ceiling = defined({ maxCostUsd, allowUnpriced });
  const refusal = isAnother
    ? new PlanChangedError(plan, ifPlan)
    : await ceilingRefusal(project, { plan, ceiling });
  if (!refusal) return 0;
  await noteError(refusal, context);
  return refusal.exitCode;
}

async function present(
  context: CliContext,
  project: Project,
  invocation: Invocation<PlanFlags>,
): Promise<PlanDocument> {
  const { offline = false, all = false, quiet, withKey = false } = invocation.flags;
  const scope = scopeOf(invocation.flags);
  const plan = await interruptible((signal) => planProject(project, { ...scope, offline, withKey, signal }));
  if (context.format !== 'text') {
    printJson(context, plan);
    return plan;
  }
  if (quiet !== true) await noteDiagnostics(context, plan.diagnostics, project.source);
  const look = { ...lookOf(context, 'stdout'), all, now: Date.now(), commands: nextCommands(invocation) };
  printLines(context, planLines(plan, look));
  printLines(context, clipsPlaceLines(project, invocation));
  return plan;
}
