import type { Readable } from 'node:stream';

/** What a clip is known by, and what kind of file it is. */
export interface ClipFacts {
  /** Lower-case hex. */
  readonly sha256: string;
  readonly bytes: number;
  /** `input`: a file that is sent with submits, of whatever kind. */
  readonly container: 'mp4' | 'webm' | 'input';
}

/** A clip as a store has it; its content may have been changed by others since it was put there. */
export interface ClipStat extends ClipFacts {
  /** When the file was last written, milliseconds since 1970; absent if the store itself sees to it that it stays. */
  readonly modifiedMs?: number;
}

/** Bytes `start` to `end`, both included, from 0. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Where a clip comes from: a whole part that the store may keep as its own, or the bytes themselves. */
export type ClipSource = { readonly part: string } | AsyncIterable<Uint8Array>;

/**
 * Clips by content, in a folder or a bucket. No caller knows where a clip is stored. All methods throw `disk`, or `bucket`,
 * where the store cannot be read or written.
 */
export interface ClipStore {
  /**
   * Where on this machine an output of a purchase grows while it is downloaded, and where a dead process has left some of it.
   * `purchase` is an attempt's id, `index` counts its outputs from 0.
   */
  openPart(
    purchase: string,
    index: number,
  ): Promise<{ readonly part: string; readonly left: string | undefined }>;
  /**
   * Takes a clip in; durable once this has resolved. Idempotent by content: a clip that is there stays as it is.
   * Throws `file-unusable` if the bytes are not what `clip` says.
   */
  put(source: ClipSource, clip: ClipFacts): Promise<void>;
  /**
   * Throws where no clip can be taken in, as far as that is known without a wait: the store is gone, another disk stands in its
   * place, the disk for downloads is all but full, or the bucket did not take the last one.
   */
  assertThere(): void;
  /** What the store has under a content; undefined if it has none. */
  stat(sha256: string): Promise<ClipStat | undefined>;
  /** The bytes of a clip. Throws `file-unusable` if there is no such clip. */
  read(sha256: string, range?: ByteRange): Promise<Readable>;
  /** Lends a clip as a file, which is there until `use` has ended and is not to be written to. Throws as `read`. */
  asFile<T>(sha256: string, use: (path: string) => Promise<T>): Promise<T>;
  /**
   * Gives a clip a name at a path that is free or whose file may go; false if that took a copy of its bytes. Absent if the
   * clips have to be fetched for it: they get names where somebody asks for that. Throws as `read`.
   */
  name?(sha256: string, path: string): Promise<boolean>;
  /** Whether a file is, without a look at its bytes, known to be this clip under another name. */
  isName?(sha256: string, path: string): boolean;
  /** Says that a clip's content was checked, so that its date gives no cause to check it again. */
  trust?(sha256: string, modifiedMs: number): Promise<void>;
  list(): AsyncIterable<ClipStat>;
  /** Takes a clip out that is not what its name says, and keeps it aside; gives the place in words. Throws as `read`. */
  setAside(sha256: string): Promise<string>;
  /**
   * Takes clips out for good; gives those that are gone. `needed` gives the clips that somebody needs by the receipts of this
   * moment, and is asked when whoever writes one later finds the clip gone, and puts it: so none is removed that a receipt names.
   */
  remove(sha256s: readonly string[], needed: () => Promise<ReadonlySet<string>>): Promise<readonly string[]>;
}
