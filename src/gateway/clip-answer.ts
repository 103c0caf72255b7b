import { header } from './headers.js';
import type { PartNote } from './part-note.js';
import type { BodySink, Head } from './wire.js';

/** The bytes of a clip that an answer carries. */
interface Range {
  /** NaN if the answer does not say. */
  readonly start: number;
  /** Length of the whole clip, if known. */
  readonly total: number | undefined;
}

/** Reads 200 and 206 alike (RFC 9110, 14.4). */
export function rangeOf(head: Head): Range {
  if (head.status === 200) {
    const length = header(head, 'content-length');
    return { start: 0, total: length === undefined ? undefined : Number(length) };
  }
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/i.exec(header(head, 'content-range') ?? '') ?? [];
  return {
    start: Number(start ?? NaN),
    total: total === undefined || total === '*' ? undefined : Number(total),
  };
}

/** What proves that a later answer has the same bytes: a strong ETag, otherwise the date of the last change. */
export function validatorOf(head: Head): string | undefined {
  const etag = header(head, 'etag');
  if (etag !== undefined && /^"[^"]*"$/.test(etag)) return etag;
  const modified = header(head, 'last-modified');
  return modified !== undefined && !Number.isNaN(Date.parse(modified)) ? modified : undefined;
}

/** Whether the server offers a part of a different file than the one begun: some servers ignore If-Range. */
export function isOfAnother(head: Head, begun: PartNote): boolean {
  const validator = validatorOf(head) ?? begun.validator;
  const { total = begun.total } = rangeOf(head);
  return validator !== begun.validator || total !== (begun.total ?? total);
}

/** Types of pages and errors, which no clip has. */
export function isSuspicious(head: Head): boolean {
  return /^(?:text|image)\/|[/+](?:json|xml|html)\b/i.test(header(head, 'content-type') ?? '');
}

/**
 * If the type is suspicious, the first bytes decide: a clip under a wrong type is still a clip. Until then `other` keeps
 * them, and if it is not a clip, `other` gets the rest too.
 */
export function afterALook(
  other: { readonly sink: BodySink; readonly body: () => Buffer },
  openClip: () => BodySink,
): BodySink {
  let clip: BodySink | undefined;
  let isDecided = false;
  return {
    write(piece, resume) {
      if (clip) return clip.write(piece, resume);
      const more = other.sink.write(piece, resume);
      const start = other.body();
      if (isDecided || start.length < 12) return more;
      isDecided = true;
      if (!looksLikeClip(start)) return more;
      clip = openClip();
      return clip.write(start, resume);
    },
  };
}

/** Whether bytes begin like a clip: with `ftyp` of ISO BMFF, or the EBML mark of WebM. */
export function looksLikeClip(start: Buffer): boolean {
  return start.toString('latin1', 4, 8) === 'ftyp' || start.toString('hex', 0, 4) === '1a45dfa3';
}
