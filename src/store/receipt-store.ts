import type { Attempt } from '../domain/attempt.js';
import type { JournalEntry } from './journal-line.js';
import type { ProjectIdentity } from './lockfile-text.js';

/** The place of a project whose state several machines share in a database. */
export const STORE_PLACE = 'store';

/** Whose receipts they are. `place` tells projects of one name in a shared store apart. */
export interface ReceiptsOwner extends Omit<ProjectIdentity, 'project'> {
  /** What the manifest calls the project: a database that has lost it knows it by that again. */
  readonly project?: string;
  /** A hash of the manifest's folder; empty if the store lies in it, `STORE_PLACE` if a database has the project. */
  readonly place: string;
}

/** What the receipts of a project tell, and of whom; undefined if nothing says so. */
export interface OwnedReceipts {
  readonly attempts: ReadonlyMap<string, Attempt>;
  readonly owner: ReceiptsOwner | undefined;
}

/** The receipts of one project as they grow. One call at a time. */
export interface ReceiptBook {
  /** Takes entries in, in their order; the death of the program may not take them back. Throws as its store does. */
  append(entries: readonly JournalEntry[]): Promise<void>;
  /** Says again whose they are, if there are any: the manifest or its folder was renamed. Throws as its store does. */
  own(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The second record of every purchase, beside the clips: in a folder or a bucket. What a receipt says is trusted as far as
 * it can be verified: an attempt to ask the gateway about, a clip to look for. It names no path, and nothing is removed
 * because of it. All methods throw `disk` or `bucket` where the store cannot be read or written.
 */
export interface ReceiptStore {
  /**
   * What the receipts of a project tell; nothing if there are none. What does not fit the schema is left out. Throws
   * `lockfile-newer`.
   */
  read(projectId: string): Promise<OwnedReceipts>;
  /**
   * Whose receipts there are, in the order of the projects' ids; where nothing tells, the manifest's name is empty. `besides`
   * leaves one project out, and those that cannot be read: in a shared store they are somebody else's.
   */
  list(options?: { readonly besides?: string | undefined }): Promise<readonly ReceiptsOwner[]>;
  /** The ids of the attempts that the receipts of a project tell of, by one look. */
  ids(projectId: string): Promise<ReadonlySet<string>>;
  /** Tells the receipts of a project from what they were before; empty if there are none. */
  signature(projectId: string): Promise<string>;
  /** Opens receipts for writing. `known` gives what is on record of an attempt before the first entry. */
  open(owner: ReceiptsOwner, known: (id: string) => Attempt | undefined): ReceiptBook;
}

/** For a lockfile that is a copy: whoever buys keeps the receipts. */
export const NO_RECEIPTS: ReceiptStore = {
  read: () => Promise.resolve({ attempts: new Map(), owner: undefined }),
  list: () => Promise.resolve([]),
  ids: () => Promise.resolve(new Set()),
  signature: () => Promise.resolve(''),
  open: () => ({
    append: () => Promise.resolve(),
    own: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }),
};
