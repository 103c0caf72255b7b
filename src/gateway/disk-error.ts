import { DailiesError } from '../errors.js';

/** The disk's refusal to take a clip, as a person reads it. */
export function diskError(path: string, error: unknown): DailiesError {
  const why = WORDS[errnoOf(error)] ?? (error instanceof Error ? error.message : String(error));
  return new DailiesError('disk', `cannot write ${path}: ${why}`, {
    exitCode: 3,
    hint: 'nothing is lost: the clip stays on the gateway, and the next run fetches it',
    cause: error,
  });
}

/** The system's code of an error (`ENOENT`), empty where it bears none. */
export function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'the folder is gone',
  ENOTDIR: 'the folder is gone',
  EIO: 'the disk reports an error',
};
