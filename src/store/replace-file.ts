import { closeSync, fsync, openSync } from 'node:fs';
import { lstat, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { errnoOf, undefinedIfAbsent } from '../disk-error.js';

/** Bytes, the pieces of a text, or a stream of bytes. */
type Content = Uint8Array | Iterable<string> | AsyncIterable<Uint8Array>;

/**
 * Writes a file so that its name has the old content or the new one at every instant: temp file, rename. With `isDurable` both
 * are fsynced, and the new content survives a power cut once this has resolved. Resolves with the number of bytes.
 * One writer at a time: the temp file's name is fixed, so that the next write removes what a kill left. A link is replaced, never
 * written through. Errors are the file system's own.
 *
 * Ours, because write-file-atomic takes a short write, as on a full disk, for a whole one and renames it
 * into place, and does not fsync the folder.
 */
export async function replaceFile(file: {
  readonly path: string;
  readonly content: Content;
  readonly isDurable: boolean;
  /** The permissions of the file; by default those of the old file. */
  readonly mode?: number;
}): Promise<number> {
  const temp = `${file.path}.tmp`;
  await rm(temp, { force: true });
  try {
    const bytes = await writeTemp(temp, file);
    await rename(temp, file.path);
    if (file.isDurable) await syncFolder(dirname(file.path));
    return bytes;
  } catch (error) {
    await rm(temp, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function writeTemp(
  temp: string,
  file: {
    readonly path: string;
    readonly content: Content;
    readonly isDurable: boolean;
    readonly mode?: number;
  },
): Promise<number> {
  const before = await lstat(file.path).catch(undefinedIfAbsent);
  const handle = await open(temp, 'wx', file.mode);
  try {
    // As far as we are allowed: the old file may belong to somebody else.
    if (file.mode === undefined && before?.isFile())
      await handle.chmod(before.mode & 0o777).catch(() => undefined);
    let bytes = 0;
    for await (const chunk of chunksOf(file.content)) {
      // Unlike `write`, `writeFile` continues until the last byte is written, or throws.
      await handle.writeFile(chunk);
      bytes += chunk.length;
    }
    if (file.isDurable) await handle.sync();
    return bytes;
  } finally {
    await handle.close();
  }
}

const CHUNK_LENGTH = 1 << 18;

/** Pieces may be small, and each write costs a round trip; a large file as one string would cost its size in memory. */
async function* chunksOf(content: Content): AsyncIterable<Uint8Array> {
  if (content instanceof Uint8Array) {
    yield content;
    return;
  }
  if (Symbol.asyncIterator in content) {
    yield* content;
    return;
  }
  let chunk = '';
  for (const piece of content) {
    chunk += piece;
    if (chunk.length < CHUNK_LENGTH) continue;
    yield Buffer.from(chunk);
    chunk = '';
  }
  yield Buffer.from(chunk);
}

const flush = promisify(fsync);

/** Makes the names in a folder survive a power cut. Systems that cannot sync a folder keep names by themselves. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const folderDescriptor = openSync(folder, 'r');
    try {
      await flush(folderDescriptor);
    } finally {
      closeSync(folderDescriptor);
    }
  } catch (error) {
    const cannot = ['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP', 'ENOSYS', 'EBADF'];
    if (!cannot.includes(errnoOf(error) ?? '')) throw error;
  }
}
