import type { ClipTrack } from './clip-track.js';

/** A track as the head of a WebM describes it, and when its blocks are shown, in nanoseconds. */
export interface WebmTrack {
  readonly number: number;
  readonly kind: ClipTrack['kind'];
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  /** How long a frame is; zero where the file does not say. Nanoseconds. */
  readonly frameNs: number;
}

const INFO_SCALE = 0x2ad7b1;
const TRACK_ENTRY = 0xae;
const TRACK = { number: 0xd7, type: 0x83, codec: 0x86, frameNs: 0x23e383, video: 0xe0 } as const;
const VIDEO = {
  width: 0xb0,
  height: 0xba,
  displayWidth: 0x54b0,
  displayHeight: 0x54ba,
  displayUnit: 0x54b2,
} as const;

/** Nanoseconds of a unit of time, from the body of Info. A millisecond where it is silent. Source: RFC 9559. */
export function readTimestampScale(info: Buffer): number {
  return fields(info).get(INFO_SCALE)?.value ?? 1_000_000;
}

/** The tracks in the body of Tracks. Source: RFC 9559. */
export function readWebmTracks(tracks: Buffer): WebmTrack[] {
  const found: WebmTrack[] = [];
  for (const { id, body } of childElements(tracks)) if (id === TRACK_ENTRY) found.push(readTrackEntry(body));
  return found;
}

function readTrackEntry(entry: Buffer): WebmTrack {
  const track = fields(entry);
  const type = track.get(TRACK.type)?.value;
  const video = track.get(TRACK.video);
  return {
    number: track.get(TRACK.number)?.value ?? 0,
    kind: type === 1 ? 'video' : type === 2 ? 'audio' : 'other',
    codec: track.get(TRACK.codec)?.body.toString('latin1').replace(/\0+$/, '') ?? '',
    ...(video === undefined ? { width: 0, height: 0 } : displaySize(video.body)),
    frameNs: track.get(TRACK.frameNs)?.value ?? 0,
  };
}

function displaySize(video: Buffer): { width: number; height: number } {
  const values = fields(video);
  const width = values.get(VIDEO.width)?.value ?? 0;
  const height = values.get(VIDEO.height)?.value ?? 0;
  // The display size counts pixels unless it has another unit, such as the bare shape.
  if ((values.get(VIDEO.displayUnit)?.value ?? 0) !== 0) return { width, height };
  return {
    width: values.get(VIDEO.displayWidth)?.value ?? width,
    height: values.get(VIDEO.displayHeight)?.value ?? height,
  };
}

function fields(parent: Buffer): Map<number, { readonly body: Buffer; readonly value: number }> {
  const found = new Map<number, { body: Buffer; value: number }>();
  for (const { id, body } of childElements(parent)) found.set(id, { body, value: unsigned(body) });
  return found;
}

/** An element of EBML: `size` undefined means that it is not known. Source: RFC 8794. */
interface Element {
  readonly id: number;
  /** Bytes of its head, and of its body. */
  readonly headBytes: number;
  readonly size: number | undefined;
}

/** The longest head: an id of four bytes and a size of eight. */
export const LONGEST_HEAD_BYTES = 12;

/** The head of an element, undefined if the bytes cannot be one. */
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
function* childElements(parent: Buffer): Generator<{ readonly id: number; readonly body: Buffer }> {
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
