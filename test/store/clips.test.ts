import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freeBytes, hashFile, inspectOutput, moveClip } from '../../src/store/clips.js';
import { newFolder } from './fixtures.js';

const otherDisk = ['/dev/shm'].find(
  (folder) => existsSync(folder) && statSync(folder).dev !== statSync(tmpdir()).dev,
);
const sha256 = (content: string) => createHash('sha256').update(content).digest('hex');

/** A clip as it was delivered, and the record of it. */
function delivered(content = 'a clip') {
  const file = join(newFolder(), 'sea.mp4');
  writeFileSync(file, content);
  const output = {
    bytes: content.length,
    sha256: sha256(content),
    mtime_ms: Math.floor(statSync(file).mtimeMs),
  };
  return { file, output };
}

describe('a clip on disk', () => {
  it('is intact as it was left', async () => {
    for (const hash of [false, true]) expect(await inspectOutput({ ...delivered(), hash })).toBe('intact');
  });

  it('is missing where there is none, or not even its folder', async () => {
    const { file, output } = delivered();
    expect(await inspectOutput({ file: `${file}x`, output, hash: false })).toBe('missing');
    expect(await inspectOutput({ file: join(file, 'sea.mp4'), output, hash: false })).toBe('missing');
  });

  it('is changed where it has another length, or is a folder', async () => {
    const { file, output } = delivered();
    expect(await inspectOutput({ file, output: { ...output, bytes: 7 }, hash: false })).toBe('changed');
    mkdirSync(`${file}.d`);
    expect(await inspectOutput({ file: `${file}.d`, output, hash: false })).toBe('changed');
  });

  it('is looked into where its time differs: a copy is intact, an edit is changed', async () => {
    const { file, output } = delivered();
    utimesSync(file, 1, 1);
    expect(await inspectOutput({ file, output, hash: false })).toBe('intact');
    writeFileSync(file, 'b clip');
    utimesSync(file, 1, 1);
    expect(await inspectOutput({ file, output, hash: false })).toBe('changed');
  });

  it('shows an edit that kept length and time where the hash is asked for', async () => {
    const { file, output } = delivered();
    writeFileSync(file, 'b clip');
    utimesSync(file, output.mtime_ms / 1000, output.mtime_ms / 1000);
    expect(await inspectOutput({ file, output, hash: false })).toBe('intact');
    expect(await inspectOutput({ file, output, hash: true })).toBe('changed');
  });

  it('has the hash that everybody else computes', async () => {
    const { file } = delivered('x'.repeat(300_000));
    expect(await hashFile(file)).toBe(sha256('x'.repeat(300_000)));
  });
});

describe('moving a clip away', () => {
  it('keeps its name where that is free, and makes the folder', async () => {
    const { file } = delivered();
    const folder = join(newFolder(), 'renders', '.superseded');
    const moved = await moveClip({ file, folder });
    expect(moved).toBe(join(folder, 'sea.mp4'));
    expect(readFileSync(moved, 'utf8')).toBe('a clip');
    expect(() => statSync(file)).toThrow('ENOENT');
  });

  it('never overwrites another, not even where many move at once', async () => {
    const folder = newFolder();
    const clips = Array.from({ length: 8 }, (_, index) => delivered(`clip ${index}`).file);
    const moved = await Promise.all(clips.map((file) => moveClip({ file, folder })));
    expect(new Set(moved).size).toBe(8);
    expect(moved.map((path) => readFileSync(path, 'utf8'))).toEqual(clips.map((_, index) => `clip ${index}`));
    expect(readdirSync(folder).toSorted()).toEqual([
      'sea.2.mp4',
      'sea.3.mp4',
      'sea.4.mp4',
      'sea.5.mp4',
      'sea.6.mp4',
      'sea.7.mp4',
      'sea.8.mp4',
      'sea.mp4',
    ]);
  });

  it('keeps the time it was written, by which it is known', async () => {
    const { file, output } = delivered();
    const moved = await moveClip({ file, folder: newFolder() });
    expect(Math.floor(statSync(moved).mtimeMs)).toBe(output.mtime_ms);
  });

  it.skipIf(otherDisk === undefined)(
    'goes to another disk, as old as it was (skipped where there is no other)',
    async () => {
      const { file, output } = delivered();
      const folder = mkdtempSync(join(otherDisk ?? '', 'dailies-store-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      writeFileSync(join(folder, 'sea.mp4'), 'another');
      const moved = await moveClip({ file, folder });
      expect(await inspectOutput({ file: moved, output, hash: true })).toBe('intact');
      expect(Math.abs(statSync(moved).mtimeMs - output.mtime_ms)).toBeLessThanOrEqual(1);
      expect(readdirSync(folder).toSorted()).toEqual(['sea.2.mp4', 'sea.mp4']);
      expect(() => statSync(file)).toThrow('ENOENT');
    },
  );

  it('says so where there is nothing to move', async () => {
    const file = join(newFolder(), 'sea.mp4');
    await expect(moveClip({ file, folder: newFolder() })).rejects.toMatchObject({
      code: 'disk',
      message: expect.stringContaining(basename(file)) as string,
    });
  });
});

describe('the room on a disk', () => {
  it('is known, also for a folder that is yet to be made', async () => {
    const folder = newFolder();
    expect(await freeBytes(folder)).toBeGreaterThan(1_000_000);
    expect(await freeBytes(join(folder, 'renders', 'teaser'))).toBeGreaterThan(1_000_000);
  });
});
