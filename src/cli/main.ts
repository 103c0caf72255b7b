#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { processContext } from './context.js';
import { reportError } from './exit.js';
import { runCli } from './run-cli.js';

// V8 compiles what runs often a second time, for speed. A run mostly waits, and earns that back late: a tenth of the
// CPU of four thousand jobs is saved by a longer patience (docs/performance.md).
setFlagsFromString('--interrupt-budget=1000000');
// And it lets the heap grow fourfold before it collects, if the machine has the memory: a hundred thousand shots took
// 1.4 GB that way. Twofold they take 0.9 GB, and no longer.
setFlagsFromString('--heap-growing-percent=100');

const context = processContext();

// Whatever nobody caught is a bug, and is told in words like any other error.
process.on('uncaughtException', (error) => {
  void reportError(error, context).then(() => process.exit(1));
});

process.exitCode = await runCli(context);
