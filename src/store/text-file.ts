import { constants, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DailiesError } from '../errors.js';
import { diskRefusal, onDisk } from '../disk-error.js';
import { openRegular, readRegular } from '../regular-file.js';
import { replaceFile } from './replace-file.js';

/**
 * Writes a text file whole or not at all, with the folders it needs; the text may come in pieces. It is not fsynced, because it
 * can be made again. Throws `disk`.
 */
export async function writeText(path: string, text: string | Iterable<string>): Promise<void> {
  await writeWhole(path, typeof text === 'string' ? [text] : text);
}

/** The same of bytes, or the pieces of a text. */
export async function writeWhole(path: string, content: Uint8Array | Iterable<string>): Promise<void> {
  await onDisk(path, 'written', async () => {
    await mkdir(dirname(path), { recursive: true });
    await replaceFile({ path, content, isDurable: false });
  });
}

/** Larger than any file of picks, and than anything that we cache. */
const MAX_BYTES = 100_000_000;

/** A text file that the user names. Throws `usage` if it cannot be read, with a hint of its own if it does not exist. */
export async function readText(path: string, { ifAbsent }: { readonly ifAbsent: string }): Promise<string> {
  try {
    const found = await readRegular(path, { maxBytes: MAX_BYTES, throughLinks: true });
    if (found) return found.toString();
  } catch (cause) {
    const { why, hint } = diskRefusal({ path, doing: 'read', cause });
    throw new DailiesError('usage', `${path} cannot be read: ${why}`, { hint, cause });
  }
  throw new DailiesError('usage', `there is no file ${path}`, { hint: ifAbsent });
}

/** The first bytes of a regular file as text; undefined if there is none that can be read. */
export async function readHead(
  path: string,
  bytes: number,
  opening: { readonly throughLinks?: boolean } = {},
): Promise<string | undefined> {
  const handle = await openRegular(path, constants.O_RDONLY, opening).catch(() => undefined);
  if (!handle) return undefined;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** The JSON of a file of ours; undefined if there is none that can be read. */
export async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(String(await readRegular(path, { maxBytes: MAX_BYTES })));
  } catch {
    return undefined;
  }
}

/**
 * Changes if a file changes: size, dates and place on the disk; empty if there is none. Nobody can set the date of the last
 * change to the file's entry by hand. Throws `disk`.
 */
export function signatureOf(path: string): string {
  const found = onDisk(path, 'read', () => statSync(path, { throwIfNoEntry: false }));
  return found ? `${found.size} ${found.mtimeMs} ${found.ctimeMs} ${found.ino}` : '';
}
