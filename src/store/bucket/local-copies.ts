import { createHash } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { open, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../../disk-error.js';
import { DailiesError } from '../../errors.js';
import { isOfTheDead, PROCESS } from '../parts.js';
import type { StoredClip } from './stat-many.js';
import { bucketError } from './bucket-error.js';
import type { Objects } from './objects.js';

/** How often a download of a clip is continued after it breaks off. */
const TRIES = 5;

/** Clips of a bucket as files, as long as somebody uses them. */
export interface LocalCopies {
  /** Lends a clip as a file; all users share one download. Throws `bucket`, `disk`, and `file-unusable` if the clip is damaged. */
  lend<T>(clip: StoredClip, use: (path: string) => Promise<T>): Promise<T>;
}

/** `folder` makes the folder and names it. */
export function createCopies(objects: Objects, folder: () => string): LocalCopies {
  const lent = new Map<string, { users: number; readonly file: Promise<string> }>();
  let isSwept = false;
  const sweep = (path: string): string => {
    if (!isSwept)
      for (const name of readdirSync(path))
        if (isOfTheDead(/\.([0-9a-f]{6})-(\d+)\.copy$/.exec(name))) rmSync(join(path, name), { force: true });
    isSwept = true;
    return path;
  };
  return {
    async lend(clip, use) {
      const { sha256 } = clip;
      const path = join(sweep(folder()), `${sha256}.${clip.container}.${PROCESS}.copy`);
      const copy = lent.get(sha256) ?? { users: 0, file: fetchCopy(objects, clip, path) };
      lent.set(sha256, copy);
      copy.users++;
      try {
        return await use(await copy.file);
      } finally {
        copy.users--;
        if (copy.users === 0) {
          lent.delete(sha256);
          await rm(path, { force: true });
        }
      }
    },
  };
}

/** Continues where it broke off: the result is the clip if its hash is right. */
async function fetchCopy(objects: Objects, { sha256, object }: StoredClip, path: string): Promise<string> {
  await rm(path, { force: true });
  const file = await open(path, 'wx').catch((cause: unknown) => {
    throw diskError({ path, doing: 'written', cause });
  });
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for (let tries = 1; bytes < object.bytes; tries++) {
      const body = await objects.read(object.name, { start: bytes, end: object.bytes - 1 });
      if (!body) break;
      try {
        for await (const piece of body) {
          hash.update(piece as Buffer);
          bytes += (piece as Buffer).length;
          await writeTo(file, piece as Buffer, path);
        }
      } catch (cause) {
        if (tries === TRIES || cause instanceof DailiesError)
          throw bucketError(objects.address, 'reading', cause);
      }
    }
  } finally {
    await file.close();
  }
  if (hash.digest('hex') === sha256) {
    // This date identifies a name that is made of the copy.
    await utimes(path, new Date(object.modifiedMs), new Date(object.modifiedMs));
    return path;
  }
  throw new DailiesError(
    'file-unusable',
    `the bytes in the bucket are not the clip ${sha256.slice(0, 12)}…`,
    {
      hint: 'dailies run with --verify fetches it from the gateway again, for free',
    },
  );
}

async function writeTo(file: Awaited<ReturnType<typeof open>>, piece: Buffer, path: string): Promise<void> {
  await file.writeFile(piece).catch((cause: unknown) => {
    throw diskError({ path, doing: 'written', cause });
  });
}
