import { constants, lstatSync } from 'node:fs';
import { open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import type { Attempt } from '../domain/attempt.js';
import { diskError, errnoOf } from '../disk-error.js';
import { isRecord } from '../domain/is-record.js';
import { DailiesError } from '../errors.js';
import { attemptProblem } from './lockfile-problem.js';
import { decodeLine, encodeLine, openLine, sealLine, type JournalEntry } from './journal-line.js';
import type { ProjectIdentity } from './lockfile-text.js';
import { ownFolder } from './own-folder.js';
import { moved, newAttempt } from './shot-state.js';

/*
 * The second record of every purchase: one file for each project, to which each step of each purchase is appended with
 * the journal's own lines. It lies with the clips and not with the lockfile, and is never rewritten, so that a lockfile
 * which is deleted, put away or rolled back forgets nothing.
 *
 * What a receipt says is trusted as far as it can be verified: an attempt to ask the gateway about, a clip to look for.
 * It names no path, and nothing is removed because of it.
 */

/**
 * Whose receipts a file holds: its first line, and where the manifest was renamed since a later one, of which the last
 * counts. `place` tells projects of one name in a shared store apart.
 */
export interface ReceiptsOwner extends Omit<ProjectIdentity, 'project'> {
  /** A hash of the manifest's folder; empty where the store lies in it. */
  readonly place: string;
}

/** Where the receipts of a project lie, below the folder of its clips. */
export function receiptsPath(root: string, projectId: string): string {
  return join(root, 'receipts', `${projectId}.jsonl`);
}

/** The attempts that the receipts of a project tell of, by their ids; none where there is no file. Throws `disk`. */
export async function readReceipts(path: string): Promise<ReadonlyMap<string, Attempt>> {
  const attempts = new Map<string, Attempt>();
  for await (const line of linesOf(path)) {
    // The owner's line is of no type.
    const entry = OWNER.test(line) ? undefined : decodeLine(line);
    if (entry !== undefined) takeIn(attempts, entry);
  }
  return attempts;
}

/** What the owner's line begins with. */
const OWNER = /^\{"project_id"/;

/** The owners of all receipts in a store. Throws `disk`. */
export async function receiptsIn(
  root: string,
): Promise<readonly { readonly path: string; readonly owner: ReceiptsOwner }[]> {
  const folder = join(root, 'receipts');
  const names = await readdir(folder).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw diskError({ path: folder, doing: 'read', cause: error });
  });
  const found = [];
  for (const name of names.sort()) {
    if (!/^[0-9a-f]{16}\.jsonl$/.test(name)) continue;
    const path = join(folder, name);
    const owner = await ownerOf(path);
    if (owner && `${owner.project_id}.jsonl` === name) found.push({ path, owner });
  }
  return found;
}

/** A line that is damaged or torn says nothing, and what cannot follow what came before is left out: the last sure step counts. */
function takeIn(attempts: Map<string, Attempt>, entry: JournalEntry): void {
  if (entry.type === 'begun') {
    if (!attempts.has(entry.id)) attempts.set(entry.id, newAttempt(entry));
  } else if (entry.type === 'restored') {
    const { attempt } = entry;
    if (attemptProblem(attempt) !== undefined) return;
    if ((attempts.get(attempt.id)?.steps ?? -1) < attempt.steps) attempts.set(attempt.id, attempt);
  } else if (entry.type !== 'picked' && entry.type !== 'catalogued') {
    const before = attempts.get(entry.id);
    if (!before || entry.step <= before.steps) return;
    try {
      attempts.set(entry.id, moved(before, entry));
    } catch (error) {
      if (!(error instanceof DailiesError)) throw error;
    }
  }
}

async function ownerOf(path: string): Promise<ReceiptsOwner | undefined> {
  let last: ReceiptsOwner | undefined;
  for await (const line of linesOf(path)) if (OWNER.test(line)) last = ownerIn(openLine(line)) ?? last;
  return last;
}

function ownerIn(value: unknown): ReceiptsOwner | undefined {
  if (!isRecord(value)) return undefined;
  const { project_id, manifest, sandbox, place } = value;
  const isOwner =
    typeof project_id === 'string' &&
    typeof manifest === 'string' &&
    typeof sandbox === 'boolean' &&
    typeof place === 'string';
  return isOwner ? { project_id, manifest, sandbox, place } : undefined;
}

