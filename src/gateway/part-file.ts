import { createHash, type Hash } from 'node:crypto';
import * as fs from 'node:fs';
import { promisify } from 'node:util';
import { defined } from '../domain/defined.js';
import { diskError, errnoOf } from '../disk-error.js';
import type { DailiesError } from '../errors.js';
import { discardPart, dropNote, hasNote, keepNote, readNote, type PartNote } from './part-note.js';
import type { BodySink } from './wire.js';

/** If the disk refuses a clip, the clip is not lost. */
const COMFORT = 'the clip stays on the gateway, and the next run fetches it';
/** Large enough for the disk, small enough for sixteen at once. */
const BLOCK_BYTES = 1024 * 1024;
/** From here on, a part is worth continuing even after a kill: it is fsynced, and its note says how many bytes. */
const FIRST_SYNC_BYTES = 4 * 1024 * 1024;
/** After that, it is fsynced every so many bytes, so that the end of a large clip does not wait for all of them. */
const SYNC_EVERY_BYTES = 32 * 1024 * 1024;

/**
 * Opens the file a clip is streamed into, with what an earlier try of this very clip left there, if it can be continued. Nothing
 * is created before the first block is written, and the file's name means nothing. Throws `disk`.
 */
export async function openPart(path: string, identity: string): Promise<PartFile> {
  // One cheap look, since most clips never had an earlier try.
  const isNoted = hasNote(path);
  if (!isNoted) return new PartFile(path, identity, isNoted);
  try {
    const note = readNote(path);
    const { size } = lookAtFile(path);
    if (
      note?.identity !== identity ||
      note.bytes <= 0 ||
      note.bytes > size ||
      size > (note.total ?? Infinity)
    )
      return new PartFile(path, identity, isNoted);
    const { bytes, ...begun } = note;
    const hash = createHash('sha256');
    for await (const block of fs.createReadStream(path, { highWaterMark: BLOCK_BYTES, end: bytes - 1 }))
      hash.update(block as Buffer);
    return new PartFile(path, identity, isNoted, { note: begun, bytes, hash });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return new PartFile(path, identity, isNoted);
    throw diskError({ path, doing: 'read', cause: error, comfort: COMFORT });
  }
}

/**
 * A clip on its way to the disk: hashed as it comes, written in large blocks, of which at most two are in memory.
 * The caller must call `release` in the end: after `finish` it does nothing, otherwise it leaves what a later try can use.
 */
export class PartFile implements BodySink {
  readonly #path: string;
  readonly #identity: string;
  #hash: Hash;
  #bytes: number;
  /** Where the next block goes. */
  #position: number;
  #file: number | undefined;
  #pieces: Buffer[] = [];
  #queued = 0;
  /** Asks for more pieces: those after the last one, which may have come while an earlier block was written. */
  #resume = (): void => undefined;
  #writing: Promise<void> | undefined;
  /** The bytes that the last fsync covers, even if it has not ended. */
  #syncedTo: number;
  #syncing: Promise<void> | undefined;
  #failure: DailiesError | undefined;
  #note: PartNote | undefined;
  /** A note is beside the file, true or not. */
  #isNoted: boolean;
  /** The bytes that the note counts; 0 if it is of another clip. */
  #notedBytes: number;
  #isFinished = false;

  constructor(
    path: string,
    identity: string,
    isNoted: boolean,
    begun?: { readonly note: PartNote; readonly bytes: number; readonly hash: Hash },
  ) {
    this.#path = path;
    this.#identity = identity;
    this.#hash = begun?.hash ?? createHash('sha256');
    this.#bytes = this.#position = this.#syncedTo = this.#notedBytes = begun?.bytes ?? 0;
    this.#note = begun?.note;
    this.#isNoted = isNoted;
  }

  /** Bytes of the clip so far, those of earlier tries included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What allows a continuation; undefined if the clip must come from its first byte. */
  get note(): PartNote | undefined {
    return this.#note;
  }

  get isWhole(): boolean {
    return this.#bytes > 0 && this.#bytes === this.#note?.total;
  }

  /** The disk's first error; everything after it is useless. */
  get failure(): DailiesError | undefined {
    return this.#failure;
  }

  /** Says, from an answer, which clip the following bytes belong to. */
  describe(answer: { readonly validator: string | undefined; readonly total: number | undefined }): void {
    const validator = answer.validator ?? this.#note?.validator;
    const total = answer.total ?? this.#note?.total;
    if (validator === undefined) return;
    this.#note = defined({ identity: this.#identity, validator, total });
  }

  /** Drops what an earlier try left: the clip comes from its first byte. Only before the first `write`. */
  startOver(): void {
    this.#hash = createHash('sha256');
    this.#bytes = this.#position = this.#syncedTo = this.#notedBytes = 0;
    this.#note = undefined;
  }

  /** The bytes are not the clip: `release` leaves nothing of them. */
  giveUp(): void {
    this.#note = undefined;
  }

