import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { openClipFolder } from '../../src/store/clip-folder.js';
import { freeBytes } from '../../src/store/disk-space.js';
import { lockStore } from '../../src/store/store-lock.js';
import { inProcesses } from './compiled.js';
import { clipOf, describeClipStore, putPart, streamOf } from './contracts/clip-store.js';
import { newFolder } from './fixtures.js';

describeClipStore('a folder', {
  open: () => openClipFolder({ root: newFolder() }),
  readAside: (path) => readFile(path, 'utf8'),
});

const clip = clipOf('the sea at sunrise');
const { sha256 } = clip.facts;
const otherDisk = ['/dev/shm'].find(
  (folder) => existsSync(folder) && statSync(folder).dev !== statSync(tmpdir()).dev,
);

function open(root = newFolder()) {
  const place = join(root, 'clips', sha256.slice(0, 2), `${sha256}.mp4`);
  return { root, store: openClipFolder({ root }), place, incoming: join(root, 'clips', 'incoming') };
}

const host = (name: string) => createHash('sha256').update(name).digest('hex').slice(0, 6);

describe('a clip in the folder', () => {
  it('lies read-only under its content, and leaves no part behind', async () => {
    const { store, place, incoming } = open();
    await putPart(store, clip);
    expect(readFileSync(place, 'utf8')).toBe(clip.content);
    expect(statSync(place).mode & 0o777).toBe(0o444);
    expect(readdirSync(incoming)).toEqual([]);
  });

  it.each([
    ['shorter', 'the sea'],
    ['as long', 'the sea at sunset!'],
  ])('that is damaged and %s is set aside by the next put, and not lost', async (_, damage) => {
    const { root, store, place } = open();
    await putPart(store, clip);
    chmodSync(place, 0o644);
    writeFileSync(place, damage);
    await putPart(store, clip);
    expect(readFileSync(place, 'utf8')).toBe(clip.content);
    expect(readFileSync(join(root, 'damaged', `${sha256}.mp4`), 'utf8')).toBe(damage);
  });

  it('takes the place of what is no file, and never goes through a link', async () => {
    const { root, store, place } = open();
    const secret = join(root, 'secret');
    writeFileSync(secret, 'as it was');
    mkdirSync(join(place, '..'), { recursive: true });
    symlinkSync(secret, place);
    expect(await store.stat(sha256)).toBeUndefined();
    await putPart(store, clip);
    expect([readFileSync(secret, 'utf8'), readFileSync(place, 'utf8')]).toEqual(['as it was', clip.content]);
  });

  it('is never looked for outside of the folder, whatever a forged record says', async () => {
    const { root, store } = open(join(newFolder(), 'store'));
    writeFileSync(join(root, '..', 'secret.mp4'), 'as it was');
    mkdirSync(join(root, 'clips'), { recursive: true });
    expect(await store.stat('../secret')).toBeUndefined();
    await store.remove(['../secret'], () => Promise.resolve(new Set()));
    expect(readFileSync(join(root, '..', 'secret.mp4'), 'utf8')).toBe('as it was');
  });

  it('waits to be put while clips are being removed', async () => {
    const { root, store } = open();
    store.assertThere();
    const lock = await lockStore(root, systemClock);
    let isPut = false;
    const put = store.put(streamOf(clip.content), clip.facts).then(() => {
      isPut = true;
    });
    await systemClock.sleep(100);
    expect([isPut, await store.stat(sha256)]).toEqual([false, undefined]);
    await lock.release();
    await put;
    expect(await store.stat(sha256)).toMatchObject(clip.facts);
  });

  it('is trusted again by its date', async () => {
    const { store, place } = open();
    await putPart(store, clip);
    utimesSync(place, 1, 1);
    await store.trust?.(sha256, 5000);
    expect((await store.stat(sha256))?.modifiedMs).toBe(5000);
  });

  it('is not alone in its folder: what others have put there is not listed', async () => {
    const { root, store, place } = open();
    await putPart(store, clip);
    writeFileSync(join(place, '..', 'notes.txt'), 'mine');
    writeFileSync(join(root, 'clips', 'notes.txt'), 'mine');
    mkdirSync(join(root, 'clips', 'ab'));
    const found = [];
    for await (const one of store.list()) found.push(one.sha256);
    expect(found).toEqual([sha256]);
  });
});

