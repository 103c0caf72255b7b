import { basename } from 'node:path';
import { DailiesError, messageOf } from './errors.js';

/** What the common refusals of a file system mean, and what a person can do about them. */
const REFUSALS: Readonly<Record<string, { readonly why: string; readonly hint: string }>> = {
  ENOSPC: { why: 'the disk is full', hint: 'make room on the disk, then run again' },
  EDQUOT: { why: 'the disk quota is used up', hint: 'make room on the disk, then run again' },
  EFBIG: { why: 'the file may not grow any further', hint: 'lift the limit on file sizes, then run again' },
  EROFS: { why: 'the file system is read-only', hint: 'make the folder writable, then run again' },
  EACCES: { why: 'permission was denied', hint: 'make the folder writable for this user, then run again' },
  EPERM: { why: 'permission was denied', hint: 'make the folder writable for this user, then run again' },
  EIO: { why: 'the disk reports a fault', hint: 'check the disk before anything else is written to it' },
  ENOENT: { why: 'its folder is gone', hint: 'put the folder back, then run again' },
  ENOTDIR: { why: 'its folder is gone', hint: 'put the folder back, then run again' },
  EISDIR: { why: 'a folder of that name is in the way', hint: 'move the folder away, then run again' },
};

/**
 * The error for a file that could not be read, written or moved: code `disk`, exit 3. `doing` is a past participle;
 * `comfort` says what is safe all the same.
 */
export function diskError(failure: {
  readonly path: string;
  readonly doing: string;
  readonly cause: unknown;
  readonly comfort?: string;
}): DailiesError {
  const { path, doing, cause, comfort } = failure;
  const code = errnoOf(cause);
  const refusal = code === undefined ? undefined : REFUSALS[code];
  const why = refusal ? `${refusal.why} (${code ?? ''})` : messageOf(cause);
  const remedy = refusal?.hint ?? `look at ${path}`;
  return new DailiesError('disk', `${basename(path)} could not be ${doing}: ${why}`, {
    exitCode: 3,
    hint: comfort === undefined ? remedy : `${remedy}; ${comfort}`,
    cause,
  });
}

/** The system's code of an error (`ENOENT`), undefined where it bears none. */
export function errnoOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** Turns "no such file" into undefined, and lets every other error pass. */
export function undefinedIfAbsent(error: unknown): undefined {
  if (errnoOf(error) === 'ENOENT') return undefined;
  throw error;
}