  write(piece: Buffer, resume: () => void): boolean {
    if (this.#failure) throw this.#failure;
    this.#hash.update(piece);
    this.#bytes += piece.length;
    this.#pieces.push(piece);
    this.#queued += piece.length;
    this.#resume = resume;
    if (this.#queued >= BLOCK_BYTES && !this.#writing) void this.#drain();
    return this.#queued < BLOCK_BYTES;
  }

  /** Writes everything to the disk; it returns after the fsync. Throws `disk`. */
  async finish(): Promise<{ readonly bytes: number; readonly sha256: string }> {
    await this.#flush();
    await this.#syncing;
    if (this.#failure) throw this.#failure;
    await this.#onDisk(async () => {
      this.#file ??= openAgain(this.#path);
      await datasync(this.#file);
      await this.#close();
      if (this.#isNoted) dropNote(this.#path);
    });
    this.#isFinished = true;
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  /** Leaves what a later try can continue, otherwise nothing. Throws `disk`. */
  async release(): Promise<void> {
    if (this.#isFinished) return;
    const note = this.#note;
    if (this.#failure || !note) {
      await this.#discard();
      return;
    }
    try {
      await this.#flush();
      await this.#syncing;
      if (this.#file !== undefined && this.#bytes > this.#notedBytes) await this.#keep(this.#file, note);
    } finally {
      await this.#close();
    }
  }

  /** Best effort: if something cannot be removed, the next try overwrites it. */
  async #discard(): Promise<void> {
    await this.#writing;
    const isOurs = this.#file !== undefined;
    await this.#close().catch(() => undefined);
    if (isOurs) await discardPart(this.#path).catch(() => undefined);
  }

  async #flush(): Promise<void> {
    await this.#writing;
    if (this.#pieces.length > 0) await this.#drain();
    if (this.#failure) throw this.#failure;
  }

  #drain(): Promise<void> {
    this.#writing = this.#onDisk(() => this.#writeBlocks())
      // Reported by the next call: nothing awaits this promise itself while data arrives.
      .catch(() => undefined)
      .finally(() => {
        this.#writing = undefined;
        this.#resume();
      });
    return this.#writing;
  }

  async #writeBlocks(): Promise<void> {
    this.#file ??= this.#open();
    do {
      const pieces = this.#pieces;
      const bytes = this.#queued;
      this.#pieces = [];
      this.#queued = 0;
      // While this block is written, the next one may gather.
      this.#resume();
      await writeAll(this.#file, pieces, this.#position);
      this.#position += bytes;
      const waiting = this.#position - this.#syncedTo;
      if (waiting >= (this.#syncedTo === 0 ? FIRST_SYNC_BYTES : SYNC_EVERY_BYTES) && !this.#syncing)
        this.#syncAhead(this.#file);
    } while (this.#queued >= BLOCK_BYTES);
  }

  /** Lets the disk start while the rest arrives. Its error counts at once: Linux reports a lost write only once. */
  #syncAhead(file: number): void {
    this.#syncing = this.#keep(file, this.#note)
      .catch(() => undefined)
      .finally(() => (this.#syncing = undefined));
  }

  /** A note about other bytes than the following ones would be wrong: removes it first. */
  #open(): number {
    if (this.#position > 0) {
      const file = openAgain(this.#path);
      fs.ftruncateSync(file, this.#position);
      return file;
    }
    if (this.#isNoted) dropNote(this.#path);
    this.#isNoted = false;
    return openFresh(this.#path);
  }

  /** Fsyncs what is written so far, and notes it: a later try may continue only after these bytes. */
  #keep(file: number, note: PartNote | undefined): Promise<void> {
    const bytes = (this.#syncedTo = this.#position);
    return this.#onDisk(async () => {
      await datasync(file);
      if (!note) return;
      keepNote(this.#path, { ...note, bytes });
      this.#isNoted = true;
      this.#notedBytes = bytes;
    });
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await this.#syncing;
    if (file !== undefined) fs.closeSync(file);
  }

  async #onDisk(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#failure ??= diskError({ path: this.#path, doing: 'written', cause: error, comfort: COMFORT });
      throw this.#failure;
    }
  }
}

/** Opens the file that an earlier try began; a link that replaced it is not followed. */
function openAgain(path: string): number {
  return fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_NOFOLLOW);
}

/**
 * Opens a new file. What an earlier try left under the name is removed, and not overwritten: a kill between the two halves of a
 * move may have left that file under a second name, as a clip.
 */
function openFresh(path: string): number {
  try {
    return fs.openSync(path, 'wx');
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  lookAtFile(path);
  fs.unlinkSync(path);
  return fs.openSync(path, 'wx');
}

/** The facts of a regular file. Throws if a link, a folder or a device has the name: those are not ours. */
function lookAtFile(path: string): fs.Stats {
  const found = fs.lstatSync(path);
  if (found.isFile()) return found;
  const code = found.isSymbolicLink() ? 'ELOOP' : found.isDirectory() ? 'EISDIR' : 'EEXIST';
  throw Object.assign(new Error(`${path} is not a regular file`), { code });
}

/** Up to this size, a write only copies into the page cache, and takes no longer than the way to the thread pool. */
const SMALL_BYTES = 64 * 1024;

/*
 * Data and fsync go through the thread pool. Names and descriptors are handled synchronously, because that takes microseconds,
 * and a round trip through the pool several times the CPU.
 */
const datasync = (file: number): Promise<void> => promisify(fs.fdatasync)(file);
const write = promisify(fs.write);
const writev = promisify(fs.writev);

/** The system may write less than it was given. */
async function writeAll(file: number, pieces: readonly Buffer[], position: number): Promise<void> {
  const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const bytesWritten =
    bytes <= SMALL_BYTES
      ? fs.writevSync(file, pieces, position)
      : (await writev(file, pieces, position)).bytesWritten;
  if (bytesWritten === bytes) return;
  const rest = Buffer.concat(pieces).subarray(bytesWritten);
  for (let done = 0; done < rest.length;) {
    const written = await write(file, rest, done, rest.length - done, position + bytesWritten + done);
    done += written.bytesWritten;
  }
}
