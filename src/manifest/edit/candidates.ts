import type { Node } from 'yaml';
import { replacements, spellings, type Replacement, type Spot } from './spelling.js';
import type { MapNode, Site } from './walk.js';

/** A value, and where it is to be written. */
export interface Change {
  readonly site: Site;
  readonly value: unknown;
}

/** Replacements in a text that may make a change, the one that is most like the text around it first. */
export function* candidates(text: string, { site, value }: Change): Generator<Replacement> {
  const eol = /\r?\n/.exec(text)?.[0] ?? '\n';
  if (site.kind === 'node') {
    const indent = marginAt(text, site.node.range?.[0] ?? 0) + 2;
    yield* replacements(site.node, value, { text, eol, indent });
  } else yield* insertions(site.map, site.key, value, { text, eol, indent: 0 });
}

/** New pairs of a map: behind the first pair that is on one line, as an id usually is, or else before all others. */
function* insertions(map: MapNode, key: string, value: unknown, { text, eol }: Spot): Generator<Replacement> {
  const first = map.items[0]?.key;
  const [open = 0, close = 0] = map.range ?? [];
  if (map.flow || !first) {
    const last = map.items.at(-1);
    const at = last ? ((last.value ?? last.key).range?.[1] ?? 0) : open + 1;
    const lead = last ? ', ' : ' ';
    for (const spelling of spellings(value, undefined, { text, eol, indent: 0 }))
      yield { start: at, end: last ? at : close - 1, text: `${lead}${key}: ${spelling}${last ? '' : ' '}` };
    return;
  }
  const start = first.range?.[0] ?? 0;
  const column = start - lineStart(text, start);
  const margin = ' '.repeat(column);
  const oneLine = map.items.find((pair) => isOnOneLine(text, pair.key, pair.value));
  const [, end = 0] = (oneLine?.value ?? oneLine?.key)?.range ?? [];
  for (const spelling of spellings(value, undefined, { text, eol, indent: column + 2 })) {
    if (oneLine) {
      const at = lineEnd(text, end);
      yield { start: at, end: at, text: `${eol}${margin}${key}: ${spelling}` };
    }
    yield { start, end: start, text: `${key}: ${spelling}${eol}${margin}` };
  }
}

function isOnOneLine(text: string, key: Node, value: Node | null): boolean {
  const [from = 0] = key.range ?? [];
  const [, to = 0] = (value ?? key).range ?? [];
  return !text.slice(from, to).includes('\n');
}

/** How many characters are before the entry that a value belongs to: spaces, and the dashes of lists. */
function marginAt(text: string, at: number): number {
  return /^[ ]*(?:- +)*/.exec(text.slice(lineStart(text, at), at))?.[0].length ?? 0;
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1;
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  if (end < 0) return text.length;
  return text[end - 1] === '\r' ? end - 1 : end;
}
