#!/usr/bin/env node
import { processContext } from './context.js';
import { reportError } from './exit.js';
import { runCli } from './run-cli.js';

const context = processContext();

// Whatever nobody caught is a bug, and is told in words like any other error.
process.on('uncaughtException', (error) => {
  void reportError(error, context).then(() => process.exit(1));
});

process.exitCode = await runCli(context);
