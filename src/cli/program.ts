import { Command } from 'commander';
import { VERSION } from '../version.js';
import type { Register } from './command.js';
import { registerAssemble } from './commands/assemble.js';
import { registerCompletion } from './commands/completion.js';
import { registerDoctor } from './commands/doctor.js';
import { registerInit } from './commands/init.js';
import { registerModels } from './commands/models.js';
import { registerPick } from './commands/pick.js';
import { registerPlan } from './commands/plan.js';
import { registerPrune } from './commands/prune.js';
import { registerResolve } from './commands/resolve.js';
import { registerRun } from './commands/run.js';
import { registerSandbox } from './commands/sandbox.js';
import { registerSchema } from './commands/schema.js';
import { registerSheet } from './commands/sheet.js';
import { registerStatus } from './commands/status.js';
import { registerUnlock } from './commands/unlock.js';
import { registerValidate } from './commands/validate.js';
import type { CliContext } from './context.js';
import { formatHelp } from './help.js';

/** In the order of the help: what is used most, first. */
const COMMANDS: readonly Register[] = [
  registerInit,
  registerRun,
  registerPlan,
  registerValidate,
  registerStatus,
  registerResolve,
  registerModels,
  registerSheet,
  registerPick,
  registerAssemble,
  registerPrune,
  registerUnlock,
  registerSchema,
  registerDoctor,
  registerSandbox,
  registerCompletion,
];

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
      writeErr: (text) => context.stderr.write(text),
    })
    .configureHelp({ formatHelp })
    .showHelpAfterError('  hint: dailies --help lists the commands');
  for (const register of COMMANDS) register(program, context);
  for (const command of program.commands) {
    command.showHelpAfterError(`  hint: dailies ${command.name()} --help lists its options`);
  }
  return program;
}
