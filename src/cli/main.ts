#!/usr/bin/env node
import { processContext } from './context.js';
import { reportError } from './exit.js';
import { buildProgram } from './program.js';

const context = processContext();

// A reader that has seen enough (`| head`), or a terminal that was closed, is no error of ours; a run goes on.
for (const stream of [context.stdout, context.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  });
}

try {
  await buildProgram(context).parseAsync(context.words, { from: 'user' });
} catch (error) {
  context.exitCode = await reportError(error, context);
}
process.exitCode = context.exitCode;
