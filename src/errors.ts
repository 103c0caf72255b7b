import { inTextOrder, type Diagnostic } from './domain/diagnostic.js';
import type { PlanDocument } from './domain/plan.js';

/** 1: some shots were not delivered; 2: usage or manifest; 3: refused before or while spending; 130: interrupted. */
export type ExitCode = 0 | 1 | 2 | 3 | 130;

/** Every code a DailiesError can have, and the exit status it gives a command; each has a row in docs/errors.md. */
export const EXIT_CODES = {
  usage: 2,
  'manifest-invalid': 2,
  /** Somebody else has written it since it was read: an edit would undo that. */
  'manifest-changed': 3,
  'lockfile-newer': 3,
  'lockfile-corrupt': 3,
  'lockfile-of-another': 3,
  'journal-corrupt': 3,
  'locked-by-another-run': 3,
  'key-missing': 3,
  'key-refused': 3,
  /** Nothing verifies the webhooks that a gateway is asked for. */
  'secret-missing': 3,
  /** Only the manifest says where the key goes, and it may be somebody else's. */
  'key-unnamed': 3,
  budget: 3,
  unpriced: 3,
  'gateway-unreachable': 3,
  'gateway-answer': 3,
  'catalogue-unavailable': 3,
  'catalogue-drift': 3,
  'job-unknown': 3,
  'job-taken': 2,
  'clip-missing': 1,
  /** The state or the clips cannot be written or read: nothing more is bought. */
  disk: 3,
  /** The bucket of the clips cannot be used: likewise. */
  bucket: 3,
  /** One file cannot be used; what does not need it goes on. */
  'file-unusable': 1,
  'input-changed': 1,
  /** The database that several machines share. */
  'store-unreachable': 3,
  'store-refused': 3,
  'store-version': 3,
  /** Purchases are on record elsewhere that it does not know: it would make them again. */
  'store-behind': 3,
  /** Another worker goes on with what this one has begun. */
  'taken-over': 1,
  media: 1,
  'tool-missing': 1,
  declined: 3,
  /** What would be bought, or its price, is not what was agreed on. */
  'plan-changed': 3,
  internal: 1,
} as const satisfies Readonly<Record<string, ExitCode>>;

export type ErrorCode = keyof typeof EXIT_CODES;

/** An error a person can act on: a fixed short summary, what happened, and what to do. */
export class DailiesError extends Error {
  override readonly name = 'DailiesError';
  readonly code: ErrorCode;
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    { hint, cause }: { readonly hint?: string | undefined; readonly cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
    this.exitCode = EXIT_CODES[code];
    this.hint = hint;
  }
}

/** A manifest that cannot be run, with all that was found in it. Exit code 2. */
export class ManifestError extends DailiesError {
  readonly diagnostics: readonly Diagnostic[];
  /** The manifest's name and text, to show the lines that the diagnostics point at. */
  readonly source: { readonly file: string; readonly text: string };

  constructor(diagnostics: readonly Diagnostic[], source: { readonly file: string; readonly text: string }) {
    const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
    super('manifest-invalid', `the manifest has ${errors} error${errors === 1 ? '' : 's'}`);
    this.diagnostics = inTextOrder(diagnostics);
    this.source = source;
  }
}

/** A run that was to buy one plan, and would buy another now; nothing was bought. Exit code 3. */
export class PlanChangedError extends DailiesError {
  /** What a run would buy now. */
  readonly plan: PlanDocument;

  constructor(plan: PlanDocument, agreed: string) {
    super('plan-changed', `the plan has changed: ${agreed} was agreed on, and now it is ${plan.plan_hash}`, {
      hint: `look at the new plan; to buy it, agree to it: --if-plan ${plan.plan_hash}`,
    });
    this.plan = plan;
  }
}

/** Marks a branch that the types rule out; reaching it is a bug of ours. */
export function unreachable(value: never): never {
  throw new DailiesError('internal', `unexpected value ${JSON.stringify(value)}`, {
    hint: 'this is a bug in dailies: please report it with the manifest that shows it',
  });
}

/** What to throw where a package could not be loaded that is only needed for `what`. */
export function packageError(
  name: string,
  { code, what, cause }: { readonly code: ErrorCode; readonly what: string; readonly cause: unknown },
): DailiesError {
  if (!(cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND'))
    return new DailiesError('internal', `the package ${name} cannot be loaded`, { cause });
  return new DailiesError(code, `${what} needs the package ${name}, which is not installed`, {
    hint: `install it beside dailies: npm install ${name} (with -g if dailies is installed globally)`,
    cause,
  });
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
