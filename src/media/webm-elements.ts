/** An element of EBML: `size` undefined means that it is not known. Source: RFC 8794. */
interface Element {
  readonly id: number;
  /** Bytes of its head, and of its body. */
  readonly headBytes: number;
  readonly size: number | undefined;
}

/** The longest head: an id of four bytes and a size of eight. */
export const LONGEST_HEAD_BYTES = 12;

/** The head of an element, undefined where the bytes cannot be one. */
export function readElement(head: Buffer): Element | undefined {
  const idLength = vintLength(head[0] ?? 0);
  if (idLength > 4 || head.length <= idLength) return undefined;
  const id = head.readUIntBE(0, idLength);

  const first = head[idLength] ?? 0;
  const sizeLength = vintLength(first);
  const headBytes = idLength + sizeLength;
  if (sizeLength > 8 || head.length < headBytes) return undefined;
  // The marker bit goes; what is left is the size, all ones meaning that it is not known.
  let size = first & (0xff >> sizeLength);
  let unknown = size === 0xff >> sizeLength;
  for (const byte of head.subarray(idLength + 1, headBytes)) {
    size = size * 256 + byte;
    unknown &&= byte === 0xff;
  }
  return { id, headBytes, size: unknown ? undefined : size };
}

/** As many bytes as there are zero bits before the first one, and one. */
export function vintLength(firstByte: number): number {
  return Math.clz32(firstByte) - 23;
}

/** The elements within a body; ends at whatever is not one. `body` is a view, not a copy. */
export function* childElements(parent: Buffer): Generator<{ readonly id: number; readonly body: Buffer }> {
  let at = 0;
  while (at < parent.length) {
    const element = readElement(parent.subarray(at, at + LONGEST_HEAD_BYTES));
    if (element?.size === undefined) return;
    const body = at + element.headBytes;
    at = body + element.size;
    if (at > parent.length) return;
    yield { id: element.id, body: parent.subarray(body, at) };
  }
}

/** An unsigned number of up to eight bytes. */
export function unsigned(body: Buffer): number {
  let value = 0;
  for (const byte of body.subarray(0, 8)) value = value * 256 + byte;
  return value;
}
