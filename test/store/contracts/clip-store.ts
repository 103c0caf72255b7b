import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { ClipFacts, ClipStat, ClipStore } from '../../../src/store/clip-store.js';

/** The bytes of a clip, and what a store is told of them. */
export interface TestClip {
  readonly content: string;
  readonly facts: ClipFacts;
}

export function clipOf(content: string, container: ClipFacts['container'] = 'mp4'): TestClip {
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { content, facts: { sha256, bytes: Buffer.byteLength(content), container } };
}

/** The bytes as they come from a network, in pieces. */
export async function* streamOf(content: string): AsyncIterable<Uint8Array> {
  for (let at = 0; at < content.length; at += 5) {
    await Promise.resolve();
    yield Buffer.from(content.slice(at, at + 5));
  }
}

/** Puts a clip as a finished download does. */
export async function putPart(
  store: ClipStore,
  { content, facts }: TestClip,
  purchase = 'aaaa',
): Promise<void> {
  const { part } = await store.openPart(purchase, 0);
  writeFileSync(part, content);
  await store.put({ part }, facts);
}

async function listed(store: ClipStore): Promise<ClipStat[]> {
  const all: ClipStat[] = [];
  for await (const clip of store.list()) all.push(clip);
  return all;
}

const nobody = () => Promise.resolve(new Set<string>());

const textOf = async (store: ClipStore, { facts }: TestClip) =>
  (await buffer(await store.read(facts.sha256))).toString();