describe('the order of a put', () => {
  const { start } = inProcesses();

  it.skipIf(spawnSync('strace', ['-V']).status !== 0)(
    'is: the bytes, the name, the folders that bear it, each on the disk (skipped without strace)',
    async () => {
      const root = join(newFolder(), 'store');
      const child = start(
        `
        import { openClipFolder } from './store/clip-folder.js';
        const facts = ${JSON.stringify(clip.facts)};
        async function* pieces() { yield Buffer.from(${JSON.stringify(clip.content)}); }
        await openClipFolder({ root: ${JSON.stringify(root)} }).put(pieces(), facts);
        console.log('put');
        `,
        {
          shell: `exec strace -f -y -e trace=fsync,fdatasync,rename,renameat2,mkdir -o ${root}.trace "$0" "$@"`,
        },
      );
      expect(await child.line()).toBe('put');
      await child.ended;
      const shelf = join(root, 'clips', sha256.slice(0, 2));
      const steps = readFileSync(`${root}.trace`, 'utf8')
        .split('\n')
        .filter((line) => line.includes(join(root, '..')))
        .map(
          (line) => `${/(fsync|fdatasync|rename|mkdir)/.exec(line)?.[0]} ${/[<"]([^>"]+)/.exec(line)?.[1]}`,
        );
      const at = (what: string) => steps.findIndex((step) => step.startsWith(what));
      expect(at(`fsync ${join(root, 'clips', 'incoming')}/`)).toBeGreaterThanOrEqual(0);
      expect(at('rename')).toBeGreaterThan(at(`fsync ${join(root, 'clips', 'incoming')}/`));
      expect(steps.indexOf(`fsync ${shelf}`)).toBeGreaterThan(at('rename'));
      // A shelf is new with its first clip, and so is the store with its first shelf.
      for (const folder of [join(root, 'clips'), root, join(root, '..')])
        expect(steps, steps.join('\n')).toContain(`fsync ${folder}`);
    },
  );
});

describe('a part', () => {
  it('of a dead process is taken over with its note, those of the living and of other hosts are not', async () => {
    const { store, incoming } = open();
    store.assertThere();
    mkdirSync(incoming);
    const dead = spawnSync('true').pid;
    const living = spawn('sleep', ['60']);
    onTestFinished(() => void living.kill());
    const leave = (who: string, name: string) => {
      const path = join(incoming, `aaaa-0.${who}.part`);
      writeFileSync(path, name);
      writeFileSync(`${path}.json`, `note of ${name}`);
      return path;
    };
    const kept = [
      leave(`${host(hostname())}-${living.pid}`, 'living'),
      leave(`${host('elsewhere')}-${dead}`, 'elsewhere'),
    ];
    writeFileSync(join(incoming, `aaaa-01.${host(hostname())}-${dead}.part`), 'another output');
    expect(await store.openPart('aaaa', 0)).toMatchObject({ left: undefined });
    const left = leave(`${host(hostname())}-${dead}`, 'dead');
    expect(await store.openPart('aaaa', 0)).toMatchObject({ left });
    expect(kept.map((path) => existsSync(path))).toEqual([true, true]);
  });

  it('that is a link is not taken over: it could lead our writing elsewhere', async () => {
    const { root, store, incoming } = open();
    store.assertThere();
    mkdirSync(incoming);
    const secret = join(root, 'secret');
    writeFileSync(secret, 'as it was');
    symlinkSync(secret, join(incoming, `aaaa-0.${host(hostname())}-${spawnSync('true').pid}.part`));
    const { part, left } = await store.openPart('aaaa', 0);
    expect(left).toBeUndefined();
    writeFileSync(part, 'through the link?');
    expect(readFileSync(secret, 'utf8')).toBe('as it was');
  });
});

