/** How long a list in an answer may be, as JSON: an answer has it twice, as text and as data. */
const LIST_BYTES = 4_200;

/** A part of a list that fits into an answer, and what is left of it. */
export interface Fitted<T> {
  readonly shown: T;
  /** Ask again with this offset for the rest. */
  readonly more?: { readonly left: number; readonly next_offset: number };
}

/** As many items as fit, from an offset on, in the form that `render` gives them together. */
export function fit<I, T>(
  items: readonly I[],
  { offset = 0, bytes = LIST_BYTES }: { readonly offset?: number; readonly bytes?: number },
  render: (items: readonly I[]) => T,
): Fitted<T> {
  const size = (count: number) =>
    Buffer.byteLength(JSON.stringify(render(items.slice(offset, offset + count))));
  const most = Math.max(0, items.length - offset);
  let [low, high] = [Math.min(1, most), most];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (size(middle) <= bytes) low = middle;
    else high = middle - 1;
  }
  const shown = render(items.slice(offset, offset + low));
  const left = most - low;
  return left === 0 ? { shown } : { shown, more: { left, next_offset: offset + low } };
}

/** Items that are alike but for their names, each kind once, with the names of all of its kind. */
export function grouped<I>(
  items: readonly I[],
  factsOf: (item: I) => Readonly<Record<string, unknown>>,
  nameOf: (item: I) => string,
): readonly Readonly<Record<string, unknown>>[] {
  const groups = new Map<string, { readonly facts: Readonly<Record<string, unknown>>; takes: string[] }>();
  for (const item of items) {
    const facts = factsOf(item);
    const key = JSON.stringify(facts);
    const group = groups.get(key) ?? { facts, takes: [] };
    groups.set(key, group);
    group.takes.push(nameOf(item));
  }
  return [...groups.values()].map(({ facts, takes }) => ({ ...facts, takes }));
}
