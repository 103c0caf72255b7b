import { basename } from 'node:path';
import { DailiesError } from '../errors.js';
import { decodeLine, type JournalEntry } from './journal-line.js';
import { linesOf } from './line-file.js';

/** Where the journal of a lockfile lies: `teaser.lock.json` has `teaser.lock.journal`. */
export function journalPath(lockfile: string): string {
  return `${lockfile.replace(/\.json$/, '')}.journal`;
}

/**
 * Reads a journal, an entry for each line; undefined if there are none. A torn tail, as a kill or a power cut in the
 * middle of a write leaves it, ends the journal: nothing in it was ever acknowledged. A last line that lacks
 * but its line break is whole: what it knows (a job's id, perhaps) is worth more than the purity of the cut.
 * Throws `disk` if it cannot be read; while it is walked, `journal-corrupt` where a line is damaged that
 * whole ones follow, and `lockfile-newer` where one is from a later version (exit 3 all).
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

/** The error for a journal whose line `place` (from 1) cannot be relied on. */
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