describe('a name', () => {
  it('shares the bytes of its clip where the disk can do that, and takes the place of what was there', async () => {
    const { root, store, place } = open();
    await putPart(store, clip);
    const path = join(root, 'sea.mp4');
    writeFileSync(path, 'an older clip');
    expect(await store.name?.(sha256, path)).toBe(true);
    expect(readFileSync(path, 'utf8')).toBe(clip.content);
    expect(await store.name?.(sha256, path)).toBe(true);
    expect(store.isName?.(sha256, path)).toBe(true);
    expect(readdirSync(root).toSorted()).toEqual(['clips', 'sea.mp4']);
    rmSync(place);
    expect(readFileSync(path, 'utf8')).toBe(clip.content);
  });

  it.skipIf(otherDisk === undefined)(
    'is a copy on another disk, with the date of its clip (skipped where there is no other disk)',
    async () => {
      const { store, place } = open();
      await putPart(store, clip);
      const folder = mkdtempSync(join(otherDisk ?? '', 'dailies-names-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const path = join(folder, 'sea.mp4');
      expect(await store.name?.(sha256, path)).toBe(false);
      expect(readFileSync(path, 'utf8')).toBe(clip.content);
      expect(store.isName?.(sha256, path)).toBe(true);
      expect(statSync(path).mode & 0o200).toBe(0o200);
      expect(readdirSync(folder)).toEqual(['sea.mp4']);
      writeFileSync(path, 'an edit, as long as that'.slice(0, clip.facts.bytes));
      utimesSync(path, 1, 1);
      expect(store.isName?.(sha256, path)).toBe(false);
      expect(readFileSync(place, 'utf8')).toBe(clip.content);
    },
  );

  it('is known without a look at its bytes: a link, or as long and as old as its clip', async () => {
    const { root, store, place } = open();
    await putPart(store, clip);
    const [link, stranger, folder] = ['link', 'stranger', 'folder'].map((name) => join(root, name));
    if (!link || !stranger || !folder) return;
    linkSync(place, link);
    writeFileSync(stranger, 'a stranger of some length');
    mkdirSync(folder);
    const known = [link, stranger, folder, join(root, 'none')].map((path) => store.isName?.(sha256, path));
    expect(known).toEqual([true, false, false, false]);
  });

  it('cannot be given to a clip that is not there, nor where a folder is in the way; nothing is left then', async () => {
    const { root, store } = open();
    const path = join(root, 'sea.mp4');
    const name = () => Promise.resolve().then(() => store.name?.(sha256, path));
    await expect(name()).rejects.toMatchObject({ code: 'file-unusable' });
    await putPart(store, clip);
    mkdirSync(path);
    await expect(name()).rejects.toMatchObject({ code: 'disk', exitCode: 3 });
    expect(readdirSync(root).toSorted()).toEqual(['clips', 'sea.mp4']);
  });
});

describe('the folder itself', () => {
  it.each(['clips', 'clips/incoming', `clips/${sha256.slice(0, 2)}`, 'damaged'])(
    'is refused where %s is a symbolic link',
    async (name) => {
      const { root, store, place } = open();
      if (name === 'damaged') {
        await putPart(store, clip);
        chmodSync(place, 0o644);
        writeFileSync(place, 'damaged');
      } else mkdirSync(join(root, name, '..'), { recursive: true });
      const elsewhere = newFolder();
      symlinkSync(elsewhere, join(root, name));
      await expect(store.put(streamOf(clip.content), clip.facts)).rejects.toMatchObject({
        code: 'disk',
        message: expect.stringContaining('symbolic link') as string,
      });
      expect(readdirSync(elsewhere)).toEqual([]);
    },
  );

  it('is missed once it is gone, and found again when it is back', async () => {
    const { root, store } = open();
    store.assertThere();
    renameSync(root, `${root}.away`);
    expect(() => store.assertThere()).toThrow(expect.objectContaining({ code: 'disk' }));
    renameSync(`${root}.away`, root);
    expect(() => store.assertThere()).not.toThrow();
    await putPart(store, clip);
  });

  it('has room that is known, also for a folder that is yet to be made', async () => {
    const folder = newFolder();
    expect(await freeBytes(folder)).toBeGreaterThan(1_000_000);
    expect(await freeBytes(join(folder, 'renders', 'teaser'))).toBeGreaterThan(1_000_000);
  });
});
