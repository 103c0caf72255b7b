import { fstatSync } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from './replace-file.js';

/**
 * A journal that grows: text is appended, and fsynced if asked.
 *
 * After a failed write or fsync, nothing is known of the bytes after the last good fsync. So all text since then is kept in
 * memory, and the next call cuts the file there and writes it again. (A second fsync alone would prove nothing: a kernel may
 * report a lost page once and forget it.)
 * One call at a time. Errors are the file system's own.
 */
export class JournalFile {
  readonly #path: string;
  #handle: FileHandle | undefined;
  /** Text after the last fsync, in order. */
  #unsynced: string[] = [];
  #syncedBytes = 0;
  #bytes = 0;
  /** Whether the file may have another length than #bytes, or other text than #unsynced after the last fsync. */
  #isSuspect = true;
  #isGone = false;

  /** The file is created by the first append. */
  constructor(path: string) {
    this.#path = path;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Somebody removed the file: its content is only in memory, and appending to it would be of no use. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Appends text; with `isDurable`, it and all text before it survive a power cut once this has resolved. */
  async append(text: string, isDurable: boolean): Promise<void> {
    const wasSuspect = this.#isSuspect;
    this.#unsynced.push(text);
    this.#isSuspect = true;
    // A journal that already exists is not ours: a start folds and removes the one it finds.
    const handle = (this.#handle ??= await open(this.#path, 'ax'));
    if (wasSuspect) await handle.truncate(this.#syncedBytes);
    const bytes = Buffer.from(wasSuspect ? this.#unsynced.join('') : text);
    await handle.writeFile(bytes);
    this.#bytes = (wasSuspect ? this.#syncedBytes : this.#bytes) + bytes.length;
    if (isDurable || wasSuspect) await this.#sync(handle);
    this.#isSuspect = false;
  }

  async #sync(handle: FileHandle): Promise<void> {
    await handle.datasync();
    if (fstatSync(handle.fd).nlink === 0) {
      this.#isGone = true;
      throw new Error('it was removed during the run');
    }
    if (this.#syncedBytes === 0) await syncFolder(dirname(this.#path));
    this.#syncedBytes = this.#bytes;
    this.#unsynced = [];
  }

  /** Closes and removes the file, which the lockfile has replaced. It must not be used afterwards. */
  async remove(): Promise<void> {
    await this.close();
    await rm(this.#path, { force: true });
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}
