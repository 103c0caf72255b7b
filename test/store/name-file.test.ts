import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  hashFile,
  isOurMetadata,
  lookAtName,
  moveOver,
  obstacleOf,
  readName,
  removeName,
  sizeOf,
  writeMetadata,
} from '../../src/store/name-file.js';
import { newFolder } from './fixtures.js';

const otherDisk = ['/dev/shm'].find(
  (folder) => existsSync(folder) && statSync(folder).dev !== statSync(tmpdir()).dev,
);

function fileIn(folder: string, name: string, content: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

describe('a name', () => {
  it('is there, is not, or is something that is no file of ours', () => {
    const folder = newFolder();
    const file = fileIn(folder, 'sea.mp4', 'a clip');
    symlinkSync(file, join(folder, 'link.mp4'));
    expect([file, join(folder, 'none.mp4')].map(lookAtName)).toEqual(['file', 'none']);
    expect([folder, join(folder, 'link.mp4'), join(file, 'below.mp4')].map(lookAtName)).toEqual([
      'other',
      'other',
      'other',
    ]);
    expect([file, join(folder, 'none.mp4'), join(file, 'below.mp4')].map(sizeOf)).toEqual([
      6,
      undefined,
      undefined,
    ]);
  });

  it('has the hash that everybody else computes', async () => {
    const content = 'x'.repeat(300_000);
    const expected = createHash('sha256').update(content).digest('hex');
    expect(await hashFile(fileIn(newFolder(), 'sea.mp4', content))).toBe(expected);
  });

  it('that has gone meanwhile is an error for who reads it, and no crash', async () => {
    const bytes = readName(join(newFolder(), 'sea.mp4'));
    await new Promise(setImmediate);
    await expect(buffer(bytes)).rejects.toThrow('ENOENT');
  });

  it('cannot be where a file or a link stands in the way of its folder', () => {
    const root = newFolder();
    const file = fileIn(root, 'renders/sea', 'in the way');
    symlinkSync(newFolder(), join(root, 'linked'));
    expect(obstacleOf(join(file, 'takes'), root)).toBe(file);
    expect(obstacleOf(join(root, 'linked', 'sea'), root)).toBe(join(root, 'linked'));
    expect(obstacleOf(join(root, 'renders', 'hill'), root)).toBeUndefined();
  });

  it('goes with the folders that it leaves empty, and with no others', () => {
    const root = newFolder();
    const file = fileIn(root, 'renders/teaser/sea/sea.mp4', 'a clip');
    const other = fileIn(root, 'renders/notes.txt', 'mine');
    removeName(file, root);
    removeName(file, root);
    expect([existsSync(join(root, 'renders/teaser')), existsSync(other)]).toEqual([false, true]);
    removeName(other, root);
    expect([existsSync(join(root, 'renders')), existsSync(root)]).toEqual([false, true]);
  });

  it.each([
    ['a folder that is yet to be made', () => newFolder()],
    ['another disk, where there is one', () => newFolderOn(otherDisk ?? tmpdir())],
  ])('is moved over another file, or into %s', async (_, target) => {
    const folder = target();
    const there = join(folder, 'a', 'sea.mp4');
    await moveOver(fileIn(newFolder(), 'sea.mp4', 'a clip'), there);
    const file = fileIn(newFolder(), 'sea.mp4', 'a newer clip');
    await moveOver(file, there);
    expect([readFileSync(there, 'utf8'), existsSync(file)]).toEqual(['a newer clip', false]);
    const gone = moveOver(file, there);
    await expect(gone).rejects.toMatchObject({
      code: 'disk',
      message: expect.stringContaining('sea.mp4') as string,
    });
  });
});

describe('the metadata beside a clip', () => {
  it('is known for ours, and for whose of us', async () => {
    const path = join(newFolder(), 'sea.json');
    expect(isOurMetadata(path)).toBe(true);
    await writeMetadata(path, { dailies: 1, project: 'aaaa' });
    expect([isOurMetadata(path), isOurMetadata(path, 'aaaa'), isOurMetadata(path, 'bbbb')]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it.each([
    ['somebody’s own JSON', '{"mine": true}'],
    ['no JSON', 'notes'],
    ['too long to be ours', JSON.stringify({ dailies: 1, notes: '-'.repeat(1_000_000) })],
  ])('is not ours where it is %s', (_, content) => {
    expect(isOurMetadata(fileIn(newFolder(), 'sea.json', content))).toBe(false);
  });

  it('is not ours through a link, and is never written through one', async () => {
    const folder = newFolder();
    const real = fileIn(folder, 'real.json', '{"dailies":1}');
    const link = join(folder, 'sea.json');
    symlinkSync(real, link);
    expect([isOurMetadata(link), isOurMetadata(folder), isOurMetadata(join(real, 'below'))]).toEqual([
      false,
      false,
      false,
    ]);
    await writeMetadata(link, { dailies: 1, project: 'aaaa' });
    expect(readFileSync(real, 'utf8')).toBe('{"dailies":1}');
  });
});

function newFolderOn(disk: string): string {
  const folder = mkdtempSync(join(disk, 'dailies-names-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
