import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  realpathSync,
  type Stats,
} from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { errnoOf, onDisk } from './disk-error.js';

/*
 * A folder that somebody else has made can have a link, a pipe or a device where a file of ours belongs. A link could lead
 * our reading and writing elsewhere, a pipe is waited for without end, and a device never ends. So what is read whole or
 * appended to is opened here, and only where it is a regular file.
 */

interface Opening {
  /** A file that a person has named may be reached through a symbolic link; one of ours never is. */
  readonly throughLinks?: boolean;
  /** No file that belongs there is larger. */
  readonly maxBytes?: number;
}

/**
 * Opens a regular file; undefined if there is none. Never waits. Errors are the file system's own, or of their kind:
 * `ELOOP` for a link, `EISDIR` for a folder, `ENOTFILE` for a pipe, a socket or a device, `ETOOLARGE`.
 */
export async function openRegular(
  path: string,
  flags: number = constants.O_RDONLY,
  opening: Opening = {},
): Promise<FileHandle | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, flags | guards(opening), 0o644);
    assertRegular(path, await handle.stat(), opening);
    return handle;
  } catch (error) {
    await handle?.close();
    throwUnlessAbsent(path, error);
    return undefined;
  }
}

/** The bytes of a regular file; undefined if there is none. Errors as of `openRegular`. */
export async function readRegular(
  path: string,
  opening: Opening & { readonly maxBytes: number },
): Promise<Buffer | undefined> {
  const handle = await openRegular(path, constants.O_RDONLY, opening);
  if (!handle) return undefined;
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** As `readRegular`, at once: for what has a few hundred bytes, and takes less time than a round trip through the thread pool. */
export function readRegularSync(
  path: string,
  opening: Opening & { readonly maxBytes: number },
): Buffer | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | guards(opening));
    assertRegular(path, fstatSync(file), opening);
    return readFileSync(file);
  } catch (error) {
    throwUnlessAbsent(path, error);
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/**
 * The path that a file really has: the one it is reached by, unless that is a link. Throws `disk` if a link leads nowhere.
 */
export function realPath(path: string): string {
  return onDisk(path, 'followed', () =>
    lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true ? realpathSync(path) : path,
  );
}

/** The path of a file or a folder without any link on the way; undefined if there is no such file. Throws `disk`. */
export function pathWithoutLinks(path: string): string | undefined {
  return onDisk(path, 'followed', () => {
    try {
      return realpathSync(path);
    } catch (error) {
      throwUnlessAbsent(path, error);
      return undefined;
    }
  });
}

/** Windows knows none of these flags, and has undefined for them. */
function guards({ throughLinks = false }: Opening): number {
  return constants.O_NONBLOCK | (throughLinks ? 0 : constants.O_NOFOLLOW);
}

function assertRegular(path: string, found: Stats, { maxBytes = Infinity }: Opening): void {
  if (found.isDirectory()) throw failure('EISDIR', `${path} is a folder`);
  if (!found.isFile()) throw failure('ENOTFILE', `${path} is not a regular file`);
  if (found.size > maxBytes) throw failure('ETOOLARGE', `${path} has ${found.size} bytes`);
}

/** A socket is not even opened. */
function throwUnlessAbsent(path: string, error: unknown): void {
  const code = errnoOf(error);
  if (code === 'ENOENT') return;
  throw code === 'ENXIO' ? failure('ENOTFILE', `${path} is a socket`) : error;
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
