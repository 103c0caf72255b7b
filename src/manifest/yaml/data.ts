import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Scalar,
  type Alias,
  type Node,
  type Pair,
  type YAMLMap,
} from 'yaml';
import { nearest } from '../../domain/nearest.js';
import { isMergeKey, keyName } from './places.js';

/** YAML that cannot become data, or not the data that was meant: the code of a diagnostic, and what to point at. */
export interface YamlFault {
  readonly code:
    'yaml-syntax' | 'yaml-alias-bomb' | 'unknown-key' | 'invalid-value' | 'wrong-type' | 'prompt-cut';
  readonly message: string;
  readonly hint?: string;
  readonly node: Pick<Node, 'range'>;
}

/** The YAML as plain data, and what each alias in it refers to. */
export interface YamlData {
  readonly data: unknown;
  readonly targets: ReadonlyMap<Alias, Node>;
}

/** Ends the conversion of a document that would grow without bound, or that lacks an anchor. */
class Unreliable extends Error {}

/**
 * Turns a parsed document into plain data: objects, arrays and scalars, aliases as shared references, merges done.
 * Our own, because the library's way looks through the whole document for each alias, and because an alias bomb is
 * measured here without being built: `maxSize` bounds the number of values (long texts count as several) that a
 * reader of the data would walk over. Returns undefined if it is exceeded, and where an anchor or a key is missing.
 */
