import type { RunSummary } from '../events.js';

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

/** What a person may want to type next, complete but for the shots they mean. */
export interface NextCommands {
  readonly run: string;
  /** The run that goes on from where one has ended, which `run` alone may not do. */
  readonly again?: (ended: RunSummary) => string;
  readonly resolve: string;
}
