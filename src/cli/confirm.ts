import { createInterface } from 'node:readline/promises';
import type { PlanDocument } from '../domain/plan.js';
import type { RunOptions } from '../flow/commands/run.js';
import type { KeyQuestion } from '../flow/project/name-key.js';
import type { Project } from '../flow/project/project.js';
import { count, formatUsd } from '../ui/figures.js';
import { laterWords, planLines, ROWS_TO_READ } from '../ui/plan-table.js';
import type { Invocation } from './command.js';
import { lookOf, noteDiagnostics, noteLines, type CliContext } from './context.js';
import { nextCommands, type RunFlags } from './flags.js';
import { keyConsent } from './key-consent.js';

/** Without a terminal, people read the plan later, in the log. */
const UNCONFIRMED = {
  kind: 'unconfirmed',
  message: 'there is no terminal to ask on, and no ceiling: nothing was bought',
  hint: 'give --yes to spend what the plan says, or set a ceiling with --max-cost USD or budget_usd in the manifest',
} as const;

/** How a run gets leave to spend, and to send a key where only the manifest says. */
export interface Consent {
  /** Whether a person has seen the plan already. */
  readonly isPlanShown: boolean;
  options(signal: AbortSignal): Promise<Pick<RunOptions, 'confirm' | 'withKey'>>;
}

/**
 * The command line gives leave, or a person at the terminal; for money also a ceiling. Without any of them the plan is
 * shown, and nothing is bought. `isYesTyped`: a `--yes` in the environment names no gateway.
 */
export function openConsent(
  context: CliContext,
  run: { readonly project: Project; readonly invocation: Invocation<RunFlags>; readonly isYesTyped: boolean },
): Consent {
  const { project, invocation, isYesTyped } = run;
  const { withKey = false, maxCost, ifPlan } = invocation.flags;
  // A plan that was named has been seen: it alone will be bought.
  const yes = invocation.flags.yes === true || ifPlan !== undefined;
  const isAsked = canAsk(context);
  // If the standard error goes to a file, nobody would see the question.
  const shown = !isAsked || context.stderr.isTTY === true ? context : { ...context, stderr: context.stdout };
  const hasCeiling = maxCost !== undefined || project.manifest.budget_usd !== undefined;
  let isPlanShown = false;
  let isAgreed = false;

  const show = async (plan: PlanDocument): Promise<void> => {
    isPlanShown = true;
    await noteDiagnostics(shown, plan.diagnostics, project.source);
    const look = { ...lookOf(shown, 'stderr'), limit: ROWS_TO_READ, now: Date.now() };
    noteLines(shown, [...planLines(plan, { ...look, commands: nextCommands(invocation) }), '']);
  };
  const askForKey = async (question: KeyQuestion, signal: AbortSignal): Promise<boolean> => {
    if (question.plan) await show(question.plan);
    const isYes = await ask(shown, keyQuestion(question, yes), signal);
    isAgreed = isYes && question.spends;
    return isYes;
  };
  const askForMoney = async (plan: PlanDocument, signal: AbortSignal): Promise<boolean> => {
    if (isAgreed) return true;
    if (!isPlanShown) await show(plan);
    return ask(shown, `${moneyWords(plan)}? [y/N] `, signal);
  };
  const refuse = async (plan: PlanDocument): Promise<typeof UNCONFIRMED> => {
    if (invocation.flags.quiet !== true) await show(plan);
    return UNCONFIRMED;
  };
  return {
    get isPlanShown() {
      return isPlanShown;
    },
    async options(signal) {
      const named = (question: KeyQuestion) => askForKey(question, signal);
      const asking = isYesTyped ? () => Promise.resolve(true) : isAsked ? named : undefined;
      const keys = { withKey: await keyConsent(context, project, { withKey, ask: asking }) };
      if (yes) return keys;
      if (isAsked) return { ...keys, confirm: (plan) => askForMoney(plan, signal) };
      return hasCeiling ? keys : { ...keys, confirm: refuse };
    },
  };
}

/** Whether there is a person to ask, who types at a terminal and sees one of the streams there. */
function canAsk({ stdin, stdout, stderr }: CliContext): boolean {
  return stdin.isTTY === true && (stderr.isTTY === true || stdout.isTTY === true);
}

/** One question for the money and the key, if both are asked for; `isPaid`: the money is already agreed. */
function keyQuestion({ variable, origin, place, plan, spends }: KeyQuestion, isPaid: boolean): string {
  const key = `end the key in ${variable} to ${origin}, as ${place} says? [y/N] `;
  if (!plan) return `${origin} lists no models without a key. S${key}`;
  return spends && !isPaid ? `${moneyWords(plan)}, and s${key}` : `S${key}`;
}

function moneyWords({ total, after_picks: later }: PlanDocument): string {
  const clips = `${count(total.unpriced, 'unpriced take')} ${total.unpriced === 1 ? 'costs' : 'cost'}`;
  const unknown = total.unpriced === 0 ? '' : ` and whatever ${clips}`;
  const rest = later ? ` now (${laterWords(later)})` : '';
  return `Spend up to ${formatUsd(total.max_usd, { round: 'up' })}${unknown}${rest}`;
}

/** No answer, or the end of the input, is a no. */
async function ask({ stdin, stderr }: CliContext, question: string, signal: AbortSignal): Promise<boolean> {
  const terminal = createInterface({ input: stdin, output: stderr });
  // Reading a line, the terminal hands Ctrl-C to the reader instead of raising the signal.
  terminal.once('SIGINT', () => process.emit('SIGINT', 'SIGINT'));
  const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  try {
    const answer = await Promise.race([terminal.question(question, { signal }), ended]);
    stderr.write('\n');
    return /^y(es)?$/i.test(answer.trim());
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    terminal.close();
  }
}
