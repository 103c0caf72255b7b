import type { FileWindow } from './file-window.js';

export type WebmWalk = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Element ids of RFC 9559 (Matroska), with their length markers, as they stand in the file. */
const EBML_HEADER = 0x1a45dfa3;
const SEGMENT = 0x18538067;
const TRACKS = 0x1654ae6b;
const CLUSTER = 0x1f43b675;

/**
 * Walks a WebM (or Matroska file) from element to element to its last byte. Live writers leave the size of the
 * segment and of clusters unknown: such an element is entered, and its children are walked in its stead.
 * Sources: RFC 8794 (EBML), RFC 9559 (Matroska).
 */
export function walkWebm(file: FileWindow): WebmWalk {
  let end = file.size;
  let tracks = 0;
  let clusters = 0;

  for (let at = 0; at < end;) {
    const element = readElement(file, at);
    if (element === undefined) {
      return broken(`damaged or cut short: at byte ${at} of ${file.size} there is no WebM element`);
    }
    const { id, body, size } = element;
    if (size !== undefined && body + size > end) {
      const name = id === SEGMENT ? 'body' : id === CLUSTER ? 'cluster' : 'element';
      return broken(`cut short: its ${name} reaches to byte ${body + size}, the file ends at ${file.size}`);
    }
    if (id === TRACKS) tracks += 1;
    if (id === CLUSTER) clusters += 1;
    // What follows a segment of known size is none of the clip's.
    if (id === SEGMENT && size !== undefined) end = body + size;
    if (id === SEGMENT || size === undefined) at = body;
    else at = body + size;
  }

  if (tracks === 0) return broken('cut short or damaged: it describes no tracks');
  if (clusters === 0) return broken('cut short: it describes tracks but holds no pictures (clusters)');
  return { ok: true };
}

/** The element at that place; `size` undefined: unknown, which only a segment and a cluster may be. */
function readElement(
  file: FileWindow,
  at: number,
): { id: number; body: number; size: number | undefined } | undefined {
  const head = file.read(at, 12);
  const idLength = Math.clz32(head[0] ?? 0) - 23;
  if (idLength > 4 || head.length <= idLength) return undefined;
  const id = head.readUIntBE(0, idLength);
  if (at === 0 && id !== EBML_HEADER) return undefined;

  const first = head[idLength] ?? 0;
  const sizeLength = Math.clz32(first) - 23;
  if (sizeLength > 8 || head.length < idLength + sizeLength) return undefined;
  // The marker bit goes; what is left is the size, all ones meaning that it is not known.
  let size = first & (0xff >> sizeLength);
  let unknown = size === 0xff >> sizeLength;
  for (const byte of head.subarray(idLength + 1, idLength + sizeLength)) {
    size = size * 256 + byte;
    unknown &&= byte === 0xff;
  }
  const body = at + idLength + sizeLength;
  if (!unknown) return { id, body, size };
  return id === SEGMENT || id === CLUSTER ? { id, body, size: undefined } : undefined;
}

function broken(reason: string): WebmWalk {
  return { ok: false, reason };
}
