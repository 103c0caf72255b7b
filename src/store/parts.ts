import { createHash } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { open, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { diskError, onDisk, undefinedIfAbsent } from '../disk-error.js';
import { DailiesError } from '../errors.js';
import type { ClipFacts, ClipStore } from './clip-store.js';
import { fileAt } from './name-file.js';
import { isAlive } from './process-identity.js';

/*
 * Clips on their way into a store grow in a folder of this machine, each in a part that has the name of its process: another
 * host's are left alone, a dead one's are taken over.
 */

/** Makes parts in a folder, which `folder` makes and names. */
export function createParts(folder: () => string): {
  /** As `ClipStore.openPart`. */
  readonly open: ClipStore['openPart'];
  /** Writes the bytes of a clip into a part of its own, and to the disk. Throws `file-unusable` and `disk`. */
  gather(source: AsyncIterable<Uint8Array>, clip: ClipFacts): Promise<string>;
} {
  return {
    async open(purchase, index) {
      const incoming = folder();
      const part = join(incoming, `${purchase}-${index}.${PROCESS}.part`);
      const name = (await namesIn(incoming)).find(
        (name) => isLeftPart(name, `${purchase}-${index}.`) && fileAt(join(incoming, name)),
      );
      const isOurs = fileAt(part) !== undefined;
      const left = name === undefined || isOurs ? undefined : join(incoming, name);
      // One that was about to become a clip is read-only.
      if (isOurs || left !== undefined) chmodSync(left ?? part, WRITABLE);
      return { part, left };
    },
    gather: (source, clip) => gather(source, clip, folder()),
  };
}

const WRITABLE = 0o644;

const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 6);
/** Stands in the name of every file that is this process's alone. */
export const PROCESS = `${HOST}-${process.pid}`;

function isLeftPart(name: string, purchase: string): boolean {
  return name.startsWith(purchase) && isOfTheDead(/\.([0-9a-f]{6})-(\d+)\.part$/.exec(name));
}

/** Whether a name that has host and process is of a process of this host that is no more. */
export function isOfTheDead(found: RegExpExecArray | null): boolean {
  const [, host, pid] = found ?? [];
  return host === HOST && pid !== undefined && !isAlive(Number(pid));
}

async function gather(source: AsyncIterable<Uint8Array>, clip: ClipFacts, incoming: string): Promise<string> {
  const part = join(incoming, `${clip.sha256}.${PROCESS}.part`);
  const hash = createHash('sha256');
  let bytes = 0;
  await rm(part, { force: true });
  try {
    const file = await open(part, 'wx');
    try {
      for await (const piece of source) {
        hash.update(piece);
        bytes += piece.length;
        await file.writeFile(piece);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    if (bytes === clip.bytes && hash.digest('hex') === clip.sha256) return part;
  } catch (cause) {
    await rm(part, { force: true });
    throw diskError({ path: part, doing: 'written', cause });
  }
  await rm(part, { force: true });
  throw new DailiesError(
    'file-unusable',
    `the bytes to be stored are not the clip ${clip.sha256.slice(0, 12)}…`,
  );
}

/** The names in a folder, in order; none where it is not there. Throws `disk`. */
export async function namesIn(folder: string): Promise<string[]> {
  const names = await onDisk(folder, 'read', () => readdir(folder).catch(undefinedIfAbsent));
  return (names ?? []).sort();
}
