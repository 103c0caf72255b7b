import { safeJson } from './foreign-text.js';

/**
 * The JSON of an object whose field `list` comes last and is long: a piece for each of its items, so that nobody has
 * to hold all of it. `head` has at least one field of its own, and `list` is none of them.
 */
export function* jsonPieces(parts: {
  readonly head: object;
  readonly list: string;
  readonly items: Iterable<object>;
}): Iterable<string> {
  yield `${safeJson(parts.head).slice(0, -1)},${safeJson(parts.list)}:[`;
  let separator = '';
  for (const item of parts.items) {
    yield `${separator}${safeJson(item)}`;
    separator = ',';
  }
  yield ']}\n';
}
