import { basename } from 'node:path';
import { DailiesError, messageOf } from './errors.js';

/** What a refusal of a file system means, and what a person can do about it. */
interface Refusal {
  readonly why: string;
  readonly hint: string;
}

const REFUSALS: Readonly<Record<string, Refusal>> = {
  ENOSPC: { why: 'the disk is full', hint: 'make room on the disk, then run again' },
  EDQUOT: { why: 'the disk quota is used up', hint: 'make room on the disk, then run again' },
  EFBIG: {
    why: 'the file has reached the size limit',
    hint: 'raise the limit on file sizes, then run again',
  },
  EROFS: { why: 'the file system is read-only', hint: 'make the folder writable, then run again' },
  EACCES: { why: 'permission was denied', hint: 'make the folder writable for this user, then run again' },
  EPERM: { why: 'permission was denied', hint: 'make the folder writable for this user, then run again' },
  EIO: { why: 'the disk reports a fault', hint: 'check the disk before anything else is written to it' },
  ENOENT: { why: 'its folder is gone', hint: 'put the folder back, then run again' },
  ENOTDIR: { why: 'a file is where its folder should be', hint: 'move that file away, then run again' },
  EISDIR: { why: 'a folder of that name is in the way', hint: 'move the folder away, then run again' },
  EEXIST: { why: 'a file of that name is in the way', hint: 'move the file away, then run again' },
  ELOOP: { why: 'a link is in the way', hint: 'remove the link, then run again' },
  ENOTFILE: {
    why: 'it is a pipe, a socket or a device',
    hint: 'move it away: a file belongs there; then run again',
  },
  ETOOLARGE: { why: 'it is far larger than such a file can be', hint: 'move it away, then run again' },
  ENAMETOOLONG: {
    why: 'the file system does not take names that long',
    hint: 'give the shot, the file or the folder a shorter name',
  },
};

const DENIED: Refusal = {
  why: 'permission was denied',
  hint: 'make the file, and the folders above it, readable for this user, then run again',
};

/** Where a refusal means something else to a reader. */
const READ_REFUSALS: Readonly<Record<string, Refusal>> = {
  EACCES: DENIED,
  EPERM: DENIED,
  ENOENT: { why: 'there is no such file', hint: 'check the path' },
  ENOTDIR: { why: 'there is no such file', hint: 'check the path: a part of it is not a folder' },
  EISDIR: { why: 'it is a folder', hint: 'name a file, or move the folder away' },
  ELOOP: { why: 'it is a symbolic link', hint: 'put the file itself there, or remove the link' },
};

/**
 * The error for a file that could not be read, written or moved: code `disk`, exit 3. `doing` is a past participle;
 * `comfort` says what is safe all the same. A cause that is an error of ours says more, and stays as it is.
 */
export function diskError(failure: {
  readonly path: string;
  readonly doing: string;
  readonly cause: unknown;
  readonly comfort?: string;
}): DailiesError {
  const { path, doing, cause, comfort } = failure;
  if (cause instanceof DailiesError) return cause;
  const { why, hint } = diskRefusal({ path, doing, cause });
  return new DailiesError('disk', `${basename(path)} could not be ${doing}: ${why}`, {
    hint: comfort === undefined ? hint : `${hint}; ${comfort}`,
    cause,
  });
}

/** Does something with the file at a path, at once or in time; what the file system refuses is thrown as `disk`. */
export function onDisk<T>(path: string, doing: string, act: () => T): T {
  const fail = (cause: unknown): never => {
    throw diskError({ path, doing, cause });
  };
  try {
    const done = act();
    return done instanceof Promise ? (done.catch(fail) as T) : done;
  } catch (cause) {
    return fail(cause);
  }
}

/** Why a file could not be read, written or moved, and the remedy, for errors of other codes than `disk`. */
export function diskRefusal(failure: {
  readonly path: string;
  readonly doing: string;
  readonly cause: unknown;
}): Refusal {
  const { path, doing, cause } = failure;
  const code = errnoOf(cause) ?? '';
  const isReading = doing === 'read' || doing === 'looked at';
  const refusal = (isReading ? READ_REFUSALS[code] : undefined) ?? REFUSALS[code];
  if (!refusal) return { why: messageOf(cause), hint: `look at ${path}` };
  return { why: `${refusal.why} (${code})`, hint: refusal.hint };
}

/** The system's code of an error (`ENOENT`), undefined if it has none. */
export function errnoOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** Turns "no such file" into undefined, and lets every other error pass. */
export function undefinedIfAbsent(error: unknown): undefined {
  if (errnoOf(error) === 'ENOENT') return undefined;
  throw error;
}
