import { defined } from '../domain/defined.js';
import { DailiesError, type ExitCode } from '../errors.js';
import { enqueueProject } from '../flow/commands/enqueue.js';
import { count, formatUsd } from '../ui/figures.js';
import type { Invocation } from './command.js';
import { openConsent } from './confirm.js';
import { answer, noteDiagnostics, type CliContext } from './context.js';
import { nextCommands, openProject, scopeOf, storeOf, type RunFlags } from './flags.js';
import { interruptible } from './signals.js';

export type EnqueueFlags = Omit<RunFlags, 'dryRun' | 'locked' | 'junit' | 'callback' | 'listen'>;

/** Enqueues a manifest, and says what of it can begin. */
export async function enqueueManifest(
  context: CliContext,
  invocation: Invocation<EnqueueFlags>,
): Promise<ExitCode> {
  const { flags } = invocation;
  storeOf(flags);
  if (flags.clips === undefined) {
    throw new DailiesError('usage', 'the workers need one place for clips and inputs', {
      hint: "name the folder or the bucket that all machines share: --clips 's3://bucket/prefix', or DAILIES_CLIPS",
    });
  }
  const project = await openProject(context, invocation);
  const consent = openConsent(context, { project, invocation, isYesTyped: false });
  const { maxCost: maxCostUsd, allowUnpriced, ifPlan } = flags;
  const enqueued = await interruptible(async (signal) =>
    enqueueProject(project, {
      ...scopeOf(flags),
      ...defined({ maxCostUsd, allowUnpriced, ifPlan }),
      ...(await consent.options(signal)),
      signal,
    }),
  );
  const { plan, buying, fetching, waiting } = enqueued;
  if (!consent.isPlanShown) await noteDiagnostics(context, plan.diagnostics, project.source);
  answer(context, { ...enqueued, plan: undefined, total: plan.total }, () => {
    if (flags.quiet === true) return [];
    const most = formatUsd(plan.total.max_usd, { round: 'up' });
    const told = [
      buying > 0 ? `${count(buying, 'take')} to buy, up to ${most}` : '',
      fetching > 0 ? `${count(fetching, 'job')} to fetch` : '',
      waiting > 0 ? `${count(waiting, 'take')} waiting for others` : '',
    ].filter((words) => words !== '');
    const { status, pull } = nextCommands(invocation);
    return [
      told.length > 0 ? `enqueued: ${told.join(', ')}` : 'all takes are delivered: nothing was enqueued',
      `  ${status}`,
      `  ${pull}`,
    ];
  });
  return 0;
}
