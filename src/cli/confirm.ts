import { createInterface } from 'node:readline/promises';
import type { PlanDocument } from '../domain/plan.js';
import type { Project } from '../flow/project/project.js';
import { count, formatUsd } from '../ui/figures.js';
import { planLines } from '../ui/plan-table.js';
import type { NextCommands } from '../ui/shell.js';
import { lookOf, noteDiagnostics, noteLines, type CliContext } from './context.js';

/** As many rows as a person reads before a question. */
const ROWS_BEFORE_QUESTION = 30;

/** Whether there is somebody to ask: who types at a terminal, and sees one of the streams there. */
export function canAsk({ stdin, stdout, stderr }: CliContext): boolean {
  return stdin.isTTY === true && (stderr.isTTY === true || stdout.isTTY === true);
}

/** Shows the plan and asks whether its money may be spent. No answer, or the end of the input, is a no. */
export async function confirmSpending(
  asked: CliContext,
  {
    project,
    plan,
    commands,
    signal,
  }: {
    readonly project: Project;
    readonly plan: PlanDocument;
    readonly commands: NextCommands;
    readonly signal: AbortSignal;
  },
): Promise<boolean> {
  // Where the standard error goes to a file, the question would be asked of nobody.
  const context = asked.stderr.isTTY === true ? asked : { ...asked, stderr: asked.stdout };
  await noteDiagnostics(context, plan.diagnostics, project.source);
  const look = { ...lookOf(context, 'stderr'), limit: ROWS_BEFORE_QUESTION, now: Date.now(), commands };
  noteLines(context, [...planLines(plan, look), '']);
  // The sandbox's prices are on paper.
  return plan.gateway === 'sandbox' || (await ask(context, questionOf(plan), signal));
}

function questionOf({ total }: PlanDocument): string {
  const clips = `${count(total.unpriced, 'unpriced take')} ${total.unpriced === 1 ? 'costs' : 'cost'}`;
  const unknown = total.unpriced === 0 ? '' : ` and whatever ${clips}`;
  return `Spend up to ${formatUsd(total.max_usd, { round: 'up' })}${unknown}? [y/N] `;
}

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
