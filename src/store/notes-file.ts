import { DailiesError } from '../errors.js';
import { onDisk } from '../disk-error.js';
import { isRecord } from '../domain/is-record.js';
import type { Note } from '../domain/note.js';
import { readRegular } from '../regular-file.js';
import { replaceFile } from './replace-file.js';

const VERSION = 1;
const MAX_BYTES = 20_000_000;

/** Where the notes of a project lie: beside its lockfile. */
export function notesPath(lockfile: string): string {
  return lockfile.replace(/\.lock\.json$/, '.notes.json');
}

/**
 * Reads the notes of a project, in the order of their clips' times; none where there is no file. Throws `file-unusable` on a
 * file that is none of ours or of a newer version, and `disk`.
 */
export async function readNotesFile(path: string): Promise<readonly Note[]> {
  const found = await onDisk(path, 'read', () => readRegular(path, { maxBytes: MAX_BYTES }));
  if (!found) return [];
  const data = parsed(found.toString());
  if (data?.['version'] === VERSION && Array.isArray(data['notes']) && data['notes'].every(isNote))
    return data['notes'];
  const isNewer = typeof data?.['version'] === 'number' && data['version'] > VERSION;
  throw new DailiesError('file-unusable', `${path} does not hold notes that this version can read`, {
    hint: isNewer ? 'update dailies' : 'repair it as docs/files.md describes it, or move it away',
  });
}

/** Writes all notes of a project, each on a line of its own, so that two branches merge. Durable. Throws `disk`. */
export async function writeNotesFile(path: string, notes: readonly Note[]): Promise<void> {
  const sorted = notes.toSorted((a, b) => compare(a.id, b.id));
  const lines = sorted.map((note) => `    ${JSON.stringify(note)}`).join(',\n');
  const text = `{\n  "version": ${VERSION},\n  "notes": [${lines === '' ? '' : `\n${lines}\n  `}]\n}\n`;
  await onDisk(path, 'written', () => replaceFile({ path, content: [text], isDurable: true }));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const data: unknown = JSON.parse(text);
    return isRecord(data) ? data : undefined;
  } catch {
    return undefined;
  }
}

function isNote(value: unknown): value is Note {
  if (!isRecord(value)) return false;
  const { id, shot, take, attempt, sha256, at_seconds: at, text, written_at } = value;
  return (
    [id, shot, attempt, sha256, text, written_at].every((word) => typeof word === 'string') &&
    Number.isInteger(take) &&
    typeof at === 'number' &&
    at >= 0
  );
}
