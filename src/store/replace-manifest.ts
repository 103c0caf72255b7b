import { createHash, randomBytes } from 'node:crypto';
import { renameSync } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { diskRefusal, onDisk } from '../disk-error.js';
import { DailiesError } from '../errors.js';
import { readRegularSync } from '../regular-file.js';
import { MAX_MANIFEST_BYTES } from './read-manifest.js';
import { syncFolder } from './replace-file.js';

/** Identifies a version of a manifest: the SHA-256 of its bytes, in lower-case hex. */
export function versionOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * Writes a manifest whole or not at all, if it still is the version that the change was made to. The last look and the rename
 * are one step of this process; the file keeps its permissions. Throws `manifest-changed` if somebody else has written it, `disk` if it
 * is a link or cannot be written.
 */
export async function replaceManifest(file: {
  readonly path: string;
  readonly content: Uint8Array;
  /** The version that the content was made from. */
  readonly version: string;
}): Promise<void> {
  const { path, content, version } = file;
  assertVersion(path, version);
  // The name is unique, because any other file beside a manifest may be somebody's.
  const temp = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  await onDisk(path, 'written', async () => {
    const { mode } = await stat(path);
    const handle = await open(temp, 'wx', 0o600);
    try {
      try {
        await handle.writeFile(content);
        await handle.chmod(mode & 0o777);
        await handle.sync();
      } finally {
        await handle.close();
      }
      assertVersion(path, version);
      renameSync(temp, path);
    } catch (error) {
      await rm(temp, { force: true });
      throw error;
    }
    await syncFolder(dirname(path));
  });
}

function assertVersion(path: string, version: string): void {
  const name = basename(path);
  const found = readNow(path);
  if (found && versionOf(found) === version) return;
  throw new DailiesError(
    'manifest-changed',
    found
      ? `${name} has changed since it was read: nothing was written`
      : `${name} is gone: nothing was written`,
    { hint: 'read it again, and make the change to what it says now' },
  );
}

/** A link is refused: the rename would put a file in its place, and writing through it would change a file elsewhere. */
function readNow(path: string): Uint8Array | undefined {
  try {
    return readRegularSync(path, { maxBytes: MAX_MANIFEST_BYTES });
  } catch (cause) {
    const { why, hint } = diskRefusal({ path, doing: 'read', cause });
    throw new DailiesError('disk', `${basename(path)} cannot be edited: ${why}`, { hint, cause });
  }
}
