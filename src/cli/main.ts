#!/usr/bin/env node
import { processContext } from './context.js';
import { reportError } from './exit.js';
import { runCli } from './run-cli.js';

const context = processContext();

// The command is a bundle: where somebody looks for a bug, its stack traces name the modules.
if (context.env['DAILIES_DEBUG']) process.setSourceMapsEnabled(true);

// An uncaught error is a bug, and is reported in words like any other error.
process.on('uncaughtException', (error) => {
  void reportError(error, context).then(() => process.exit(1));
});

// Not awaited: the command is bundled as CommonJS. A process with nothing left to wait for, and no answer, has failed.
process.on('beforeExit', () => {
  process.exitCode ??= 1;
});
void runCli(context).then((code) => {
  process.exitCode = code;
});
