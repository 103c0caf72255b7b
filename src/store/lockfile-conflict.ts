/*
 * Two branches that have rendered the same shot, or that have each made a first run, leave a lockfile which git cannot
 * merge: it writes both versions into one text, with markers between them. Nothing is lost in it, so it can be read.
 */

/** The two lockfiles that a text with conflict markers holds. */
export interface ConflictSides {
  readonly ours: string;
  readonly theirs: string;
}

/** Whether a text has the marker in it that begins a conflict. */
export function hasConflict(text: string): boolean {
  return /^<{7,}(?: .*)?\r?$/m.test(text);
}

type Part = 'both' | 'ours' | 'base' | 'theirs';

/** A marker begins its line, as no line of a lockfile does: `git` may have been told to make it longer. */
const MARKER = /^(<{7,}|\|{7,}|={7,}|>{7,})(?: .*)?$/;

/**
 * Takes the two sides of a conflict apart; what both had before is left out. Each side keeps its lines where they were, with
 * empty ones between them, so that a line's number is that of the file. Undefined if the markers are not whole.
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

/** Where a marker leads to; undefined if the line is none. `width` is that of the marker that began the conflict. */
function partAfter(part: Part, line: string, width: number): Part | 'broken' | undefined {
  const mark = MARKER.exec(line)?.[1];
  if (mark === undefined) return undefined;
  // What both had before may be a conflict itself, with longer markers.
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
