import type { Command } from 'commander';
import { DailiesError, type ExitCode } from '../errors.js';
import { noteLines, type CliContext, type Format } from './context.js';
import { applyEnvironment, unreadVariables } from './environment.js';

/** A command's own part: puts itself below `program`. Nothing heavy is imported before its action runs. */
export type Register = (program: Command, context: CliContext) => void;

/** What an action is given: the words of the command line, and the options by their names. */
export interface Invocation<Flags> {
  readonly words: readonly string[];
  readonly flags: Flags;
}

/** Gives a command its work, whose result is the exit code, with the environment in place of absent flags. */
export function act<Flags>(
  command: Command,
  context: CliContext,
  work: (invocation: Invocation<Flags>) => Promise<ExitCode>,
): void {
  command.action(async () => {
    applyEnvironment(command, context.env);
    const flags: Flags & { readonly format?: Format } = command.opts();
    context.format = flags.format ?? 'text';
    checkUnread(command, context);
    context.exitCode = await work({ words: wordsOf(command), flags });
  });
}

/**
 * A misspelt ceiling in the environment would be ignored: a command that has one does not start with a variable that is
 * similar to a known one. Other unknown variables get a warning: they may be somebody else's.
 */
function checkUnread(command: Command, context: CliContext): void {
  const spends = command.options.some((option) => option.attributeName() === 'maxCost');
  for (const { name, meant } of unreadVariables(command, context.env)) {
    const message = `nothing reads ${name}`;
    const hint =
      meant === undefined
        ? 'unset it, or see docs/ci.md for the variables that dailies reads'
        : `did you mean ${meant}?`;
    if (spends && meant !== undefined) throw new DailiesError('usage', message, { hint });
    noteLines(context, [`warning: ${message}: ${hint}`]);
  }
}

/** The words of the command line, including those of a list. */
function wordsOf(command: Command): string[] {
  const words: readonly unknown[] = command.processedArgs;
  return words.flat().flatMap((word) => (typeof word === 'string' ? [word] : []));
}

/** The example at the end of a command's help. */
export function addExamples(
  command: Command,
  examples: readonly (readonly [command: string, what: string])[],
): void {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, what]) => `  ${line.padEnd(width)}  ${what}`);
  command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}
