/** A box within another one; `body` is a view, not a copy. */
interface ChildBox {
  readonly type: string;
  readonly body: Buffer;
}

/** The boxes within a body; ends at the first bytes that are not one (a few zero bytes close some boxes of QuickTime). */
export function* childBoxes(parent: Buffer): Generator<ChildBox> {
  let at = 0;
  while (at + 8 <= parent.length) {
    const size = parent.readUInt32BE(at);
    if (size < 8 || at + size > parent.length) return;
    yield { type: parent.toString('latin1', at + 4, at + 8), body: parent.subarray(at + 8, at + size) };
    at += size;
  }
}

/** The body of the first box at that path, undefined if there is none. */
export function findBox(parent: Buffer, ...path: readonly string[]): Buffer | undefined {
  const [wanted, ...rest] = path;
  if (wanted === undefined) return parent;
  for (const { type, body } of childBoxes(parent)) if (type === wanted) return findBox(body, ...rest);
  return undefined;
}

/** As `findBox`; throws a RangeError if there is none, as Buffer does for what lies beyond its end. */
export function needBox(parent: Buffer, ...path: readonly string[]): Buffer {
  const found = findBox(parent, ...path);
  if (found === undefined) throw new RangeError(`no ${path.join('/')} box`);
  return found;
}
