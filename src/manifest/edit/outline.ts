import { isAlias, isMap, isScalar, isSeq, type Node } from 'yaml';
import type { Change } from './candidates.js';
import type { MapNode } from './walk.js';

/**
 * What a text says, without how it says it: values, keys, anchors and aliases, but no ranges, styles or comments. Of a text before a
 * change, with what is `expected`; of a text after it, by itself. Equal outlines mean that the change is the only one.
 */
export function outline(node: Node | null, expected?: Change): string {
  if (!node) return 'null';
  if (expected?.site.kind === 'node' && expected.site.node === node) {
    // The anchor of a value is before its range, and stays; an alias is replaced as a whole.
    return anchored(node, outlineOfData(expected.value));
  }
  if (isAlias(node)) return `*${node.source}`;
  if (isScalar(node)) return anchored(node, scalar(node.value));
  if (isSeq<Node>(node))
    return anchored(node, `[${node.items.map((item) => outline(item, expected)).join()}]`);
  if (!isMap<Node, Node | null>(node)) return '';
  return anchored(node, inOrder(pairs(node, expected)));
}

function pairs(map: MapNode, expected: Change | undefined): string[] {
  const own = map.items.map(({ key, value }) => `${outline(key, expected)}:${outline(value, expected)}`);
  if (expected?.site.kind !== 'pair' || expected.site.map !== map) return own;
  return [...own, `${scalar(expected.site.key)}:${outlineOfData(expected.value)}`];
}

function outlineOfData(value: unknown): string {
  if (Array.isArray(value)) return `[${(value as readonly unknown[]).map(outlineOfData).join()}]`;
  if (typeof value !== 'object' || value === null) return scalar(value);
  const entries = Object.entries(value as Readonly<Record<string, unknown>>);
  return inOrder(entries.map(([key, inner]) => `${scalar(key)}:${outlineOfData(inner)}`));
}

/** The order of a map's pairs means nothing. */
function inOrder(found: readonly string[]): string {
  return `{${[...found].sort().join()}}`;
}

function anchored(node: Node, text: string): string {
  const anchor = 'anchor' in node ? node.anchor : undefined;
  return anchor === undefined ? text : `&${anchor} ${text}`;
}

/** A text in quotes, anything else as it is; the key that merges is a symbol. */
function scalar(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
