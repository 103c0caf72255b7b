import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Attempt } from '../domain/attempt.js';
import { DailiesError, messageOf } from '../errors.js';
import { attemptFields, optionalAttemptFields, picksShape } from './attempt-shape.js';
import { catalogueShape } from './catalogue-snapshot.js';
import { diskError, undefinedIfAbsent } from '../disk-error.js';
import {
  LOCKFILE_VERSION,
  lockfileText,
  type JournalPlace,
  type Lockfile,
  type StoredAttempt,
  type StoredLockfile,
  type StoredTake,
} from './lockfile-text.js';
import { replaceFile } from './replace-file.js';
import * as is from './shape.js';

/**
 * Reads a lockfile; undefined where there is none.
 * Throws `lockfile-newer` and `lockfile-corrupt` (exit 3), and `disk` where it cannot be read.
 */
export async function readLockfile(path: string): Promise<Lockfile | undefined> {
  const stored = await readStored(path);
  if (stored === undefined) return undefined;
  const attempts = Object.entries(stored.shots).flatMap(([shot, { takes }]) =>
    Object.entries(takes).flatMap(([take, kept]) =>
      kept.attempts.map((attempt): Attempt => {
        const { id, fingerprint = kept.fingerprint, ...rest } = attempt;
        return { id, owner: { shot, take: Number(take) }, fingerprint, ...rest };
      }),
    ),
  );
  attempts.sort((a, b) => Number(a.id) - Number(b.id));
  refuseRepeatedIds(attempts, path);
  const { project, picks, catalogue, journal } = stored;
  return { project, attempts, picks, catalogue, journal };
}

/**
 * Writes a lockfile, whole at every instant and durable once this has resolved: sorted keys, two-space indent.
 * Resolves with its size in bytes. Throws `disk` (exit 3).
 */
export async function writeLockfile(path: string, lockfile: Lockfile): Promise<number> {
  try {
    return await replaceFile({ path, content: lockfileText(lockfile), isDurable: true });
  } catch (cause) {
    throw diskError({ path, doing: 'written', cause });
  }
}

/** Where a new journal goes on when all lines up to `folded` are in the lockfile, and with them the old journal. */
export function nextPlace(folded: number, previousId: string | undefined): JournalPlace {
  const id = randomBytes(4).toString('hex');
  return { folded, id, ...(previousId !== undefined && { previous_id: previousId }) };
}

/** In a function of its own, so that the text, which can be hundreds of megabytes, goes before more is made of it. */
async function readStored(path: string): Promise<StoredLockfile | undefined> {
  const text = await readText(path);
  return text === undefined ? undefined : checkStored(parseJson(text, path), path);
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
  const version = is.fits(versioned, value) ? value.version : undefined;
  if (version !== undefined && version > LOCKFILE_VERSION) {
    throw new DailiesError(
      'lockfile-newer',
      `${basename(path)} was written by a newer dailies (version ${version})`,
      {
        hint: 'update dailies, then run again',
      },
    );
  }
  if (is.fits(storedShape, value)) return value;
  const problem = storedShape.problem(value) ?? '';
  throw corrupt(
    path,
    problem.startsWith('.') ? `does not hold together: ${problem.slice(1)}` : problem.trim(),
  );
}

const versioned = is.objectOf<{ readonly version: number }>({
  required: { version: is.count },
  optional: {},
});

const { owner: _, fingerprint, ...ownFields } = attemptFields;

const storedShape = is.objectOf<StoredLockfile>({
  required: {
    version: is.oneOf(LOCKFILE_VERSION),
    project: is.text,
    journal: is.objectOf<JournalPlace>({
      required: { folded: is.count, id: is.text },
      optional: { previous_id: is.text },
    }),
    shots: is.recordOf(
      is.objectOf<{ readonly takes: Readonly<Record<string, StoredTake>> }>({
        required: {
          takes: is.recordOf(
            is.objectOf<StoredTake>({
              required: {
                fingerprint,
                attempts: is.arrayOf(
                  is.objectOf<StoredAttempt>({
                    required: ownFields,
                    optional: { fingerprint, ...optionalAttemptFields },
                  }),
                ),
              },
              optional: {},
            }),
            is.ordinal,
          ),
        },
        optional: {},
      }),
    ),
    picks: picksShape,
  },
  optional: { catalogue: catalogueShape },
});

function refuseRepeatedIds(attempts: readonly Attempt[], path: string): void {
  for (const [index, { id, owner }] of attempts.entries()) {
    if (attempts[index + 1]?.id !== id) continue;
    throw corrupt(path, `has two attempts with the id ${id}, one of them at shots.${owner.shot}`);
  }
}

function corrupt(path: string, what: string): DailiesError {
  return new DailiesError('lockfile-corrupt', `${basename(path)} ${what}`, {
    hint: `restore it from version control or a backup; without one, move it away: the clips are known from the files beside them, but jobs in flight would be paid for again`,
  });
}
