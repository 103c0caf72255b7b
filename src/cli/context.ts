import type { ExitCode } from '../errors.js';
import { detectLook, type Look, type Screen } from '../ui/look.js';

/** What a stream tells of the terminal behind it; nothing where there is none. */
export interface Terminal extends Screen {
  readonly rows?: number | undefined;
}

/** The process as the commands see it, so that they can be tried without one. */
export interface CliContext {
  /** The command line behind the program's name. */
  readonly words: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  readonly stdin: NodeJS.ReadableStream & Terminal;
  /** The data asked for, and nothing else. */
  readonly stdout: NodeJS.WritableStream & Terminal;
  readonly stderr: NodeJS.WritableStream & Terminal;
  /** How the command was asked to answer; known once its flags are read. */
  format: Format;
  /** What the process ends with. */
  exitCode: ExitCode;
}

export type Format = 'text' | 'json' | 'ndjson';

export function processContext(): CliContext {
  const { env, platform, stdin, stdout, stderr } = process;
  return { words: process.argv.slice(2), env, platform, stdin, stdout, stderr, format: 'text', exitCode: 0 };
}

/** How text may look on one of the process's streams. */
export function lookOf(context: CliContext, stream: 'stdout' | 'stderr'): Look {
  return detectLook(context[stream], context.env, context.platform);
}

/** Writes lines to the standard output: the data asked for. */
export function printLines(context: CliContext, lines: readonly string[]): void {
  context.stdout.write(lines.map((line) => `${line}\n`).join(''));
}

/** Writes lines to the standard error: everything else. */
export function noteLines(context: CliContext, lines: readonly string[]): void {
  context.stderr.write(lines.map((line) => `${line}\n`).join(''));
}

/** Writes data as JSON for machines: on one line for those that read line by line. */
export function printJson(context: CliContext, data: unknown): void {
  context.stdout.write(`${JSON.stringify(data, null, context.format === 'ndjson' ? undefined : 2)}\n`);
}
