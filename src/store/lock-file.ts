import { link, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '../disk-error.js';
import { isRecord } from '../domain/is-record.js';
import { readRegular } from '../regular-file.js';
import { isIdentity, type ProcessIdentity } from './process-identity.js';

/** What a lock file says of its holder. */
export interface LockHolder extends ProcessIdentity {
  /** Unique among all holders, past and future. */
  readonly token: string;
  /** When the lock was taken; ISO 8601, UTC. */
  readonly started_at: string;
}

/** A lock file as found; `holder` is undefined if its content is not ours. */
interface FoundLock {
  readonly holder: LockHolder | undefined;
}

/**
 * Creates a lock file unless there is one; false if there is. It is prepared under another name and linked
 * into place, so that nobody ever reads half of it. Errors are the file system's own.
 */
export async function createLockFile(path: string, holder: LockHolder): Promise<boolean> {
  const prepared = await prepare(path, holder);
  try {
    await link(prepared, path);
    return true;
  } catch (error) {
    const code = errnoOf(error);
    // ENOENT: a new holder has removed the files of dead ones, including our prepared file.
    if (code === 'EEXIST' || code === 'ENOENT') return false;
    if (!WITHOUT_LINKS.has(code ?? '')) throw error;
    return await createInPlace(path, holder);
  } finally {
    await rm(prepared, { force: true });
  }
}

/** Replaces another's lock file by ours, in one step. The caller must hold the claim on it. */
export async function overwriteLockFile(path: string, holder: LockHolder): Promise<void> {
  const prepared = await prepare(path, holder);
  await rename(prepared, path);
}

/** Whether a file was prepared by this module, or is a claim on a dead holder's lock. */
export function isLeftover(name: string, lockName: string): boolean {
  return name.startsWith(`${lockName}.`) && /\.[0-9a-f]{16}\.(?:claim|tmp)$/.test(name);
}

/** The file whose creator alone may replace or remove the lock with this token. */
export function claimPath(path: string, token: string): string {
  return `${path}.${token}.claim`;
}

/** Reads a lock file; undefined if there is none. */
export async function readLockFile(path: string): Promise<FoundLock | undefined> {
  const text = await textOf(path);
  return text === undefined ? undefined : { holder: holderOf(text) ?? (await holderBeside(path, text)) };
}

/**
 * On a disk without hard links, a lock is written in place, and its holder may die meanwhile. Then the file that the holder
 * prepared is still there, and names it.
 */
async function holderBeside(path: string, begun: string): Promise<LockHolder | undefined> {
  const names = await readdir(dirname(path)).catch(() => []);
  const prepared = names.filter((name) => name.endsWith('.tmp') && isLeftover(name, basename(path)));
  const texts = await Promise.all(prepared.map((name) => textOf(join(dirname(path), name))));
  const [text, ...others] = texts.filter((whole) => whole?.startsWith(begun));
  return text === undefined || others.length > 0 ? undefined : holderOf(text);
}

/** A lock file has a few hundred bytes. */
const MAX_BYTES = 100_000;

async function textOf(path: string): Promise<string | undefined> {
  return (await readRegular(path, { maxBytes: MAX_BYTES }))?.toString();
}

/** Removes a lock file if it is still the one with this token. */
export async function removeLockFile(path: string, token: string): Promise<void> {
  const found = await readLockFile(path);
  if (found?.holder?.token === token) await rm(path, { force: true });
}

/** The errors of file systems without hard links (exFAT, some network drives). */
const WITHOUT_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'UNKNOWN']);

async function createInPlace(path: string, holder: LockHolder): Promise<boolean> {
  try {
    await writeHolder(path, holder);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function prepare(path: string, holder: LockHolder): Promise<string> {
  const prepared = `${path}.${holder.token}.tmp`;
  await rm(prepared, { force: true });
  await writeHolder(prepared, holder);
  return prepared;
}

async function writeHolder(path: string, holder: LockHolder): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    await handle.writeFile(`${JSON.stringify(holder, null, 2)}\n`);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

function holderOf(text: string): LockHolder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isHolder(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The token becomes part of a file name, so only one of ours is accepted. */
function isHolder(value: unknown): value is LockHolder {
  if (!isRecord(value) || !isIdentity(value)) return false;
  const { token, started_at: startedAt } = value as Readonly<Record<string, unknown>>;
  const isTime = typeof startedAt === 'string' && !Number.isNaN(Date.parse(startedAt));
  return isTime && typeof token === 'string' && /^[0-9a-f]{16}$/.test(token);
}
