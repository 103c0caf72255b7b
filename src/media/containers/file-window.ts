import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** How much is read at a time: the headers of a small clip come with one or two reads. */
const WINDOW_BYTES = 16 * 1024;

/** An open file, read in the few places that matter. */
export interface FileWindow {
  /** Bytes. */
  readonly size: number;
  /** The bytes from `offset`: `length` of them, fewer at the file's end. */
  read(offset: number, length: number): Buffer;
}

/**
 * Opens a file for the time of `use`. Reads are synchronous on purpose: a clip was written moments ago, so its
 * headers are in the page cache, where asynchronous round trips cost ten times the CPU of the reads themselves.
 * Throws what node:fs throws, and an Error where the path is no regular file.
 */
export function withFileWindow<T>(path: string, use: (file: FileWindow) => T): T {
  const descriptor = openSync(path, 'r');
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw new Error('not a regular file');
    const size = stats.size;
    let window = Buffer.alloc(0);
    let start = 0;

    const read = (offset: number, length: number): Buffer => {
      const end = Math.min(offset + length, size);
      if (offset < start || end > start + window.length) {
        const wanted = Math.max(0, Math.min(Math.max(length, WINDOW_BYTES), size - offset));
        const fresh = Buffer.allocUnsafe(wanted);
        window = fresh.subarray(0, readSync(descriptor, fresh, 0, wanted, offset));
        start = offset;
      }
      return window.subarray(offset - start, offset - start + length);
    };
    return use({ size, read });
  } finally {
    closeSync(descriptor);
  }
}
