import type { ClipFacts } from '../clip-store.js';
import type { Objects, ObjectStat } from './objects.js';

/** Fewer are asked for one by one. */
const MANY = 32;

/** What an object is whose name is that of a clip; undefined if it is none. */
export interface StoredClip {
  readonly sha256: string;
  readonly container: ClipFacts['container'];
  readonly object: ObjectStat;
}

/** The clip that an object in a folder is; undefined if it is something else. */
export function clipIn(object: ObjectStat): StoredClip | undefined {
  const [, sha256, container] = /\/([0-9a-f]{64})\.(mp4|webm|input)$/.exec(object.name) ?? [];
  if (sha256 === undefined || (container !== 'mp4' && container !== 'webm' && container !== 'input'))
    return undefined;
  return { sha256, container, object };
}

/** Where a clip lies in a folder of the bucket, without its extension. */
export function stemOf(folder: string, sha256: string): string {
  return `${folder}${sha256.slice(0, 2)}/${sha256}.`;
}

/**
 * Looks for clips in a folder of the bucket; questions of one moment are asked together. A page of a listing tells of a thousand
 * for the price of one, so many questions are answered by listing the folder, as long as that is the shorter way.
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
        // Names sort as what they begin with.
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
