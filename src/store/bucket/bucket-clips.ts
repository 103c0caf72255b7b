import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import type { Clock } from '../../clock.js';
import { DailiesError } from '../../errors.js';
import type { ClipFacts, ClipSource, ClipStat, ClipStore } from '../clip-store.js';
import { assertRoom } from '../disk-space.js';
import { bearsDateOf } from '../give-name.js';
import { fileAt } from '../name-file.js';
import { ownFolder } from '../own-folder.js';
import { createParts } from '../parts.js';
import { createTurns } from '../turns.js';
import { createCopies } from './local-copies.js';
import type { Objects } from './objects.js';
import { clipIn, createLooker, stemOf, type StoredClip } from './stat-many.js';
import { hasFile, sweepUploads, uploadFile } from './upload.js';

const CLIPS = 'clips/';
/** Clips that are being removed wait here: until the receipts are read once more, each can come back. */
const REMOVING = 'removing/';
const DAMAGED = 'damaged/';
/** Clips that are uploaded at once; each holds some parts in memory. */
const UPLOADS_AT_ONCE = 4;

/**
 * Clips in a bucket: `clips/3f/3fa9…e1.mp4` below the prefix. Downloads from the gateway grow in `work`, a folder of this
 * machine, and so do copies that are lent as files.
 */
export function openBucketClips(
  objects: Objects,
  { work, clock }: { readonly work: string; readonly clock: Clock },
): ClipStore {
  const parts = createParts(() => ownFolder(work, join(work, 'incoming')));
  const copies = createCopies(objects, () => ownFolder(work, join(work, 'incoming')));
  const look = createLooker(objects, CLIPS);
  const lookAmongRemoved = createLooker(objects, REMOVING);
  const uploads = pLimit(UPLOADS_AT_ONCE);
  /** Puts of one content run in turn. */
  const inTurn = createTurns();
  /** Clips as they were last seen, to recognise the names made of them. */
  const seen = new Map<string, { readonly bytes: number; readonly modifiedMs: number }>();
  let sweeping: Promise<void> | undefined;

  const nameOf = ({ sha256, container }: Pick<ClipFacts, 'sha256' | 'container'>, folder = CLIPS) =>
    `${stemOf(folder, sha256)}${container}`;
  const find = async (sha256: string): Promise<StoredClip | undefined> => {
    if (!/^[0-9a-f]{64}$/.test(sha256)) return undefined;
    const found = (await look(sha256)) ?? (await bringBack(sha256));
    if (found) seen.set(sha256, found.object);
    return found;
  };
  /** A prune died, and left the clip waiting before it knew whether anybody needs it. */
  const bringBack = async (sha256: string): Promise<StoredClip | undefined> => {
    const waiting = await lookAmongRemoved(sha256);
    if (!waiting) return undefined;
    await objects.copy(waiting.object.name, nameOf(waiting));
    return look(sha256);
  };
  const locate = async (sha256: string): Promise<StoredClip> => {
    const found = await find(sha256);
    if (found) return found;
    throw new DailiesError('file-unusable', `the clip ${sha256.slice(0, 12)}… is not in the bucket`, {
      hint: 'run again: it is fetched from the gateway, for free',
    });
  };
  const setAside = async ({ object, ...clip }: StoredClip): Promise<string> => {
    const aside = nameOf(clip, `${DAMAGED}${randomBytes(4).toString('hex')}-`);
    await objects.copy(object.name, aside);
    await objects.remove(object.name);
    return aside;
  };
  const put = async (source: ClipSource, clip: ClipFacts): Promise<void> => {
    sweeping ??= sweepUploads(objects, clock.now());
    const path = 'part' in source ? source.part : await parts.gather(source, clip);
    const there = await look(clip.sha256);
    const file = { path, clip };
    const isThere = there?.object.bytes === clip.bytes && (await hasFile(objects, nameOf(clip), file));
    if (there && !isThere) await setAside(there);
    if (!isThere) await uploadFile(objects, nameOf(clip), file);
    await rm(path, { force: true });
  };
  const statOf = ({ sha256, container, object: { bytes } }: StoredClip): ClipStat => ({
    sha256,
    container,
    bytes,
  });

  return {
    openPart: parts.open,

    put: (source, clip) => inTurn(clip.sha256, () => uploads(() => put(source, clip))),

    assertThere() {
      const trouble = objects.trouble();
      if (trouble) throw trouble;
      assertRoom(ownFolder(work, join(work, 'incoming')), 'clips');
    },

    async stat(sha256) {
      const found = await find(sha256);
      return found && statOf(found);
    },

    async read(sha256, range) {
      const body = await objects.read((await locate(sha256)).object.name, range);
      if (body) return body;
      throw new DailiesError('file-unusable', `the clip ${sha256.slice(0, 12)}… was removed meanwhile`);
    },

    async asFile(sha256, use) {
      return copies.lend(await locate(sha256), use);
    },

    isName(sha256, path) {
      const clip = seen.get(sha256);
      const named = clip && fileAt(path);
      // A copy gets the date of its object.
      return named?.size === clip?.bytes && bearsDateOf(clip?.modifiedMs, named?.mtimeMs);
    },

    async *list() {
      for (let after: string | undefined; ;) {
        const { objects: found, next } = await objects.page(CLIPS, { after });
        for (const object of found) {
          const clip = clipIn(object);
          if (clip) yield statOf(clip);
        }
        if (next === undefined) return;
        after = next;
      }
    },

    async setAside(sha256) {
      return setAside(await locate(sha256));
    },

    async remove(sha256s, needed) {
      // Clips that a dead prune left waiting are checked together with those that wait now.
      const listed = new Set(sha256s);
      const waiting = new Map((await objects.list(REMOVING)).flatMap((object) => entryOf(clipIn(object))));
      const before = await needed();
      for (const sha256 of sha256s) {
        const clip = before.has(sha256) ? undefined : await look(sha256);
        if (!clip) continue;
        await objects.copy(clip.object.name, nameOf(clip, REMOVING));
        await objects.remove(clip.object.name);
        waiting.set(sha256, clip);
      }
      // A process that found a clip before it was moved away had written its receipt before.
      const after = await needed();
      for (const [sha256, clip] of waiting) {
        const isWanted = after.has(sha256) || !listed.has(sha256);
        if (isWanted && !(await look(sha256))) await objects.copy(nameOf(clip, REMOVING), nameOf(clip));
        await objects.remove(nameOf(clip, REMOVING));
      }
      return sha256s.filter((sha256) => !before.has(sha256) && !after.has(sha256));
    },
  };
}

function entryOf(clip: StoredClip | undefined): readonly (readonly [string, StoredClip])[] {
  return clip ? [[clip.sha256, clip]] : [];
}
