/*
 * If two branches render the same shot, or each make a first run, git cannot merge the lockfile: it writes both versions into one
 * text, with markers between them. Nothing is lost, so it can be read.
 */

/** The two lockfiles that a text with conflict markers holds. */
export interface ConflictSides {
  readonly ours: string;
  readonly theirs: string;
}

/** Whether a text has a marker that begins a conflict. */
export function hasConflict(text: string): boolean {
  return /^<{7,}(?: .*)?\r?$/m.test(text);
}

type Part = 'both' | 'ours' | 'base' | 'theirs';

/** A marker begins its line, and no line of a lockfile looks like it. `git` may be set to make it longer. */
const MARKER = /^(<{7,}|\|{7,}|={7,}|>{7,})(?: .*)?$/;

/**
 * Separates the two sides of a conflict, and leaves out the version that both had before. Each side keeps its line numbers:
 * empty lines replace the other side. Undefined if markers are missing.
 */
export function conflictSides(text: string): ConflictSides | undefined {
  const ours: string[] = [];
  const theirs: string[] = [];
  let part: Part = 'both';
  let width = 0;
  let conflicts = 0;
  for (const line of text.split(/\r?\n/)) {
    const next = partAfter(part, line, width);
    if (next === 'broken') return undefined;
    const isText = next === undefined;
    ours.push(isText && (part === 'both' || part === 'ours') ? line : '');
    theirs.push(isText && (part === 'both' || part === 'theirs') ? line : '');
    if (isText) continue;
    if (part === 'both') width = markerWidth(line);
    if (next === 'both') conflicts += 1;
    part = next;
  }
  return part === 'both' && conflicts > 0 ? { ours: ours.join('\n'), theirs: theirs.join('\n') } : undefined;
}

/** Which part a marker begins; undefined if the line is no marker. `width` is that of the marker that began the conflict. */
function partAfter(part: Part, line: string, width: number): Part | 'broken' | undefined {
  const mark = MARKER.exec(line)?.[1];
  if (mark === undefined) return undefined;
  // The version that both had before may be a conflict itself, with longer markers.
  if (part !== 'both' && mark.length !== width) return part === 'base' ? undefined : 'broken';
  const moves: Readonly<Record<Part, Readonly<Record<string, Part>>>> = {
    both: { '<': 'ours' },
    ours: { '|': 'base', '=': 'theirs' },
    base: { '=': 'theirs' },
    theirs: { '>': 'both' },
  };
  return moves[part][mark.charAt(0)] ?? 'broken';
}

function markerWidth(line: string): number {
  return MARKER.exec(line)?.[1]?.length ?? 0;
}
