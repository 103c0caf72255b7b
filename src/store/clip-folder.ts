import { chmodSync, createReadStream, existsSync, renameSync, statSync, type Stats } from 'node:fs';
import { rm, utimes } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { systemClock, type Clock } from '../clock.js';
import { onDisk } from '../disk-error.js';
import { DailiesError } from '../errors.js';
import type { ClipFacts, ClipSource, ClipStat, ClipStore } from './clip-store.js';
import { assertRoom } from './disk-space.js';
import { bearsDateOf, createNamer } from './give-name.js';
import { fileAt, hashFile } from './name-file.js';
import { ownFolder } from './own-folder.js';
import { createParts, namesIn } from './parts.js';
import { syncFolder } from './replace-file.js';
import { lockStore, waitForStoreLock } from './store-lock.js';
import { createTurns } from './turns.js';

const CONTAINERS = ['mp4', 'webm', 'input'] as const;
/** Protects clips from accidental writes. */
const READ_ONLY = 0o444;

/**
 * The clips of one disk: `clips/3f/3fa9…e1.mp4` below `root`, read-only, never moved and never renamed; downloads grow in
 * `clips/incoming`. Names are reflinks if the disk can make them, otherwise hard links or copies.
 *
 * Small operations are synchronous: they touch names, not data, and take microseconds. A round trip through the thread pool
 * would take several times the CPU.
 */
export function openClipFolder({
  root,
  clock = systemClock,
}: {
  readonly root: string;
  readonly clock?: Clock;
}): ClipStore {
  const folder = join(root, 'clips');
  const incoming = join(folder, 'incoming');
  const made = new Set<string>();
  /** Clips as they were last seen: if the file on the disk is the same, its bytes are too. */
  const seen = new Map<string, Pick<Stats, 'size' | 'ino' | 'dev' | 'mtimeMs'>>();
  const giveName = createNamer();
  const shelved = new Set<string>();
  /** Puts of one content come one after the other. */
  const inTurn = createTurns();
  let device: number | undefined;
  const parts = createParts(() => make(incoming));
  const make = (path: string): string => {
    if (!made.has(path) || !existsSync(path)) ownFolder(root, path);
    made.add(path);
    return path;
  };
  const placeOf = (sha256: string, container: string) =>
    `${folder}${sep}${sha256.slice(0, 2)}${sep}${sha256}.${container}`;
  const find = (sha256: string): { readonly path: string; readonly stat: ClipStat } | undefined => {
    if (!/^[0-9a-f]{64}$/.test(sha256)) return undefined;
    for (const container of CONTAINERS) {
      const path = placeOf(sha256, container);
      const found = fileAt(path);
      if (!found) continue;
      const { size, ino, dev, mtimeMs } = found;
      seen.set(sha256, { size, ino, dev, mtimeMs });
      return { path, stat: { sha256, container, bytes: size, modifiedMs: mtimeMs } };
    }
    return undefined;
  };
  const locate = (sha256: string): string => {
    const found = find(sha256);
    if (found) return found.path;
    throw new DailiesError('file-unusable', `the clip ${sha256.slice(0, 12)}… is not in the store`, {
      hint: 'run again: it is fetched from the gateway, for free',
    });
  };

  /** Whether the clip is there, whole. This reads all its bytes, and happens only if a clip comes a second time. */
  const isThere = async (path: string, { sha256, bytes }: ClipFacts): Promise<boolean> =>
    fileAt(path)?.size === bytes && (await hashFile(path)) === sha256;
  const put = async (source: ClipSource, clip: ClipFacts): Promise<void> => {
    const part = 'part' in source ? source.part : await parts.gather(source, clip);
    await waitForStoreLock(root);
    const target = placeOf(clip.sha256, clip.container);
    await onDisk(target, 'put in the store', async () => {
      const shelf = make(dirname(target));
      if (!(await isThere(target, clip))) {
        if (fileAt(target)) renameSync(target, await roomAside(root, target));
        chmodSync(part, READ_ONLY);
        renameSync(part, target);
        await syncFolder(shelf);
        // The names of these folders must also survive a power cut.
        if (!shelved.has(shelf)) await syncFolder(folder);
        if (shelved.size === 0) for (const above of [root, dirname(root)]) await syncFolder(above);
        shelved.add(shelf);
      }
      await rm(part, { force: true });
    });
  };

  return {
    openPart: parts.open,

    put: (source, clip) => inTurn(clip.sha256, () => put(source, clip)),

    assertThere() {
      if (device === undefined) make(folder);
      const now = deviceOf(root);
      if (now !== undefined && now === (device ??= now)) {
        assertRoom(root, 'clips');
        return;
      }
      throw new DailiesError('disk', `the folder of the clips is gone: ${root}`, {
        hint: 'put it back, then run again: what was paid for is fetched then',
      });
    },

    stat(sha256) {
      return Promise.resolve(find(sha256)?.stat);
    },

    read(sha256, range) {
      return Promise.resolve(createReadStream(locate(sha256), { ...range }));
    },

    asFile(sha256, use) {
      return use(locate(sha256));
    },

    name(sha256, path) {
      return Promise.resolve(giveName(locate(sha256), path));
    },

    isName(sha256, path) {
      const named = fileAt(path);
      const clip = named && (seen.get(sha256) ?? (find(sha256) && seen.get(sha256)));
      if (!clip || named.size !== clip.size) return false;
      if (named.ino === clip.ino && named.dev === clip.dev) return true;
      return bearsDateOf(clip.mtimeMs, named.mtimeMs);
    },

    async trust(sha256, modifiedMs) {
      await utimes(locate(sha256), new Date(modifiedMs), new Date(modifiedMs)).catch(() => undefined);
    },

    async *list() {
      for (const shelf of await namesIn(folder)) {
        if (!/^[0-9a-f]{2}$/.test(shelf)) continue;
        for (const name of await namesIn(join(folder, shelf))) {
          const [, sha256] = /^([0-9a-f]{64})\.(?:mp4|webm|input)$/.exec(name) ?? [];
          const stat = sha256 === undefined ? undefined : find(sha256)?.stat;
          if (stat) yield stat;
        }
      }
    },

    async setAside(sha256) {
      const path = locate(sha256);
      return onDisk(path, 'set aside', async () => {
        const aside = await roomAside(root, path);
        renameSync(path, aside);
        return aside;
      });
    },

    async remove(sha256s, needed) {
      const lock = await lockStore(root, clock);
      try {
        const kept = await needed();
        const gone = sha256s.filter((sha256) => !kept.has(sha256));
        for (const sha256 of gone) {
          const { path } = find(sha256) ?? {};
          if (path !== undefined) await onDisk(path, 'removed', () => rm(path, { force: true }));
        }
        return gone;
      } finally {
        await lock.release();
      }
    },
  };
}

/** The disk of a folder; undefined if there is no such folder. */
function deviceOf(path: string): number | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() ? found.dev : undefined;
}

/** A free name in `damaged/` for a file of the store. */
async function roomAside(root: string, path: string): Promise<string> {
  const damaged = ownFolder(root, join(root, 'damaged'));
  const taken = new Set(await namesIn(damaged));
  for (let copy = 1; ; copy++) {
    const name = copy === 1 ? basename(path) : basename(path).replace(/(\.\w+)$/, `.${copy}$1`);
    if (!taken.has(name)) return join(damaged, name);
  }
}