async function* linesOf(path: string): AsyncIterable<string> {
  const handle = await openRegular(path, constants.O_RDONLY);
  if (!handle) return;
  // Piece by piece, and not by a stream: one that reads ahead may find the file closed.
  const block = Buffer.alloc(1 << 18);
  const decoder = new StringDecoder();
  let rest = '';
  try {
    for (;;) {
      const { bytesRead } = await handle.read(block, 0, block.length, null);
      if (bytesRead === 0) break;
      const lines = (rest + decoder.write(block.subarray(0, bytesRead))).split(/\r?\n/);
      rest = lines.pop() ?? '';
      yield* lines;
    }
    if (rest !== '') yield rest;
  } catch (cause) {
    throw diskError({ path, doing: 'read', cause });
  } finally {
    await handle.close();
  }
}

/** Opens a file of ours, never through a link and never a pipe or a device; undefined where there is none. Throws `disk`. */
async function openRegular(path: string, flags: number): Promise<FileHandle | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o644);
    if ((await handle.stat()).isFile()) return handle;
    throw new Error('it is no regular file');
  } catch (cause) {
    await handle?.close();
    if (errnoOf(cause) === 'ENOENT') return undefined;
    throw diskError({ path, doing: 'opened', cause });
  }
}

/** The receipts of one project as they grow. One call at a time. */
export interface ReceiptBook {
  /** Appends entries; a power cut may take them back, the death of the program may not. Throws `disk`. */
  append(entries: readonly JournalEntry[]): Promise<void>;
  /** Writes down whose receipts they are, where they are there and do not say so: the manifest was renamed. Throws `disk`. */
  own(): Promise<void>;
  /** The size of the file, as far as it has been seen. */
  readonly bytes: number;
  close(): Promise<void>;
}

/** Opens the receipts of a project for writing; the file is made with the first entry, and a torn last line is cut off. */
export function openReceiptBook(root: string, owner: ReceiptsOwner): ReceiptBook {
  const path = receiptsPath(root, owner.project_id);
  const { project_id, manifest, sandbox, place } = owner;
  const ownerLine = sealLine(JSON.stringify({ project_id, manifest, sandbox, place }));
  let file: FileHandle | undefined;
  /** The file up to here is sound: what a failed write has left behind it is cut off by the next one. */
  let bytes = 0;
  let isSuspect = false;

  const begin = async (): Promise<FileHandle> => {
    ownFolder(root, join(root, 'receipts'));
    const handle = await openRegular(path, constants.O_RDWR | constants.O_CREAT);
    if (!handle) throw new Error(`${path} cannot be made`);
    bytes = await endOfLines(handle);
    isSuspect = true;
    return handle;
  };
  const write = async (lines: string): Promise<void> => {
    try {
      const handle = (file ??= await begin());
      if (isSuspect) await handle.truncate(bytes);
      isSuspect = true;
      const text = Buffer.from((bytes === 0 && lines !== ownerLine ? ownerLine : '') + lines);
      for (let done = 0; done < text.length;)
        done += (await handle.write(text, done, text.length - done, bytes + done)).bytesWritten;
      bytes += text.length;
      isSuspect = false;
    } catch (cause) {
      throw cause instanceof DailiesError ? cause : diskError({ path, doing: 'written', cause });
    }
  };
  return {
    get bytes() {
      return bytes;
    },
    async append(entries) {
      if (entries.length > 0) await write(entries.map(encodeLine).join(''));
    },
    async own() {
      const before = await ownerOf(path);
      const isOwned = before && sealLine(JSON.stringify(before)) === ownerLine;
      if (!isOwned && lstatSync(path, { throwIfNoEntry: false })) await write(ownerLine);
    },
    async close() {
      const handle = file;
      file = undefined;
      await handle?.close();
    },
  };
}

/** How far the last whole line of a file reaches. */
async function endOfLines(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  const block = Buffer.alloc(1 << 16);
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - block.length);
    const { bytesRead } = await file.read(block, 0, end - start, start);
    const lineBreak = block.subarray(0, bytesRead).lastIndexOf(10);
    if (lineBreak !== -1) return start + lineBreak + 1;
    end = start;
  }
  return 0;
}
