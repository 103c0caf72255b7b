import type { ClipFacts } from '../clip-store.js';
import type { Objects, ObjectStat } from './objects.js';

/** Fewer clips than this are looked up one by one. */
const MANY = 32;

/** An object with the name of a clip. */
export interface StoredClip {
  readonly sha256: string;
  readonly container: ClipFacts['container'];
  readonly object: ObjectStat;
}

/** The clip that an object is; undefined if it is something else. */
export function clipIn(object: ObjectStat): StoredClip | undefined {
  const [, sha256, container] = /\/([0-9a-f]{64})\.(mp4|webm|input)$/.exec(object.name) ?? [];
  if (sha256 === undefined || (container !== 'mp4' && container !== 'webm' && container !== 'input'))
    return undefined;
  return { sha256, container, object };
}

/** The path of a clip in a folder of the bucket, without its extension. */
export function stemOf(folder: string, sha256: string): string {
  return `${folder}${sha256.slice(0, 2)}/${sha256}.`;
}

/**
 * Looks up clips in a folder of the bucket; lookups of one moment go together. A page of a listing has a thousand clips for one
 * request, so many lookups are answered by listing the folder, as long as that takes fewer requests.
 */
export function createLooker(
  objects: Objects,
  folder: string,
): (sha256: string) => Promise<StoredClip | undefined> {
  let batch: Map<string, PromiseWithResolvers> | undefined;

  const one = async (sha256: string): Promise<StoredClip | undefined> => {
    const { objects: found } = await objects.page(stemOf(folder, sha256));
    return found.map(clipIn).find((clip) => clip !== undefined);
  };
  const many = async (asked: readonly string[]): Promise<ReadonlyMap<string, StoredClip | undefined>> => {
    const answers = new Map<string, StoredClip | undefined>();
    let reached = '';
    if (asked.length >= MANY) {
      const seen = new Map<string, StoredClip>();
      let after: string | undefined;
      for (let pages = 1; pages <= asked.length / 2; pages++) {
        const listed = await objects.page(folder, { after });
        for (const object of listed.objects) {
          const clip = clipIn(object);
          if (clip) seen.set(clip.sha256, clip);
        }
        after = listed.next;
        // Names sort by their hash, because they begin with it.
        reached = after === undefined ? 'g' : (listed.objects.at(-1)?.name.slice(folder.length + 3) ?? '');
        if (after === undefined) break;
      }
      for (const sha256 of asked) if (sha256 < reached) answers.set(sha256, seen.get(sha256));
    }
    const rest = asked.filter((sha256) => !answers.has(sha256));
    await Promise.all(rest.map(async (sha256) => answers.set(sha256, await one(sha256))));
    return answers;
  };
  return (sha256) => {
    if (!batch) {
      const asked = (batch = new Map<string, PromiseWithResolvers>());
      queueMicrotask(() => {
        batch = undefined;
        many([...asked.keys()]).then(
          (answers) => {
            for (const [name, { resolve }] of asked) resolve(answers.get(name));
          },
          (error: unknown) => {
            for (const { reject } of asked.values()) reject(error);
          },
        );
      });
    }
    const known = batch.get(sha256) ?? withResolvers();
    batch.set(sha256, known);
    return known.promise;
  };
}

interface PromiseWithResolvers {
  readonly promise: Promise<StoredClip | undefined>;
  readonly resolve: (clip: StoredClip | undefined) => void;
  readonly reject: (error: unknown) => void;
}

function withResolvers(): PromiseWithResolvers {
  let resolve: PromiseWithResolvers['resolve'] = () => undefined;
  let reject: PromiseWithResolvers['reject'] = () => undefined;
  const promise = new Promise<StoredClip | undefined>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
