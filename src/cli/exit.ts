import { CommanderError } from 'commander';
import { diskError } from '../disk-error.js';
import { defined } from '../domain/defined.js';
import type { Diagnostic } from '../domain/diagnostic.js';
import { DailiesError, ManifestError, messageOf, PlanChangedError, type ExitCode } from '../errors.js';
import { palette, type Look } from '../ui/look.js';
import { count } from '../ui/figures.js';
import { clean, wrap } from '../ui/text.js';
import { lookOf, noteLines, printJson, type CliContext } from './context.js';
import { Interrupted } from './signals.js';

/**
 * The one place where an error becomes a message and an exit code. With `--format json` the error is the object that the
 * standard output gets, with `ndjson` its last line; an unreadable command line and an interruption before the run have none.
 */
export async function reportError(error: unknown, context: CliContext): Promise<ExitCode> {
  if (error instanceof CommanderError) return usageExitCode(error, context);
  if (isInterruption(error)) return 130;
  const known = knownError(error);
  if (context.format !== 'text') printJson(context, errorDocument(known));
  await noteError(known, context);
  if (context.env['DAILIES_DEBUG']) noteLines(context, stackLines(error));
  return known.exitCode;
}

/** Tells people of an error on the standard error; the caller decides what ends. */
export async function noteError(error: unknown, context: CliContext): Promise<void> {
  noteLines(context, await errorLines(knownError(error), context));
}

/** Commander has written its message already. */
function usageExitCode(error: CommanderError, context: CliContext): ExitCode {
  const isGreedy = context.words.some((word) => word === '--only' || word === '--rerender');
  if (error.code === 'commander.missingArgument' && isGreedy) {
    noteLines(context, [
      '  hint: --only and --rerender take all words that follow: put MANIFEST first, or join ids with commas',
    ]);
  }
  return 2;
}

function isInterruption(error: unknown): boolean {
  return error instanceof Interrupted || (error instanceof Error && error.cause instanceof Interrupted);
}

/** Whatever was thrown, as an error that a person can act on. */
function knownError(error: unknown): DailiesError {
  if (error instanceof DailiesError) return error;
  if (error instanceof Error && 'syscall' in error && 'path' in error) {
    return diskError({ path: String(error.path), doing: 'used', cause: error });
  }
  if (error instanceof Error && 'code' in error && 'syscall' in error) {
    return new DailiesError('file-unusable', error.message, { cause: error });
  }
  return new DailiesError('internal', messageOf(error), {
    hint: 'this is a bug in dailies: set DAILIES_DEBUG=1 to see where it is, and report it with the manifest',
    cause: error,
  });
}

function errorDocument(error: DailiesError): unknown {
  const { code, message, hint, exitCode } = error;
  return {
    version: 1,
    error: { code, message, hint, exit_code: exitCode },
    ...(error instanceof PlanChangedError && { plan: error.plan }),
    diagnostics: findingsOf(error),
  };
}

/** What was found in the manifest, or that it cannot be read. */
function findingsOf(error: DailiesError): readonly Diagnostic[] {
  if (error instanceof ManifestError) return error.diagnostics;
  if (error.code !== 'manifest-invalid') return [];
  const { message, hint } = error;
  return [{ code: 'manifest-unreadable', severity: 'error', message, ...defined({ hint }) }];
}

async function errorLines(error: DailiesError, context: CliContext): Promise<string[]> {
  const look = lookOf(context, 'stderr');
  if (error instanceof ManifestError) {
    const { formatDiagnostics } = await import('../ui/diagnostics.js');
    const { diagnostics, source } = error;
    return [...formatDiagnostics({ diagnostics, ...source, ...look }), '', countLine(error)];
  }
  const shown = error instanceof PlanChangedError ? await newPlanLines(error, look) : [];
  const paint = palette(look.color);
  const [first = '', ...more] = wrap(`error: ${clean(error.message)}`, look.width - 2);
  const hint = error.hint === undefined ? [] : wrap(`hint: ${clean(error.hint)}`, look.width - 2);
  const told = [first.replace(/^error:/, paint.red), ...[...more, ...hint].map((line) => `  ${line}`)];
  return [...shown, ...told];
}

async function newPlanLines({ plan }: PlanChangedError, look: Look): Promise<string[]> {
  const { planLines, ROWS_TO_READ } = await import('../ui/plan-table.js');
  return [...planLines(plan, { ...look, limit: ROWS_TO_READ, now: Date.now() }), ''];
}

/** `2 errors, 1 warning in teaser.yaml. Nothing was submitted.` */
function countLine({ diagnostics, source }: ManifestError): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const found = [count(errors, 'error'), ...(warnings > 0 ? [count(warnings, 'warning')] : [])];
  return `${found.join(', ')} in ${clean(source.file)}. Nothing was submitted.`;
}

/** Keeps the indentation. */
function cleanLine(line: string): string {
  return line.replace(/\S.*/s, clean);
}

function stackLines(error: unknown): string[] {
  const lines: string[] = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    lines.push(...(cause.stack ?? cause.message).split('\n').map(cleanLine));
  return lines;
}
