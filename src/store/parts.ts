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
 * On their way into a store, clips grow in a folder of this machine. Each is a part that has its process in its name: parts of
 * another host are left alone, parts of a dead process are taken over.
 */

/** Makes parts in a folder, which `folder` makes and names. */
export function createParts(folder: () => string): {
  /** As `ClipStore.openPart`. */
  readonly open: ClipStore['openPart'];
  /** Writes the bytes of a clip into a part of its own, fsynced. Throws `file-unusable` and `disk`. */
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
      // A part that was about to become a clip is read-only.
      if (isOurs || left !== undefined) chmodSync(left ?? part, WRITABLE);
      return { part, left };
    },
    gather: (source, clip) => gather(source, clip, folder()),
  };
}

const WRITABLE = 0o644;

const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 6);
/** Part of the name of every file that belongs to this process alone. */
export const PROCESS = `${HOST}-${process.pid}`;

function isLeftPart(name: string, purchase: string): boolean {
  return name.startsWith(purchase) && isOfTheDead(/\.([0-9a-f]{6})-(\d+)\.part$/.exec(name));
}

/** Whether a name with host and process belongs to a process of this host that has ended. */
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

/** The names in a folder, in order; none if the folder does not exist. Throws `disk`. */
export async function namesIn(folder: string): Promise<string[]> {
  const names = await onDisk(folder, 'read', () => readdir(folder).catch(undefinedIfAbsent));
  return (names ?? []).sort();
}
