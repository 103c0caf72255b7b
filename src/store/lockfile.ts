import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Attempt } from '../domain/attempt.js';
import { isRecord } from '../domain/is-record.js';
import type { PickedTake } from '../domain/picks.js';
import { diskError, undefinedIfAbsent } from '../disk-error.js';
import { DailiesError, messageOf } from '../errors.js';
import {
  isAsWritten,
  LOCKFILE_VERSION,
  lockfileText,
  type Lockfile,
  type StoredLockfile,
} from './lockfile-text.js';
import { lockfileProblem } from './lockfile-problem.js';
import { replaceFile } from './replace-file.js';

/** A lockfile as it was found. */
export interface FoundLockfile extends Lockfile {
  /** Attempts that somebody, or a fault of the disk, has changed: their checksums do not match. */
  readonly damaged: readonly Attempt[];
}

/**
 * Reads a lockfile; undefined where there is none. One that is as we wrote it is not held to its schema and its checksums.
 * Throws `lockfile-newer` and `lockfile-corrupt` (exit 3), and `disk` where it cannot be read.
 */
export async function readLockfile(
  path: string,
  { isAsWeWroteIt = false }: { readonly isAsWeWroteIt?: boolean } = {},
): Promise<FoundLockfile | undefined> {
  const stored = await readStored(path, isAsWeWroteIt);
  if (stored === undefined) return undefined;
  const { project, project_id, manifest, sandbox, catalogue } = stored;
  const attempts: Attempt[] = [];
  const damaged: Attempt[] = [];
  const picks: (readonly [shot: string, pick: PickedTake])[] = [];
  for (const [shot, { pick, takes }] of Object.entries(stored.shots)) {
    if (pick) picks.push([shot, pick]);
    for (const [take, kept] of Object.entries(takes)) {
      for (const one of kept.attempts) {
        const { check: _, ...attempt } = one;
        const isWhole = isAsWeWroteIt || isAsWritten(one);
        (isWhole ? attempts : damaged).push(Object.assign(attempt, { owner: { shot, take: Number(take) } }));
      }
    }
  }
  if (!isAsWeWroteIt) refuseRepeatedIds([...attempts, ...damaged], path);
  return {
    identity: { project, project_id, manifest, sandbox },
    attempts: attempts.sort((a, b) => (a.id < b.id ? -1 : 1)),
    damaged,
    picks: Object.fromEntries(picks),
    catalogue,
  };
}

/**
 * Writes a lockfile, whole at every instant and durable once this has resolved; `shots` are those of the manifest.
 * Resolves with its size in bytes. Throws `disk` (exit 3).
 */
export async function writeLockfile(
  path: string,
  lockfile: Lockfile,
  shots: Iterable<string> = [],
): Promise<number> {
  try {
    return await replaceFile({ path, content: lockfileText(lockfile, shots), isDurable: true });
  } catch (cause) {
    throw diskError({ path, doing: 'written', cause });
  }
}

/** In a function of its own, so that the text, which can be hundreds of megabytes, goes before more is made of it. */
async function readStored(path: string, isAsWeWroteIt: boolean): Promise<StoredLockfile | undefined> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  const value = parseJson(text, path);
  return isAsWeWroteIt ? (value as StoredLockfile) : checkStored(value, path);
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8').catch(undefinedIfAbsent);
  } catch (cause) {
    throw diskError({ path, doing: 'read', cause });
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (/^<{7} /m.test(text)) throw corrupt(path, 'has merge conflicts in it');
    if (text.trim() === '') throw corrupt(path, 'is empty');
    const position = Number(/position (\d+)/.exec(messageOf(cause))?.[1] ?? text.length);
    const line = text.slice(0, position).split('\n').length;
    throw corrupt(path, `is not JSON (line ${line})`);
  }
}

function checkStored(value: unknown, path: string): StoredLockfile {
  const version = isRecord(value) && Number.isSafeInteger(value['version']) ? Number(value['version']) : 0;
  if (version > LOCKFILE_VERSION) {
    throw new DailiesError(
      'lockfile-newer',
      `${basename(path)} was written by a newer dailies (version ${version})`,
      { hint: 'update dailies, then run again' },
    );
  }
  const problem = lockfileProblem(value);
  if (problem !== undefined) throw corrupt(path, `does not hold together: ${problem}`);
  return value as StoredLockfile;
}

function refuseRepeatedIds(attempts: readonly Attempt[], path: string): void {
  const seen = new Set<string>();
  for (const { id, owner } of attempts) {
    if (seen.has(id))
      throw corrupt(path, `has two attempts with the id ${id}, one of them at shots.${owner.shot}`);
    seen.add(id);
  }
}

/** The error for a lockfile that cannot be relied on. */
export function corrupt(path: string, what: string): DailiesError {
  return new DailiesError('lockfile-corrupt', `${basename(path)} ${what}`, {
    hint: 'restore it from version control or a backup: of two versions either will do, for the receipts in .dailies know the rest. Without one, move it away: what this machine has bought is restored from the receipts',
  });
}
