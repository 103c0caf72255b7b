import type { Readable } from 'node:stream';

/** What identifies a clip, and what kind of file it is. */
export interface ClipFacts {
  /** Lower-case hex. */
  readonly sha256: string;
  readonly bytes: number;
  /** `input`: a file of any kind that is sent with submits. */
  readonly container: 'mp4' | 'webm' | 'input';
}

/** A clip in a store; others may have changed its content since it was put there. */
export interface ClipStat extends ClipFacts {
  /** When the file was last written, milliseconds since 1970; absent if the store guarantees that it does not change. */
  readonly modifiedMs?: number;
}

/** Bytes `start` to `end`, both included, from 0. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** The origin of a clip: a whole part that the store may keep as its own, or the bytes themselves. */
export type ClipSource = { readonly part: string } | AsyncIterable<Uint8Array>;

/**
 * Clips by content, in a folder or a bucket. No caller knows where a clip is stored. All methods throw `disk`, or `bucket`,
 * if the store cannot be read or written.
 */
export interface ClipStore {
  /**
   * Gives the file on this machine into which an output of a purchase is downloaded, and the part that a dead process left of it.
   * `purchase` is an attempt's id, `index` counts its outputs from 0.
   */
  openPart(
    purchase: string,
    index: number,
  ): Promise<{ readonly part: string; readonly left: string | undefined }>;
  /**
   * Adds a clip; it is durable once this has resolved. Idempotent by content: a clip that is there stays as it is.
   * Throws `file-unusable` if the bytes are not what `clip` says.
   */
  put(source: ClipSource, clip: ClipFacts): Promise<void>;
  /**
   * Throws if no clip can be added, as far as this is known without waiting: the store is gone, another disk is in its place,
   * the disk for downloads is almost full, or the bucket did not take the last clip.
   */
  assertThere(): void;
  /** What the store knows of the clip with this content; undefined if it has none. */
  stat(sha256: string): Promise<ClipStat | undefined>;
  /** The bytes of a clip. Throws `file-unusable` if there is no such clip. */
  read(sha256: string, range?: ByteRange): Promise<Readable>;
  /** Lends a clip as a file, which exists until `use` has ended and must not be written to. Throws as `read`. */
  asFile<T>(sha256: string, use: (path: string) => Promise<T>): Promise<T>;
  /**
   * Gives a clip a name at a path that is free or whose file may go; false if that took a copy of its bytes. Absent if the
   * clips must be downloaded for it: then only `pull` makes names. Throws as `read`.
   */
  name?(sha256: string, path: string): Promise<boolean>;
  /** Whether a file is known to be this clip under another name, without reading its bytes. */
  isName?(sha256: string, path: string): boolean;
  /** Notes that a clip's content was checked, so that its date is no reason to check it again. */
  trust?(sha256: string, modifiedMs: number): Promise<void>;
  list(): AsyncIterable<ClipStat>;
  /** Removes a clip whose content does not match its hash, and keeps it aside; gives the place in words. Throws as `read`. */
  setAside(sha256: string): Promise<string>;
  /**
   * Removes clips for good; gives those that are gone. `needed` gives the clips that receipts need at this moment. It is called
   * when every later writer of a receipt will find the clip gone and put it again, so no clip is removed that a receipt names.
   */
  remove(sha256s: readonly string[], needed: () => Promise<ReadonlySet<string>>): Promise<readonly string[]>;
}
