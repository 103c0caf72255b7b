import { CommanderError } from 'commander';
import { diskError } from '../disk-error.js';
import type { ExitCode } from '../errors.js';
import type { CliContext } from './context.js';
import { reportError } from './exit.js';
import { buildProgram } from './program.js';

/** Runs the command line, and gives the exit code. Never throws. */
export async function runCli(context: CliContext): Promise<ExitCode> {
  const output = watchOutput(context);
  try {
    await buildProgram(context).parseAsync(context.words, { from: 'user' }).catch(unlessHelp);
    await written(context.stdout);
    if (output.failure) throw diskError({ path: 'standard output', doing: 'written', cause: output.failure });
    return context.exitCode;
  } catch (error) {
    return reportError(error, context);
  }
}

/** Help and the version are not errors. */
function unlessHelp(error: unknown): void {
  if (!(error instanceof CommanderError) || error.exitCode !== 0) throw error;
}

/**
 * Keeps a stream that cannot be written to from ending a run. A reader that has seen enough (`| head`) or a window
 * that was closed is no error at all; a full disk behind the standard output is one, reported at the end.
 */
function watchOutput({ stdout, stderr }: CliContext): { readonly failure: Error | undefined } {
  const watch: { failure: Error | undefined } = { failure: undefined };
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') watch.failure ??= error;
  });
  // Nobody has to read that stream.
  stderr.on('error', () => undefined);
  return watch;
}

/** Waits until everything is written, or has failed: a stream reports that a moment later. */
function written(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}