export function yamlData(
  root: Node | null,
  text: string,
  maxSize: number,
  fault: (fault: YamlFault) => void,
): YamlData | undefined {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  const finished = new Map<Node, { readonly value: unknown; readonly size: number }>();
  let size = 0;
  const badKeys: Node[] = [];

  try {
    const data = root ? convert(root) : null;
    return badKeys.length > 0 ? undefined : { data, targets };
  } catch (error) {
    if (error instanceof Unreliable) return undefined;
    throw error;
  }

  function convert(node: Node): unknown {
    if (isAlias(node)) return follow(node);
    const anchor = 'anchor' in node ? node.anchor : undefined;
    const before = size;
    if (anchor) anchors.set(anchor, node);
    grow(1, node);
    const value = isMap<Node, Node | null>(node)
      ? convertMap(node)
      : isSeq<Node>(node)
        ? node.items.map((item) => convert(item))
        : convertScalar(node);
    if (anchor) finished.set(node, { value, size: size - before });
    return value;
  }

  function follow(alias: Alias): unknown {
    const target = anchors.get(alias.source);
    if (!target) {
      const near = nearest(alias.source, anchors.keys());
      const hint = near === undefined ? 'put text that begins with * in quotes' : `did you mean *${near}?`;
      fault({
        code: 'yaml-syntax',
        message: `there is no anchor &${alias.source} above`,
        node: alias,
        hint,
      });
      throw new Unreliable();
    }
    targets.set(alias, target);
    const done = finished.get(target);
    if (!done) {
      const message = `*${alias.source} is inside &${alias.source}, so it would never end`;
      fault({ code: 'yaml-alias-bomb', message, node: alias });
      throw new Unreliable();
    }
    grow(done.size, alias);
    return done.value;
  }

  function grow(by: number, node: Node): void {
    size += by;
    if (size <= maxSize) return;
    const message = `the aliases up to here expand to more than ${maxSize.toLocaleString('en')} values`;
    fault({ code: 'yaml-alias-bomb', message, hint: 'repeat less: use defaults, a matrix or takes', node });
    throw new Unreliable();
  }

  function convertMap(map: YAMLMap<Node, Node | null>): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    const merges: Pair<Node, Node | null>[] = [];
    for (const pair of map.items) {
      const key = isAlias(pair.key) ? follow(pair.key) : undefined;
      if (isMergeKey(pair.key)) merges.push(pair);
      else addEntry(object, pair, typeof key === 'string' ? key : keyName(pair.key));
    }
    for (const pair of merges) merge(object, pair);
    return object;
  }

  function addEntry(object: Record<string, unknown>, pair: Pair<Node, Node | null>, name?: string): void {
    const { key, value } = pair;
    if (name === undefined) {
      badKeys.push(key);
      fault({ ...badKey(key), node: key });
      if (value) convert(value);
      return;
    }
    const converted = value ? convert(value) : null;
    if (name === 'prompt') for (const part of isSeq<Node>(value) ? value.items : [value]) warnOfCut(part);
    if (name === '__proto__') {
      fault({ code: 'unknown-key', message: '__proto__ cannot be a key', node: key });
    } else if (Object.hasOwn(object, name)) {
      fault({ code: 'yaml-syntax', message: `${name} is here for the second time`, node: key });
    } else {
      object[name] = converted;
    }
  }

  /** `#cinematic` after a plain prompt is a comment, which the writer may not know; `# a remark` is meant as one. */
  function warnOfCut(prompt: Node | null): void {
    if (!isScalar(prompt) || prompt.type !== 'PLAIN' || !prompt.range) return;
    const [, end] = prompt.range;
    const [cut, word = ''] = /^[ \t]+(#[^\s#]\S*)/.exec(text.slice(end, end + 80)) ?? [];
    if (cut === undefined) return;
    fault({
      code: 'prompt-cut',
      message: `the prompt ends before ${word}: a # after a space begins a comment`,
      hint: 'put the whole text in quotes, or a space after the # if you mean a comment',
      node: { range: [end + cut.length - word.length, end + cut.length, end + cut.length] },
    });
  }

  /** The map's own keys win; of several sources, the earlier does. */
  function merge(object: Record<string, unknown>, pair: Pair<Node, Node | null>): void {
    const source = pair.value ? convert(pair.value) : null;
    for (const part of Array.isArray(source) ? (source as unknown[]) : [source]) {
      if (typeof part !== 'object' || part === null || Array.isArray(part)) {
        const message = '<< merges a map, or a list of maps';
        fault({ code: 'wrong-type', message, hint: 'write <<: *anchor', node: pair.value ?? pair.key });
        return;
      }
      for (const [name, value] of Object.entries(part))
        if (!Object.hasOwn(object, name)) object[name] = value;
    }
  }

  function convertScalar(node: Node): unknown {
    const value: unknown = isScalar(node) ? node.value : undefined;
    if (typeof value === 'string') return convertText(node, value);
    if (typeof value === 'number') return convertNumber(node, value);
    if (typeof value === 'boolean' || value === null) return value;
    fault({
      code: 'wrong-type',
      message: 'only text, numbers, true, false, lists and maps belong here',
      node,
    });
    return null;
  }

  function convertText(node: Node, value: string): string {
    grow(value.length >> 5, node);
    // Only an escape in double quotes can make half a character, and JSON cannot carry it.
    if (node instanceof Scalar && node.type === 'QUOTE_DOUBLE' && /\p{Cs}/u.test(value)) {
      const hint = 'write the character itself, or both halves of its escape';
      fault({ code: 'invalid-value', message: 'the text contains half a character', hint, node });
    }
    return value;
  }

  function convertNumber(node: Node, value: number): number {
    const digits = isScalar(node) && /^[-+]?\d+$/.test(node.source ?? '');
    if (Number.isNaN(value)) {
      const hint = 'if it is text, put it in quotes';
      fault({ code: 'invalid-value', message: 'this is not a number', hint, node });
      return 1;
    }
    if (!Number.isFinite(value) || (digits && !Number.isSafeInteger(value))) {
      const hint = 'if it is a name rather than a number, put it in quotes';
      fault({ code: 'invalid-value', message: 'the number is too large to be kept exactly', hint, node });
      return 1;
    }
    return value;
  }
}

function badKey(key: Node): { code: 'yaml-syntax'; message: string; hint: string } {
  return isMap(key)
    ? {
        code: 'yaml-syntax',
        message: 'braces open a map here',
        hint: 'text that begins with {{ needs quotes: "{{name}}"',
      }
    : { code: 'yaml-syntax', message: 'a key must be a plain word', hint: 'write NAME: VALUE' };
}
