import { Command, Help } from 'commander';
import { withoutCommands } from '../domain/foreign-text.js';
import { maskPasswords } from '../domain/unsigned-url.js';
import { VERSION } from '../version.js';
import type { Register } from './command.js';
import { registerAccount } from './commands/account.js';
import {
  registerAssemble,
  registerPick,
  registerPrune,
  registerPull,
  registerSheet,
} from './commands/clips.js';
import { registerCheck } from './commands/check.js';
import { registerCompletion } from './commands/completion.js';
import { registerDoctor, registerModels, registerSandbox, registerSchema } from './commands/gateway.js';
import { registerExport } from './commands/export.js';
import { registerInit } from './commands/init.js';
import { registerMcp } from './commands/mcp.js';
import { registerResolve } from './commands/resolve.js';
import { registerPlan, registerRun, registerValidate } from './commands/run.js';
import { registerStatus, registerUnlock } from './commands/status.js';
import { registerStore } from './commands/store.js';
import { registerView } from './commands/view.js';
import { registerEnqueue, registerHook, registerWorker } from './commands/workers.js';
import type { CliContext } from './context.js';
import { everyCommand, pathOf } from './tree.js';

/** In the order of the help: the most used first. */
const COMMANDS: readonly Register[] = [
  registerInit,
  registerRun,
  registerPlan,
  registerValidate,
  registerStatus,
  registerView,
  registerResolve,
  registerModels,
  registerSheet,
  registerPull,
  registerPick,
  registerAssemble,
  registerExport,
  registerDoctor,
  registerSandbox,
];

/** Commands that many never need: the help only names them. */
const NAMED_ONLY: Readonly<Record<string, readonly Register[]>> = {
  'Several machines': [registerEnqueue, registerWorker, registerHook, registerAccount, registerStore],
  'And also': [registerCheck, registerPrune, registerMcp, registerUnlock, registerSchema, registerCompletion],
};

/** The tree of commands. Errors of usage are thrown as CommanderError once they were written. */
export function buildProgram(context: CliContext): Command {
  const program = new Command('dailies')
    .description('Renders a YAML shot list into a folder of finished clips, each paid for once.')
    .version(VERSION, '-V, --version', 'prints the version')
    .helpOption('-h, --help', 'prints help')
    .helpCommand('help [COMMAND]', 'prints help')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(withoutCommands(maskPasswords(text))),
    })
    .configureHelp({ formatHelp })
    .showHelpAfterError('  hint: dailies --help lists the commands');
  for (const register of COMMANDS) register(program, context);
  for (const [heading, registers] of Object.entries(NAMED_ONLY)) {
    program.commandsGroup(heading);
    for (const register of registers) register(program, context);
  }
  for (const group of program.commands.filter(({ commands }) => commands.length > 0)) {
    group.showHelpAfterError(`  hint: dailies ${group.name()} --help lists what it can do`);
  }
  for (const command of everyCommand(program)) {
    command.showHelpAfterError(`  hint: dailies ${pathOf(command)} --help lists its options`);
  }
  return program;
}

/** The tree's own help is one screen of 24 lines, the prompt below it included; a command's is commander's. */
function formatHelp(command: Command, helper: Help): string {
  return command.parent === null
    ? treeHelp(command)
    : Help.prototype.formatHelp.call(helper, command, helper);
}

function treeHelp(program: Command): string {
  const shown = program.commands.filter((command) => command.helpGroup() === '');
  const rows = shown.map((command) => {
    const words = command.registeredArguments.map((word) =>
      word.required ? word.name() : `[${word.name()}]`,
    );
    return { term: [command.name(), ...words].join(' '), description: command.description() };
  });
  const width = Math.max(...rows.map(({ term }) => term.length));
  return [
    program.description(),
    'Usage: dailies COMMAND [OPTIONS]',
    '',
    ...rows.map(({ term, description }) => `  ${term.padEnd(width)}  ${description}`),
    '',
    ...Object.keys(NAMED_ONLY).map((heading) => `${heading}: ${namesIn(program, heading)}`),
    'dailies COMMAND --help lists its options, with examples; dailies --version.',
    'Start with: dailies init film, then dailies run film/teaser.yaml',
    '',
  ].join('\n');
}

function namesIn(program: Command, heading: string): string {
  const members = program.commands.filter((command) => command.helpGroup() === heading);
  return members.map((command) => command.name()).join(', ');
}
