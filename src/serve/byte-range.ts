/** Bytes `start` to `end`, both included, from 0. */
export interface Bytes {
  readonly start: number;
  readonly end: number;
}

/**
 * What of a body a `Range` header asks for; undefined: all of it, because there is no header or none that we read.
 * `unsatisfiable` if it asks for what is not there. An open end is given `most` bytes and no more: the browser asks for the
 * rest when it needs it, and a clip that is not played holds no connection.
 */
export function readRange(
  header: string | undefined,
  { size, most }: { readonly size: number; readonly most: number },
): Bytes | 'unsatisfiable' | undefined {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '') ?? [];
  if (from === '' && to === '') return undefined;
  if (from === '') {
    const count = Math.min(Number(to), size);
    return count === 0 ? 'unsatisfiable' : { start: size - count, end: size - 1 };
  }
  const start = Number(from);
  const end = Math.min(to === '' ? start + most - 1 : Number(to), size - 1);
  return start > end ? 'unsatisfiable' : { start, end };
}
