import { constants } from 'node:fs';
import { readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Attempt } from '../domain/attempt.js';
import { onDisk, undefinedIfAbsent } from '../disk-error.js';
import { isRecord } from '../domain/is-record.js';
import { DailiesError } from '../errors.js';
import { attemptProblem } from './lockfile-problem.js';
import { encodeLine, entryIn, openLine, sealLine, type JournalEntry } from './journal-line.js';
import { openRegular } from '../regular-file.js';
import { endOfLines, linesOf } from './line-file.js';
import { ownFolder } from './own-folder.js';
import type { OwnedReceipts, ReceiptBook, ReceiptsOwner, ReceiptStore } from './receipt-store.js';
import { attemptAfter } from './shot-state.js';
import { signatureOf } from './text-file.js';

/*
 * Receipts in a folder: one file for each project, to which each step of each purchase is appended with the journal's own
 * lines. It lies with the clips and not with the lockfile, and is never rewritten, so that a lockfile which is deleted, put
 * away or rolled back forgets nothing. A power cut may take its last lines back: the next run appends what is missing.
 */

/** The receipts that lie in the folder of the clips. */
export function receiptFiles(root: string): ReceiptStore {
  return {
    read: (projectId) => readOwnedReceipts(receiptsPath(root, projectId)),
    async list({ besides } = {}) {
      const found = await receiptsIn(root, { besides: besides && receiptsPath(root, besides) });
      return found.map(({ owner }) => owner);
    },
    ids: (projectId) => idsIn(receiptsPath(root, projectId)),
    signature: (projectId) => Promise.resolve(signatureOf(receiptsPath(root, projectId))),
    open: (owner) => openReceiptBook(root, owner),
  };
}

/** Where the receipts of a project lie, below the folder of its clips. */
export function receiptsPath(root: string, projectId: string): string {
  return join(root, 'receipts', `${projectId}.jsonl`);
}

/**
 * The attempts that the receipts of a project tell of, by their ids; none if there is no file. What does not fit the
 * schema is left out. Throws `disk` and `lockfile-newer`.
 */
export async function readReceipts(path: string): Promise<ReadonlyMap<string, Attempt>> {
  return (await readOwnedReceipts(path)).attempts;
}

/** As `readReceipts`, and whose they are. */
async function readOwnedReceipts(path: string): Promise<OwnedReceipts> {
  const told = await receiptsOf(path, () => true);
  // A line that was forged is rare, and to look at each attempt once costs less than to look at it after each line.
  return [...told.attempts.values()].every(isSound) ? told : receiptsOf(path, isSound);
}

/** By the letters alone: who finds an id there that nobody knows looks closer. */
async function idsIn(path: string): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for await (const line of linesOf(path)) {
    const [, id] = /"id":"([0-9a-z]{1,40})"/.exec(line) ?? [];
    if (id !== undefined) ids.add(id);
  }
  return ids;
}

function isSound(attempt: Attempt): boolean {
  return attemptProblem(attempt) === undefined;
}

async function receiptsOf(path: string, isKept: (attempt: Attempt) => boolean): Promise<OwnedReceipts> {
  const attempts = new Map<string, Attempt>();
  let owner: ReceiptsOwner | undefined;
  for await (const line of linesOf(path)) {
    const value = openLine(line);
    if (value === undefined) continue;
    const said = ownerIn(value);
    owner = said ?? owner;
    if (said) continue;
    const next = newsIn(entryIn(value), attempts);
    if (next && isKept(next)) attempts.set(next.id, next);
  }
  return { attempts, owner };
}

/**
 * All receipts in a store and their owners; where that line is damaged the manifest's name is empty. `besides` leaves one file
 * out, and those that cannot be read: in a shared store they are somebody else's. Throws `disk`.
 */
