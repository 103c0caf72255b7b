import { basename } from 'node:path';
import { DailiesError } from '../errors.js';
import { decodeLine, type JournalEntry } from './journal-line.js';
import { linesOf } from './line-file.js';

/** The path of a lockfile's journal: `teaser.lock.json` has `teaser.lock.journal`. */
export function journalPath(lockfile: string): string {
  return `${lockfile.replace(/\.json$/, '')}.journal`;
}

/**
 * Reads a journal, an entry for each line; undefined if there are none. A kill or a power cut during a write may leave a torn
 * tail: it ends the journal, because the program never acted on it. A last line that lacks only its line break counts: what it
 * knows, such as a job's id, may be worth money.
 * Throws `disk` if the journal cannot be read. The iteration throws `journal-corrupt` if a damaged line comes before a whole
 * one, and `lockfile-newer` if a line is from a later version (exit 3 all).
 */
export async function readJournal(path: string): Promise<Iterable<PlacedEntry> | undefined> {
  const lines: string[] = [];
  for await (const line of linesOf(path)) lines.push(line);
  return lines.length === 0 ? undefined : entriesOf(lines, path);
}

/** An entry, and the number of its line, from 1. */
export interface PlacedEntry {
  readonly place: number;
  readonly entry: JournalEntry;
}

/** The error for a journal with a wrong line `place` (from 1). */
export function journalCorrupt(damage: {
  readonly path: string;
  readonly place: number;
  readonly what: string;
}): DailiesError {
  const { path, place, what } = damage;
  return new DailiesError('journal-corrupt', `${basename(path)}, line ${place}: ${what}`, {
    hint:
      `restore lockfile and journal from one backup; without one, cut the journal before line ${place} ` +
      `(head -n ${place - 1}), but then the rest is forgotten, and its jobs may be paid for again`,
  });
}

function* entriesOf(lines: readonly string[], path: string): Iterable<PlacedEntry> {
  for (const [index, line] of lines.entries()) {
    const place = index + 1;
    const entry = decodeLine(line);
    if (entry) yield { place, entry };
    else if (lines.slice(place).some(decodeLine))
      throw journalCorrupt({ path, place, what: 'its checksum does not match, and whole lines follow it' });
    else return;
  }
}
