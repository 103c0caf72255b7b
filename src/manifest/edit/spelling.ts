import { isMap, isScalar, isSeq, Scalar, stringify, type Node } from 'yaml';

/** The place in the text that a value is written for. */
export interface Spot {
  readonly text: string;
  /** The line break of the file. */
  readonly eol: string;
  /** How many spaces lines of a block below it have. */
  readonly indent: number;
}

/** A text in the place of a stretch of another. */
export interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Spellings of a value in the place of a node, the one that is most like the old one first. Whether one says the value in its
 * place is for the caller to check: the last always does.
 */
export function* replacements(node: Node, value: unknown, spot: Spot): Generator<Replacement> {
  const [start, end] = node.range ?? [0, 0];
  if (isScalar(node) && typeof value === 'string' && isBlockStyle(node)) yield* asBlock(node, value, spot);
  if ((isSeq(node) || isMap(node)) && !node.flow) yield* asBlockCollection(node, value, spot);
  const before = spot.text.slice(0, start);
  if (start === end) {
    // Nothing was written there: the value goes right behind the colon or the dash, before a comment.
    const at = before.trimEnd().length;
    for (const text of spellings(value, undefined, spot)) yield { start: at, end: at, text: ` ${text}` };
    return;
  }
  const last = endOfLeaves(node, spot.text);
  const style = isScalar(node) ? (node.type ?? undefined) : undefined;
  for (const text of spellings(value, style, spot)) yield { start, end: last, text };
}

/** Spellings of a value that is written anew; `style` is that of the value before it. */
export function* spellings(value: unknown, style: string | undefined, spot: Spot): Generator<string> {
  if (typeof value !== 'string') {
    yield flow(value);
    yield JSON.stringify(value);
    return;
  }
  if (style === Scalar.QUOTE_DOUBLE) yield doubleQuoted(value);
  if (value.includes('\n') && style !== Scalar.QUOTE_DOUBLE) yield literal('|-', value, spot);
  else if (style !== Scalar.QUOTE_SINGLE) yield value;
  yield singleQuoted(value);
  yield doubleQuoted(value);
}

function isBlockStyle({ type }: Scalar): boolean {
  return type === Scalar.BLOCK_LITERAL || type === Scalar.BLOCK_FOLDED;
}

/** A text of the same block style; its last line break belongs to the block, so that a value without one may be given. */
function* asBlock(node: Scalar, given: string, { text, eol, indent }: Spot): Generator<Replacement> {
  const [start = 0, end = 0] = node.range ?? [];
  const old = String(node.value);
  const value = given.endsWith('\n') ? given : given + (/\n*$/.exec(old)?.[0] ?? '');
  const source = text.slice(start, end).trimEnd();
  const [header = ''] = source.split(/\r?\n/, 1);
  const lines = source.split(/\r?\n/).slice(1);
  const first = lines.find((line) => line.trim() !== '');
  const spot = { text, eol, indent: first === undefined ? indent : first.length - first.trimStart().length };
  const replace = (as: string) => ({ start, end: start + source.length, text: as });
  if (node.type === Scalar.BLOCK_FOLDED) {
    const width = Math.max(...lines.map((line) => line.length)) - spot.indent;
    yield replace(block(header, folded(value, width), spot));
    yield replace(literal(header.replace('>', '|'), value, spot));
  }
  yield replace(literal(header, value, spot));
  yield replace(literal('|-', value, spot));
}

function literal(header: string, value: string, spot: Spot): string {
  return block(header, value.replace(/\n+$/, '').split('\n'), spot);
}

function block(header: string, lines: readonly string[], { eol, indent }: Spot): string {
  const margin = ' '.repeat(indent);
  return [header, ...lines.map((line) => (line === '' ? '' : margin + line))].join(eol);
}

/** Lines that fold to a text: broken between words at the width of those before, with an empty line for each line break. */
function folded(value: string, width: number): string[] {
  const paragraphs = value.replace(/\n+$/, '').split('\n');
  return paragraphs.flatMap((paragraph, index) => [...(index > 0 ? [''] : []), ...wrapped(paragraph, width)]);
}

function wrapped(paragraph: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of paragraph.split(/(?<! ) (?! )/)) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** A list or a map with a line for each entry. */
function* asBlockCollection(node: Node, value: unknown, { text, eol }: Spot): Generator<Replacement> {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return;
  const start = node.range?.[0] ?? 0;
  const column = start - (text.lastIndexOf('\n', start - 1) + 1);
  const lines = stringify(value, { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd().split('\n');
  yield { start, end: endOfLeaves(node, text), text: lines.join(`${eol}${' '.repeat(column)}`) };
}

/** Where the last value in a list or a map ends; the node's own range also has the comments behind it. */
function endOfLeaves(node: Node, text: string): number {
  const [start, end] = lastLeaf(node).range ?? [0, 0];
  return start + text.slice(start, end).trimEnd().length;
}

function lastLeaf(node: Node): Node {
  if (isSeq<Node>(node) && !node.flow) {
    const item = node.items.at(-1);
    return item ? lastLeaf(item) : node;
  }
  if (!isMap<Node, Node | null>(node) || node.flow) return node;
  const pair = node.items.at(-1);
  return pair ? lastLeaf(pair.value ?? pair.key) : node;
}

/** A value on one line: `[a.png, { video: b.mp4 }]`. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${(value as readonly unknown[]).map(flow).join(', ')}]`;
  if (typeof value === 'string') return PLAIN.test(value) && !WORD.test(value) ? value : doubleQuoted(value);
  if (typeof value !== 'object' || value === null) return String(value);
  const pairs = Object.entries(value as Readonly<Record<string, unknown>>);
  if (pairs.length === 0) return '{}';
  return `{ ${pairs.map(([key, inner]) => `${flow(key)}: ${flow(inner)}`).join(', ')} }`;
}

/** A text that needs no quotes wherever it stands, and a word that means something else without them. */
const PLAIN = /^[A-Za-z_./][\w./@-]*(?: [\w./@-]+)*$/;
const WORD = /^(?:null|true|false|~)$/i;

function singleQuoted(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** As JSON, in which YAML reads the same; what YAML calls unprintable is written as an escape. */
function doubleQuoted(value: string): string {
  return JSON.stringify(value).replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;
