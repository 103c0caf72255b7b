/**
 * The JSON of an object whose field `list` comes last and is long: a piece for each of its items, so that nobody has
 * to hold all of it. `head` has at least one field of its own, and `list` is none of them.
 */
export function* jsonPieces(parts: {
  readonly head: object;
  readonly list: string;
  readonly items: Iterable<object>;
}): Iterable<string> {
  yield `${JSON.stringify(parts.head).slice(0, -1)},${JSON.stringify(parts.list)}:[`;
  let separator = '';
  for (const item of parts.items) {
    yield `${separator}${JSON.stringify(item)}`;
    separator = ',';
  }
  yield ']}\n';
}
