#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { processContext } from './context.js';
import { reportError } from './exit.js';
import { runCli } from './run-cli.js';

// V8 lets the heap grow fourfold before it collects, if the machine has the memory: a hundred thousand shots took 1.4 GB
// that way. Twofold they take 0.9 GB, and no longer (docs/performance.md).
setFlagsFromString('--heap-growing-percent=100');

const context = processContext();

// The command is a bundle: where somebody looks for a bug, its stack traces name the modules.
if (context.env['DAILIES_DEBUG']) process.setSourceMapsEnabled(true);

// An uncaught error is a bug, and is reported in words like any other error.
process.on('uncaughtException', (error) => {
  void reportError(error, context).then(() => process.exit(1));
});

process.exitCode = await runCli(context);
