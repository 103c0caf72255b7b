import { systemClock } from '../../clock.js';
import { DailiesError } from '../../errors.js';
import { interruptRun } from '../../store/interrupt-run.js';
import { shownPlan, shownSummary } from '../answers.js';
import type { Desk } from '../desk.js';
import { startRun, type RunEnd } from '../start-run.js';
import * as tool from '../tool.js';
import { PLAN_ANSWER, SCOPE, scopeOf } from './plan-tools.js';

const WAIT_S = 45;
const LONGEST_WAIT_S = 3_600;

/** Tools that spend, and that stop spending. */
export function runTools(desk: Desk): readonly tool.Tool[] {
  return [
    {
      name: 'run',
      title: 'Buy and render a plan',
      description:
        'Spends money. Buys exactly the plan that plan_hash stands for, up to max_usd; if the plan or its price has changed, it buys nothing and gives the new plan. Only call it after the user has agreed to that plan’s total. It waits for a while, and then says running: the run goes on, also without you; ask status. Taking the call back means Ctrl-C.',
      input: tool.objectOf(
        {
          manifest: tool.MANIFEST,
          plan_hash: tool.TEXT('From the plan that the user agreed to.'),
          max_usd: tool.NUMBER('The most that the user agreed to spend on it, US dollars.'),
          ...SCOPE,
          wait_seconds: tool.NUMBER(`How long to wait for the end; ${WAIT_S} if absent.`),
        },
        ['manifest', 'plan_hash', 'max_usd'],
      ),
      output: tool.answerOf(
        {
          outcome: { enum: ['finished', 'running', 'plan_changed'] },
          ...PLAN_ANSWER,
          exit_code: tool.COUNT(
            '0: all delivered; 1: some are not; 3: stopped before or while spending; 130: interrupted.',
          ),
          not_delivered: tool.LIST('What was not delivered, and why.'),
        },
        ['outcome'],
      ),
      hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
      call: (args, call) => run(desk, args, call),
    },
    {
      name: 'stop',
      title: 'Interrupt a run',
      description:
        'Stops the run of a manifest on this machine, as Ctrl-C does: nothing more is bought. Jobs that were accepted are paid, and the next run fetches them.',
      input: tool.objectOf({ manifest: tool.MANIFEST }, ['manifest']),
      output: tool.answerOf({ stopped: tool.FLAG('Whether there was a run to stop.') }, ['stopped']),
      hints: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
      async call(args) {
        const { paths } = await desk.open(tool.textOf(args, 'manifest') ?? '');
        // With a store there is no lock to find it by.
        const own = desk.runs.get(paths.manifest);
        own?.interrupt();
        return { data: { stopped: own !== undefined || (await interruptRun(paths.lockfile)) } };
      },
    },
  ];
}

async function run(
  desk: Desk,
  args: tool.ToolArguments,
  { signal, progress }: tool.ToolCall,
): Promise<tool.ToolAnswer> {
  const manifest = desk.manifest(tool.textOf(args, 'manifest') ?? '');
  // What keeps a run from beginning is said in words, and not by a process that has ended.
  await desk.open(manifest);
  const share = desk.allowance.take(tool.numberOf(args, 'max_usd') ?? 0);
  const started = startRun({
    ...{ desk, manifest, maxUsd: share.usd, planHash: tool.textOf(args, 'plan_hash') ?? '', progress },
    ...scopeOf(args),
  });
  desk.runs.set(manifest, started);
  void started.ended.then((end) => {
    share.settle(spentIn(end, share.usd));
    if (desk.runs.get(manifest) === started) desk.runs.delete(manifest);
  });
  const waitS = Math.min(LONGEST_WAIT_S, tool.numberOf(args, 'wait_seconds') ?? WAIT_S);
  const waited = systemClock.sleep(waitS * 1000, signal).then(
    () => undefined,
    () => {
      // A client that is gone has not asked for an end.
      if (signal.reason instanceof tool.Disconnected) return undefined;
      started.interrupt();
      return started.ended;
    },
  );
  const end = await Promise.race([started.ended, waited]);
  if (!end) {
    const hint = 'the run goes on; ask status with wait_seconds for its end';
    return { data: { outcome: 'running', hint } };
  }
  return answerTo(end);
}

function answerTo(end: RunEnd): tool.ToolAnswer {
  if (end.kind === 'finished') return { data: { outcome: 'finished', ...shownSummary(end.summary) } };
  if (end.plan) {
    const hint =
      'nothing was bought; show the user the new plan, and run it with its plan_hash if they agree';
    return { data: { outcome: 'plan_changed', hint, ...shownPlan(end.plan) } };
  }
  throw new DailiesError(end.code, end.message, { hint: end.hint });
}

/** If a run ended in a way that nobody saw, it may have spent all it was given. */
function spentIn(end: RunEnd, mostUsd: number): number {
  if (end.kind === 'finished') return end.summary.cost_usd;
  return end.isKnown ? 0 : mostUsd;
}
