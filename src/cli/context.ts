import { isAbsolute, relative } from 'node:path';
import type { Diagnostic } from '../domain/diagnostic.js';
import { safeJson, withoutCommands } from '../domain/foreign-text.js';
import type { ExitCode } from '../errors.js';
import { detectLook, type Look, type Screen } from '../ui/look.js';

/** What a stream says about its terminal; nothing if there is none. */
export interface Terminal extends Screen {
  readonly rows?: number | undefined;
}

/** The process as the commands see it, so that tests can run them without one. */
export interface CliContext {
  /** The command line after the program's name. */
  readonly words: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  readonly stdin: NodeJS.ReadableStream & Terminal;
  /** The data asked for, and nothing else. */
  readonly stdout: NodeJS.WritableStream & Terminal;
  readonly stderr: NodeJS.WritableStream & Terminal;
  /** How the command was asked to answer; known once its flags are read. */
  format: Format;
  /** The exit code of the process. */
  exitCode: ExitCode;
}

export type Format = 'text' | 'json' | 'ndjson';

/** The process as it is. */
export function processContext(): CliContext {
  const { env, platform, stdin, stdout, stderr } = process;
  return { words: process.argv.slice(2), env, platform, stdin, stdout, stderr, format: 'text', exitCode: 0 };
}

/** How text may look on one of the process's streams. */
export function lookOf(context: CliContext, stream: 'stdout' | 'stderr'): Look {
  return detectLook(context[stream], context.env, context.platform);
}

/** A path as somebody in the working folder would type it: relative below that folder, else absolute. */
export function shownPath(path: string): string {
  const below = relative(process.cwd(), path);
  if (below === '') return '.';
  return below.startsWith('..') || isAbsolute(below) ? path : below;
}

/** Answers a command: with one object for machines, or with lines for people. */
export function answer(context: CliContext, data: object, lines: () => readonly string[]): void {
  if (context.format === 'text') printLines(context, lines());
  else printJson(context, { version: 1, ...data });
}

/** Writes lines to the standard output: the data asked for. */
export function printLines(context: CliContext, lines: readonly string[]): void {
  context.stdout.write(withoutCommands(lines.map((line) => `${line}\n`).join('')));
}

/** Writes lines to the standard error: everything else. */
export function noteLines(context: CliContext, lines: readonly string[]): void {
  context.stderr.write(withoutCommands(lines.map((line) => `${line}\n`).join('')));
}

/** Writes data as JSON for machines: on one line for those that read line by line. */
export function printJson(context: CliContext, data: unknown): void {
  context.stdout.write(`${safeJson(data, context.format === 'ndjson' ? undefined : 2)}\n`);
}

/** Shows what was found in a manifest that can be run all the same, with the lines it was found on. */
export async function noteDiagnostics(
  context: CliContext,
  diagnostics: readonly Diagnostic[],
  source: { readonly file: string; readonly text: string },
): Promise<void> {
  if (diagnostics.length === 0) return;
  const { formatDiagnostics } = await import('../ui/diagnostics.js');
  const look = lookOf(context, 'stderr');
  noteLines(context, [...formatDiagnostics({ diagnostics, ...source, ...look }), '']);
}
