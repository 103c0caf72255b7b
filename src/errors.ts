import { inTextOrder, type Diagnostic } from './domain/diagnostic.js';

/** 1: some shots were not delivered; 2: usage or manifest; 3: refused before or while spending; 130: interrupted. */
export type ExitCode = 0 | 1 | 2 | 3 | 130;

/** Every code a DailiesError can bear; each has a row in docs/errors.md. */
export type ErrorCode =
  | 'usage'
  | 'manifest-invalid'
  | 'lockfile-newer'
  | 'lockfile-corrupt'
  | 'journal-corrupt'
  | 'locked-by-another-run'
  | 'key-missing'
  | 'key-refused'
  | 'budget'
  | 'unpriced'
  | 'gateway-unreachable'
  | 'gateway-answer'
  | 'catalogue-unavailable'
  | 'catalogue-drift'
  | 'job-unknown'
  | 'disk'
  | 'input-changed'
  | 'media'
  | 'tool-missing'
  | 'declined'
  | 'internal';

/** An error a person can act on: a fixed short summary, what happened, and what to do. */
export class DailiesError extends Error {
  override readonly name = 'DailiesError';
  readonly code: ErrorCode;
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly exitCode: ExitCode; readonly hint?: string; readonly cause?: unknown },
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.exitCode = options.exitCode;
    this.hint = options.hint;
  }
}

/** A manifest that cannot be run, with all that was found in it. Exit code 2. */
export class ManifestError extends DailiesError {
  readonly diagnostics: readonly Diagnostic[];
  /** The manifest's name and text, to show the lines that the diagnostics point at. */
  readonly source: { readonly file: string; readonly text: string };

  constructor(diagnostics: readonly Diagnostic[], source: { readonly file: string; readonly text: string }) {
    const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
    super('manifest-invalid', `the manifest has ${errors} error${errors === 1 ? '' : 's'}`, { exitCode: 2 });
    this.diagnostics = inTextOrder(diagnostics);
    this.source = source;
  }
}

/** Marks a branch that the types rule out; reaching it is a bug of ours. */
export function unreachable(value: never): never {
  throw new DailiesError('internal', `unexpected value ${JSON.stringify(value)}`, {
    exitCode: 1,
    hint: 'this is a bug in dailies: please report it with the manifest that shows it',
  });
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