/** What every clip store keeps to, wherever it keeps clips. `open` gives an empty one. */
export function describeClipStore(
  name: string,
  {
    open,
    readAside,
  }: {
    readonly open: () => ClipStore;
    /** What lies where the store says that it has kept something aside. */
    readonly readAside: (place: string) => Promise<string>;
  },
): void {
  const clip = clipOf('the sea at sunrise');

  describe(`${name}, as a clip store`, () => {
    it('gives back what was put, whole, in part, and as a file', async () => {
      const store = open();
      await putPart(store, clip);
      expect(await textOf(store, clip)).toBe(clip.content);
      const range = { start: 4, end: 6 };
      expect((await buffer(await store.read(clip.facts.sha256, range))).toString()).toBe('sea');
      const read = (path: string) => Promise.resolve(readFileSync(path, 'utf8'));
      expect(await store.asFile(clip.facts.sha256, read)).toBe(clip.content);
      expect(await store.stat(clip.facts.sha256)).toMatchObject(clip.facts);
    });

    it('takes a stream as well as a part', async () => {
      const store = open();
      await store.put(streamOf(clip.content), clip.facts);
      expect(await textOf(store, clip)).toBe(clip.content);
    });

    it.each<[string, string]>([
      ['other', 'the sea at sunset!'],
      ['fewer', 'the sea'],
      ['more', 'the sea at sunrise, again'],
    ])('refuses a stream of %s bytes than were announced, and keeps nothing of it', async (_, content) => {
      const store = open();
      await expect(store.put(streamOf(content), clip.facts)).rejects.toMatchObject({ code: 'file-unusable' });
      expect(await store.stat(clip.facts.sha256)).toBeUndefined();
      expect(await listed(store)).toEqual([]);
    });

    it('keeps nothing of a stream that breaks off', async () => {
      const store = open();
      const broken = (async function* () {
        yield* streamOf('the sea');
        await Promise.resolve();
        throw new Error('reset');
      })();
      await expect(store.put(broken, clip.facts)).rejects.toMatchObject({ code: 'disk' });
      expect(await listed(store)).toEqual([]);
    });

    it('keeps a clip once, however often and from however many sides it is put', async () => {
      const store = open();
      await putPart(store, clip);
      const before = await store.stat(clip.facts.sha256);
      await putPart(store, clip, 'bbbb');
      await store.put(streamOf(clip.content), clip.facts);
      expect(await store.stat(clip.facts.sha256)).toEqual(before);
      const other = clipOf('a long clip '.repeat(1000));
      await Promise.all(
        ['cccc', 'dddd'].flatMap((purchase) => [
          store.put(streamOf(other.content), other.facts),
          putPart(store, other, purchase),
        ]),
      );
      expect(await textOf(store, other)).toBe(other.content);
      expect((await listed(store)).map(({ sha256 }) => sha256).toSorted()).toEqual(
        [clip.facts.sha256, other.facts.sha256].toSorted(),
      );
    });

    it('goes on with a part where it was', async () => {
      const store = open();
      const { part } = await store.openPart('aaaa', 1);
      writeFileSync(part, 'half');
      expect(await store.openPart('aaaa', 1)).toEqual({ part, left: undefined });
      expect(readFileSync(part, 'utf8')).toBe('half');
      expect((await store.openPart('aaaa', 0)).part).not.toBe(part);
    });

    it('lists what it has, and says no more of it than stat', async () => {
      const store = open();
      expect(await listed(store)).toEqual([]);
      const clips = [clip, clipOf('another', 'webm'), clipOf('a third')];
      for (const [index, one] of clips.entries()) await putPart(store, one, `part${index}`);
      const bySha = (a: ClipFacts, b: ClipFacts) => (a.sha256 < b.sha256 ? -1 : 1);
      const stats = await Promise.all(clips.map(({ facts }) => store.stat(facts.sha256)));
      expect((await listed(store)).toSorted(bySha)).toEqual(
        stats.flatMap((one) => one ?? []).toSorted(bySha),
      );
    });

    it('removes a clip, and does not mind where there is none', async () => {
      const store = open();
      await putPart(store, clip);
      for (let times = 1; times <= 2; times++)
        expect(await store.remove([clip.facts.sha256], nobody)).toEqual([clip.facts.sha256]);
      expect(await store.stat(clip.facts.sha256)).toBeUndefined();
      await putPart(store, clip);
      expect(await textOf(store, clip)).toBe(clip.content);
    });

    it('removes no clip that somebody has come to need', async () => {
      const store = open();
      const other = clipOf('another');
      await putPart(store, clip);
      await putPart(store, other, 'bbbb');
      const listed = [clip, other].map(({ facts }) => facts.sha256);
      const needed = () => Promise.resolve(new Set([clip.facts.sha256]));
      expect(await store.remove(listed, needed)).toEqual([other.facts.sha256]);
      expect(await textOf(store, clip)).toBe(clip.content);
      expect(await store.stat(other.facts.sha256)).toBeUndefined();
    });

    it('says of a clip that it does not have that it must be fetched', async () => {
      const store = open();
      const missing = { code: 'file-unusable', hint: expect.stringContaining('for free') as string };
      const { sha256 } = clip.facts;
      await expect(Promise.resolve().then(() => store.read(sha256))).rejects.toMatchObject(missing);
      const lend = () => store.asFile(sha256, () => Promise.resolve());
      await expect(Promise.resolve().then(lend)).rejects.toMatchObject(missing);
      await expect(Promise.resolve().then(() => store.setAside(sha256))).rejects.toMatchObject(missing);
    });

    it('knows no clip by what is no sha256', async () => {
      const store = open();
      for (const name of ['', '..', '../../etc/passwd', 'F'.repeat(64), 'f'.repeat(63)])
        expect(await store.stat(name), name).toBeUndefined();
    });

    it('keeps a clip aside that is not what its name says, and takes it in anew', async () => {
      const store = open();
      await putPart(store, clip);
      const aside = await store.setAside(clip.facts.sha256);
      expect(await readAside(aside)).toBe(clip.content);
      expect(await store.stat(clip.facts.sha256)).toBeUndefined();
      await putPart(store, clip);
      const second = await store.setAside(clip.facts.sha256);
      expect(second).not.toBe(aside);
      expect(await readAside(aside)).toBe(clip.content);
    });

    it('is there', () => {
      const store = open();
      expect(() => store.assertThere()).not.toThrow();
    });
  });
}
