import { isAlias, isMap, isSeq, type Alias, type Node, type YAMLMap } from 'yaml';
import { isRecord } from '../../domain/is-record.js';
import type { YamlTree } from '../yaml/document.js';
import { isMergeKey, keyName, type Path } from '../yaml/places.js';

/** A map in block or flow style, as the parser gives it. */
export type MapNode = YAMLMap<Node, Node | null>;

/** Where a value can be written: in the place of a node, or as a new pair of a map. */
export type Site =
  | { readonly kind: 'node'; readonly node: Node }
  | { readonly kind: 'pair'; readonly map: MapNode; readonly key: string };

/** The way to a value through the nodes of the text. */
export interface Walk {
  /** The value itself, wherever it is written; undefined if there is none. */
  readonly node: Node | undefined;
  /** Where the way leaves the text that it began in. */
  readonly left?: Leaving;
  /** How far the way goes if there is no value at its end: the map that lacks the next step. */
  readonly lacking?: { readonly map: MapNode; readonly depth: number };
}

/** An alias or a merge on the way to a value: what can be written before it to change the value for this user alone. */
export interface Leaving {
  readonly anchor: string;
  readonly site: Site;
  /** How many steps of the path are before the site's own value. */
  readonly depth: number;
}

/** Follows a path from a node, through aliases and merges. */
export function walk({ targets }: YamlTree, from: Node, path: Path): Walk {
  let node = resolved(from, targets);
  let left: Leaving | undefined;
  for (const [depth, step] of path.entries()) {
    const next = isSeq<Node>(node) ? ofSeq(node, step) : isMap<Node, Node | null>(node) ? ofMap(node) : [];
    const [child, through] = next;
    if (!child) {
      const lacking = isMap<Node, Node | null>(node) && !left ? { map: node, depth } : undefined;
      return { node: undefined, ...(left && { left }), ...(lacking && { lacking }) };
    }
    const site: Site | undefined = through
      ? isMap<Node, Node | null>(node)
        ? { kind: 'pair', map: node, key: String(step) }
        : undefined
      : isAlias(child)
        ? { kind: 'node', node: child }
        : undefined;
    if (site && !left)
      left = { site, anchor: through ?? (isAlias(child) ? child.source : ''), depth: depth + 1 };
    node = resolved(child, targets);

    function ofMap(map: MapNode): readonly [Node?, string?] {
      return entryOf(map, String(step), targets);
    }
  }
  return { node, ...(left && { left }) };
}

function ofSeq(node: { readonly items: readonly Node[] }, step: string | number): readonly [Node?] {
  const item = node.items[Number(step)];
  return item ? [item] : [];
}

/** The value of a key, and the anchor that a merge brings it from: a map's own pairs win, then the earlier merges. */
function entryOf(
  map: MapNode,
  name: string,
  targets: ReadonlyMap<Alias, Node>,
): readonly [value?: Node, anchor?: string] {
  for (const { key, value } of map.items)
    if (!isMergeKey(key) && keyName(resolved(key, targets)) === name) return [value ?? key];
  for (const { key, value } of map.items) {
    if (!isMergeKey(key) || !value) continue;
    const source = resolved(value, targets);
    for (const part of isSeq<Node>(source) ? source.items : [value]) {
      const merged = resolved(part, targets);
      const [found] = isMap<Node, Node | null>(merged) ? entryOf(merged, name, targets) : [];
      if (found) return [found, isAlias(part) ? part.source : '<<'];
    }
  }
  return [];
}

function resolved(node: Node, targets: ReadonlyMap<Alias, Node>): Node {
  return isAlias(node) ? (targets.get(node) ?? node) : node;
}

/** The value at a path of plain data; undefined if there is none. */
export function dataAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const step of path) {
    if (Array.isArray(value)) value = (value as readonly unknown[])[Number(step)];
    else value = isRecord(value) && Object.hasOwn(value, step) ? value[step] : undefined;
  }
  return value;
}

/** A copy of plain data in which the value at a path is another; maps that are missing on the way are made. */
export function dataWith(data: unknown, path: Path, value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (Array.isArray(data)) {
    const items = data as readonly unknown[];
    return items.map((item, index) => (index === Number(step) ? dataWith(item, rest, value) : item));
  }
  const fields = isRecord(data) ? data : {};
  return { ...fields, [step]: dataWith(fields[step], rest, value) };
}