export async function receiptsIn(
  root: string,
  { besides }: { readonly besides?: string | undefined } = {},
): Promise<readonly { readonly path: string; readonly owner: ReceiptsOwner }[]> {
  const folder = join(root, 'receipts');
  const names = (await onDisk(folder, 'read', () => readdir(folder).catch(undefinedIfAbsent))) ?? [];
  const found = [];
  for (const name of names.sort()) {
    if (!/^[0-9a-f]{16}\.jsonl$/.test(name)) continue;
    const path = join(folder, name);
    if (path === besides) continue;
    const project_id = name.slice(0, 16);
    const told = await ownerOf(path).catch((error: unknown) => {
      if (besides === undefined) throw error;
      return 'unreadable' as const;
    });
    if (told === 'unreadable') continue;
    const owner = told ?? { project_id, manifest: '', sandbox: false, place: '' };
    if (owner.project_id === project_id) found.push({ path, owner });
  }
  return found;
}

/**
 * The attempt that an entry is about, after it; undefined if it says nothing new. What cannot follow what came before is
 * left out: the last sure step counts.
 */
function newsIn(entry: JournalEntry, attempts: ReadonlyMap<string, Attempt>): Attempt | undefined {
  if (entry.type === 'picked' || entry.type === 'catalogued') return undefined;
  if (entry.type === 'restored' && !isSound(entry.attempt)) return undefined;
  try {
    return attemptAfter((id) => attempts.get(id), entry);
  } catch (error) {
    if (!(error instanceof DailiesError)) throw error;
    return undefined;
  }
}

/** Whose the receipts of a file are now; undefined if nothing tells. Throws `disk`. */
async function ownerOf(path: string): Promise<ReceiptsOwner | undefined> {
  let owner: ReceiptsOwner | undefined;
  for await (const line of linesOf(path))
    if (line.startsWith('{"project_id"')) owner = ownerIn(openLine(line)) ?? owner;
  return owner;
}

/** Whose receipts a line tells of; undefined if it is another line. */
export function ownerIn(value: unknown): ReceiptsOwner | undefined {
  if (!isRecord(value)) return undefined;
  const { project_id, project, manifest, sandbox, place } = value;
  const isOwner =
    typeof project_id === 'string' &&
    typeof manifest === 'string' &&
    typeof sandbox === 'boolean' &&
    typeof place === 'string';
  const named = typeof project === 'string' ? { project } : {};
  return isOwner ? { project_id, ...named, manifest, sandbox, place } : undefined;
}

/** The line that says whose receipts are. */
export function ownerLine({ project_id, project, manifest, sandbox, place }: ReceiptsOwner): string {
  return sealLine(JSON.stringify({ project_id, project, manifest, sandbox, place }));
}

/** Opens the receipts of a project for writing; the file is made with the first entry, and a torn last line is cut off. */
export function openReceiptBook(root: string, owner: ReceiptsOwner): ReceiptBook {
  const path = receiptsPath(root, owner.project_id);
  let file: FileHandle | undefined;
  let isEmpty = false;
  /** Whether a failed write may have left half a line, which the next one ends: others may have written behind it. */
  let isSuspect = false;

  const begin = async (): Promise<FileHandle> => {
    ownFolder(root, join(root, 'receipts'));
    // Copies of a project in one store share their receipts, and each may append at any time.
    const handle = await openRegular(path, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND);
    if (!handle) throw new Error(`${path} cannot be made`);
    const { size } = await handle.stat();
    const end = await endOfLines(handle, size);
    if (end < size) await handle.truncate(end);
    isEmpty = end === 0;
    return handle;
  };
  const head = ownerLine(owner);
  const write = async (entries: readonly JournalEntry[], isOwning = false): Promise<void> => {
    await onDisk(path, 'written', async () => {
      const handle = (file ??= await begin());
      const first = (isSuspect ? '\n' : '') + (isOwning || isEmpty ? head : '');
      isSuspect = true;
      await handle.writeFile(first + entries.map(encodeLine).join(''));
      isSuspect = false;
      isEmpty = false;
    });
  };
  return {
    append: (entries) => (entries.length === 0 ? Promise.resolve() : write(entries)),
    async own() {
      if (signatureOf(path) !== '') await write([], true);
    },
    async close() {
      const handle = file;
      file = undefined;
      await handle?.close();
    },
  };
}
