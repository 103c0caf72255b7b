/** Bytes `start` to `end`, both included, from 0. */
export interface Bytes {
  readonly start: number;
  readonly end: number;
}

/**
 * What of a body of `size` bytes a `Range` header asks for (RFC 9110, section 14); undefined: all of it, because there is no header,
 * or none that is one range. `unsatisfiable` if it asks for what is not there. An open end is given `most` bytes.
 */
export function readRange(
  header: string | undefined,
  { size, most = size }: { readonly size: number; readonly most?: number },
): Bytes | 'unsatisfiable' | undefined {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/i.exec(header?.trim() ?? '') ?? [];
  if (from === '' && to === '') return undefined;
  if (from === '') {
    const count = Math.min(Number(to), size);
    return count === 0 ? 'unsatisfiable' : { start: size - count, end: size - 1 };
  }
  const start = Number(from);
  if (to !== '' && Number(to) < start) return undefined;
  const end = Math.min(to === '' ? start + most - 1 : Number(to), size - 1);
  return start > end ? 'unsatisfiable' : { start, end };
}
