import type { PlanRow } from '../domain/plan.js';
import type { RunSummary } from '../events.js';
import { clean } from './text.js';

/** Writes a command as it can be pasted into a POSIX shell. */
export function commandLine(...words: readonly string[]): string {
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}

/** A file's path as a word that no command takes for an option. */
export function fileWord(path: string): string {
  return path.startsWith('-') ? `./${path}` : path;
}

/** Commands that a person may want to type next, complete except for the shots. */
export interface NextCommands {
  readonly run: string;
  /** The run that continues where one has ended, which `run` alone may not do. */
  readonly again?: (ended: RunSummary) => string;
  readonly resolve: string;
  readonly plan: string;
  /** Picks takes, once their names are appended. */
  readonly pick: string;
  /** Downloads clips from a bucket. */
  readonly pull?: string;
}

/**
 * The command that settles takes, by their keys. An unanswered submit may have made a job; one that is known but gone can only
 * be given up, and each run asks for it again.
 */
export function settleWords(
  { resolve }: NextCommands,
  keys: readonly string[],
  what: NonNullable<PlanRow['settle']>,
): string {
  const [first = ''] = keys;
  const [whom, shot] = keys.length === 1 ? ['it', clean(first)] : ['them', 'SHOT'];
  return what === 'unanswered'
    ? `settle ${whom}: ${resolve} ${shot} --job-id ID | --not-charged`
    : `each run asks for ${whom} again; to give ${whom} up: ${resolve} ${shot} --abandon`;
}
