import { basename } from 'node:path';
import type { Attempt } from '../domain/attempt.js';
import { isRecord } from '../domain/is-record.js';
import type { PickedTake } from '../domain/picks.js';
import { onDisk } from '../disk-error.js';
import { DailiesError, messageOf } from '../errors.js';
import { readRegular } from '../regular-file.js';
import {
  isAsWritten,
  LOCKFILE_VERSION,
  lockfileText,
  type Lockfile,
  type StoredLockfile,
} from './lockfile-text.js';
import { conflictSides, hasConflict } from './lockfile-conflict.js';
import { lockfileProblem } from './lockfile-problem.js';
import { repeatedKey } from './repeated-key.js';
import { replaceFile } from './replace-file.js';
import { knowsMore } from './shot-state.js';

/** A lockfile as it was found. */
export interface FoundLockfile extends Lockfile {
  /** Attempts whose checksums do not match: somebody, or a fault of the disk, changed them. */
  readonly damaged: readonly Attempt[];
  /** The other side of a merge that git could not finish; the rest is then our side. */
  readonly theirs?: Omit<FoundLockfile, 'theirs'>;
}

/**
 * Reads a lockfile; undefined if there is none. If it is as we wrote it, its schema and checksums are not checked.
 * Throws `lockfile-newer` and `lockfile-corrupt` (exit 3), and `disk` if it cannot be read.
 */
export async function readLockfile(
  path: string,
  { isAsWeWroteIt = false }: { readonly isAsWeWroteIt?: boolean } = {},
): Promise<FoundLockfile | undefined> {
  const [ours, theirs] = await readStored(path, isAsWeWroteIt);
  if (ours === undefined) return undefined;
  if (theirs === undefined) {
    const found = foundIn(ours, isAsWeWroteIt);
    if (!isAsWeWroteIt) refuseRepeatedIds([...found.attempts, ...found.damaged], path);
    return found;
  }
  if (ours.sandbox !== theirs.sandbox)
    throw corrupt(path, `${CONFLICT}, between a project and its rehearsal`);
  return { ...withoutRepeats(foundIn(ours)), theirs: withoutRepeats(foundIn(theirs)) };
}

function foundIn(stored: StoredLockfile, isAsWeWroteIt = false): FoundLockfile {
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
  return {
    identity: { project, project_id, manifest, sandbox },
    attempts: attempts.sort((a, b) => (a.id < b.id ? -1 : 1)),
    damaged,
    picks: Object.fromEntries(picks),
    catalogue,
  };
}

/**
 * Writes a lockfile; it is whole at every instant, and durable once this has resolved. `shots` are those of the manifest.
 * Resolves with its size in bytes. Throws `disk` (exit 3).
 */
export async function writeLockfile(
  path: string,
  lockfile: Lockfile,
  shots: Iterable<string> = [],
): Promise<number> {
  const content = lockfileText(lockfile, shots);
  return onDisk(path, 'written', () => replaceFile({ path, content, isDurable: true }));
}

/**
 * The lockfile; both sides if it has merge conflicts; nothing if there is none. This is a function of its own, so that the text,
 * which can be hundreds of megabytes, is freed before more is made of it.
 */
async function readStored(path: string, isAsWeWroteIt: boolean): Promise<readonly StoredLockfile[]> {
  // Decoded in one piece: pieces would be in memory twice while they are joined.
  const bytes = await onDisk(path, 'read', () => readRegular(path, { maxBytes: MAX_BYTES }));
  const text = bytes?.toString();
  if (text === undefined) return [];
  if (isAsWeWroteIt) return [parse({ path, text }) as StoredLockfile];
  if (!hasConflict(text)) return [checked({ path, text })];
  const sides = conflictSides(text);
  if (!sides) throw corrupt(path, `${CONFLICT}, and not all of their markers`);
  return (['ours', 'theirs'] as const).map((side) =>
    checked({ path, text: sides[side], context: `${CONFLICT}, and the side "${side}" ` }),
  );
}

/** No string can hold a longer text. */
const MAX_BYTES = 512_000_000;

const CONFLICT = 'has merge conflicts in it';

/** The text of a lockfile, or of one side of it, and how a sentence about it begins. */
interface Source {
  readonly path: string;
  readonly text: string;
  readonly context?: string;
}

function parse({ path, text, context = '' }: Source): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (text.trim() === '') throw corrupt(path, `${context}is empty`);
    const position = Number(/position (\d+)/.exec(messageOf(cause))?.[1] ?? text.length);
    const line = text.slice(0, position).split('\n').length;
    throw corrupt(path, `${context}is not JSON (line ${line})`);
  }
}

function checked(source: Source): StoredLockfile {
  const { path, text, context = '' } = source;
  const value = parse(source);
  const version = isRecord(value) && Number.isSafeInteger(value['version']) ? Number(value['version']) : 0;
  if (version > LOCKFILE_VERSION) {
    throw new DailiesError(
      'lockfile-newer',
      `${basename(path)} was written by a newer dailies (version ${version})`,
      { hint: 'update dailies, then run again' },
    );
  }
  const problem = lockfileProblem(value);
  if (problem !== undefined) throw corrupt(path, `${context}is inconsistent: ${problem}`);
  const stored = value as StoredLockfile;
  // JSON.parse keeps only the last of repeated keys, and the rest would be lost. Counting is quick; looking for such a key is not.
  let unread = text.match(/"check"\s*:/g)?.length ?? 0;
  for (const { takes } of Object.values(stored.shots))
    for (const { attempts } of Object.values(takes)) unread -= attempts.length;
  const repeated = unread === 0 ? undefined : repeatedKey(text);
  if (repeated) throw corrupt(path, `${context}has "${repeated.key}" twice (line ${repeated.line})`);
  return stored;
}

function refuseRepeatedIds(attempts: readonly Attempt[], path: string): void {
  const seen = new Set<string>();
  for (const { id, owner } of attempts) {
    if (seen.has(id))
      throw corrupt(path, `has two attempts with the id ${id}, one of them at shots.${owner.shot}`);
    seen.add(id);
  }
}

/** A side of a merge may have one attempt twice: under its shot's name, and under the name that the other side gave the shot. */
function withoutRepeats(found: FoundLockfile): FoundLockfile {
  const known = new Map<string, Attempt>();
  for (const attempt of found.attempts) {
    if (knowsMore(attempt, known.get(attempt.id))) known.set(attempt.id, attempt);
  }
  return { ...found, attempts: [...known.values()] };
}

/** The error for a wrong lockfile. */
export function corrupt(path: string, what: string): DailiesError {
  return new DailiesError('lockfile-corrupt', `${basename(path)} ${what}`, {
    hint: 'restore it from version control or a backup; in a merge, type git checkout --theirs and dailies sheet, then the same with --ours. Or move it away: the receipts restore what this machine bought, but not what others bought',
  });
}
