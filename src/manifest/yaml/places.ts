import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  Scalar,
  type Alias,
  type Node,
  type YAMLMap,
} from 'yaml';
import type { SourceRange } from '../../domain/diagnostic.js';

/** The way to a value from the top of the manifest: keys and list indices. */
export type Path = readonly (string | number)[];

/** What to point at: the value (or the placeholder within it), or the key that names it. */
export interface PlaceOptions {
  readonly on?: 'key' | 'value';
  /** Point at the entry of the text that leads there, not into the anchor that it repeats. */
  readonly asUsed?: boolean;
  /** Text within the value that the marker should be under. */
  readonly needle?: string;
}

/** Finds the places of values in the manifest's text. It computes nothing in advance. */
export interface Places {
  /** Where `path` is written, through anchors and merges; otherwise where its nearest ancestor is. */
  find(path: Path, options?: PlaceOptions): SourceRange;
  /** The scalar at `path` letter for letter: `1.10`, not 1.1. Undefined if there is none. */
  written(path: Path): string | undefined;
  /** The stretch between two offsets of the text, as far as it is on one line. */
  span(start: number, end: number): SourceRange;
}

interface Located {
  readonly key: Node | undefined;
  readonly value: Node;
}

/** Places in `text`, whose parsed form is `root`; `targets` says what each alias refers to. */
export function placesIn(
  text: string,
  file: string,
  root: Node | null = null,
  targets: ReadonlyMap<Alias, Node> = new Map(),
): Places {
  const entriesByMap = new Map<Node, ReadonlyMap<string, Located>>();
  let lines: LineCounter | undefined;

  function span(start: number, end: number): SourceRange {
    lines ??= countLines(text);
    const { line, col } = lines.linePos(start);
    const lineEnd = endOfLine(text, start);
    const length = Math.min(end, lineEnd) - start;
    return { file, line, column: col, ...(length > 0 ? { end_column: col + length } : {}) };
  }

  function find(path: Path, options: PlaceOptions = {}): SourceRange {
    if (!root) return span(0, 0);
    const { at, whole } = walk(root, path, options.asUsed);
    const onKey = (options.on === 'key' && whole) || isBlock(at.value) || isEmpty(at.value);
    const node = (onKey ? at.key : undefined) ?? at.value;
    const [start, end] = extent(node);
    const found = options.needle ? text.slice(start, end).indexOf(options.needle) : -1;
    if (options.needle && found >= 0) return span(start + found, start + found + options.needle.length);
    return span(start, end);
  }

  function written(path: Path): string | undefined {
    if (!root) return undefined;
    const { at, whole } = walk(root, path);
    const node = resolve(at.value);
    return whole && isScalar(node) ? node.source : undefined;
  }

  /** The value at `path`, or its nearest ancestor's. */
  function walk(top: Node, path: Path, asUsed = false): { readonly at: Located; readonly whole: boolean } {
    let at: Located = { key: undefined, value: top };
    for (const step of path) {
      const next = child(at.value, step);
      if (!next || (asUsed && !contains(at.value, next.value))) return { at, whole: false };
      at = next;
    }
    return { at, whole: true };
  }

  function child(parent: Node, step: string | number): Located | undefined {
    const node = resolve(parent);
    if (isSeq<Node>(node)) {
      const item = node.items[Number(step)];
      return item && { key: undefined, value: item };
    }
    return isMap<Node, Node | null>(node) ? entry(node, String(step)) : undefined;
  }

  /** The pair of a map with this key: its own one first, then those that `<<` brings, the earlier before the later. */
  function entry(map: YAMLMap<Node, Node | null>, name: string): Located | undefined {
    const own = ownEntries(map).get(name);
    if (own) return own;
    for (const { key, value } of map.items) {
      if (!isMergeKey(key) || !value) continue;
      const source = resolve(value);
      for (const part of isSeq<Node>(source) ? source.items : [source]) {
        const merged = resolve(part);
        const found = isMap<Node, Node | null>(merged) ? entry(merged, name) : undefined;
        if (found) return found;
      }
    }
    return undefined;
  }

  /** The keys of a map itself, of equal ones the first; read once, because a map may be long. */
  function ownEntries(map: YAMLMap<Node, Node | null>): ReadonlyMap<string, Located> {
    const known = entriesByMap.get(map);
    if (known) return known;
    const entries = new Map<string, Located>();
    for (const { key, value } of map.items) {
      const name = keyName(resolve(key));
      if (name !== undefined && !entries.has(name)) entries.set(name, { key, value: value ?? key });
    }
    entriesByMap.set(map, entries);
    return entries;
  }

  /** Follows an alias to its value. */
  function resolve(node: Node): Node {
    return isAlias(node) ? (targets.get(node) ?? node) : node;
  }

  return { find, written, span };
}

/** Whether a node is written within another, rather than in an anchor that this one repeats. */
function contains({ range: outer }: Node, { range: inner }: Node): boolean {
  return outer != null && inner != null && outer[0] <= inner[0] && inner[1] <= outer[1];
}

/** The text of a key, or undefined if it is no plain word (a list, a map, nothing at all). */
export function keyName(key: Node): string | undefined {
  if (!isScalar(key) || typeof key.value === 'symbol') return undefined;
  return typeof key.value === 'string' ? key.value : key.source || undefined;
}

/** Whether a key is the plain `<<` that merges maps (a quoted one is an ordinary key). */
export function isMergeKey(key: Node): boolean {
  return isScalar(key) && typeof key.value === 'symbol';
}

/** A block collection starts on its own line: its key is the better place to point at. */
function isBlock(node: Node): boolean {
  return (isMap(node) || isSeq(node)) && !node.flow;
}

/** Nothing is written there. */
function isEmpty({ range }: Node): boolean {
  return range != null && range[0] === range[1];
}

/** Where a node's text starts and ends; of a block collection just its first line's key or item. */
function extent(node: Node): [start: number, end: number] {
  if (isBlock(node)) {
    const first: unknown = isMap<Node>(node)
      ? node.items[0]?.key
      : isSeq<Node>(node)
        ? node.items[0]
        : undefined;
    const range = first instanceof Scalar ? first.range : undefined;
    if (range) return [range[0], range[1]];
  }
  return [node.range?.[0] ?? 0, node.range?.[1] ?? 0];
}

function countLines(text: string): LineCounter {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1);
  return lines;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  if (end < 0) return text.length;
  return text[end - 1] === '\r' && end > from ? end - 1 : end;
}
