import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import type { MediaKind } from '../../src/domain/take.js';
import { inspectLocalInput, LARGEST_INPUT_BYTES, readDataUrl } from '../../src/media/local-input.js';
import { makeClip } from '../helpers/clips.js';
import { useFolder } from './samples.js';

const folder = useFolder();
const png = PNG.sync.write(new PNG({ width: 4, height: 4 }));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function inspect(name: string, media: MediaKind = 'image') {
  await mkdir(folder.path('project/refs'), { recursive: true });
  return inspectLocalInput({ root: folder.path('project'), file: folder.path(`project/${name}`), media });
}

async function put(name: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(folder.path('project/refs'), { recursive: true });
  await folder.write(`project/${name}`, bytes);
}

describe('inspectLocalInput', () => {
  it('hashes a file and tells its type by its bytes, not its name', async () => {
    await put('refs/side.jpg', png);
    expect(await inspect('refs/side.jpg')).toEqual({
      ok: true,
      sha256: sha256(png),
      bytes: png.length,
      mime: 'image/png',
    });
  });

  it('hashes a file of many chunks', async () => {
    const large = Buffer.concat([png, Buffer.alloc(3_000_000, 7)]);
    await put('large.png', large);
    expect(await inspect('large.png')).toMatchObject({
      ok: true,
      sha256: sha256(large),
      bytes: large.length,
    });
  });

  it('takes a clip as a video, with what it says of itself where it can be read', async () => {
    const clip = await makeClip();
    await put('clip.mp4', clip);
    const facts = { width: 64, height: 36, duration_s: 1 };
    expect(await inspect('clip.mp4', 'video')).toMatchObject({ ok: true, mime: 'video/mp4', facts });
    await put('half.mp4', clip.subarray(0, -100));
    const half = await inspect('half.mp4', 'video');
    expect(half).toMatchObject({ ok: true, mime: 'video/mp4' });
    expect(half).not.toHaveProperty('facts');
  });

  it.each<[string, string, MediaKind, string]>([
    ['page.png', '<!doctype html><p>404', 'image', 'page.png is an HTML page, not an image'],
    ['art.png', '<svg xmlns="…"/>', 'image', 'art.png is an SVG drawing, not an image'],
    ['empty.png', '', 'image', 'empty.png is an empty file, not an image'],
    ['song.mp4', 'ID3\x04\0\0', 'video', 'song.mp4 is a sound (audio/mpeg), not a video'],
    ['notes.wav', 'a walk in the park', 'audio', 'notes.wav is plain text, not a sound'],
  ])('refuses %s for what it is', async (name, text, media, message) => {
    await put(name, Buffer.from(text, 'latin1'));
    expect(await inspect(name, media)).toEqual({ ok: false, code: 'file-type', message });
  });

  it.each([
    ['refs/Evening.png', 'did you mean refs/evening.png?'],
    ['evenin.png', 'paths are relative to the folder of the manifest'],
    ['~/evening.png', '~ is not expanded: paths are relative to the folder of the manifest'],
    ['example.com/evening.png', 'an address begins with https://'],
  ])('says what may have been meant by %s, which is missing', async (name, hint) => {
    await put('refs/evening.png', png);
    expect(await inspect(name)).toMatchObject({ code: 'file-missing', hint });
  });

  it('says that a file is missing, or a folder', async () => {
    expect(await inspect('refs/none.png')).toEqual({
      ok: false,
      code: 'file-missing',
      message: 'refs/none.png does not exist',
      hint: 'paths are relative to the folder of the manifest',
    });
    await put('flat.png', png);
    expect(await inspect('flat.png/deeper.png')).toMatchObject({ code: 'file-missing' });
    expect(await inspect('refs')).toEqual({
      ok: false,
      code: 'file-unreadable',
      message: 'refs is a folder',
    });
  });

  it.skipIf(process.platform === 'win32')('does not wait on a named pipe (Windows has none)', async () => {
    await inspect('refs');
    execFileSync('mkfifo', [folder.path('project/pipe.png')]);
    expect(await inspect('pipe.png')).toMatchObject({
      code: 'file-unreadable',
      message: 'pipe.png is not a regular file',
    });
  });

  it('refuses what no body could carry', async () => {
    await put('huge.png', png);
    await truncate(folder.path('project/huge.png'), LARGEST_INPUT_BYTES + 1_000_000);
    expect(await inspect('huge.png')).toEqual({
      ok: false,
      code: 'file-too-large',
      message: 'huge.png has 21 MB; at most 20 MB can be sent',
    });
    await truncate(folder.path('project/huge.png'), LARGEST_INPUT_BYTES);
    expect(await inspect('huge.png')).toMatchObject({ ok: true, bytes: LARGEST_INPUT_BYTES });
  });

  it('follows links within the folder, and none out of it', async () => {
    await put('refs/real.png', png);
    await writeFile(folder.path('outside.png'), png);
    await mkdir(folder.path('project-2'), { recursive: true });
    await writeFile(folder.path('project-2/near.png'), png);
    await symlink('refs/real.png', folder.path('project/inside-link.png'));
    await symlink('../outside.png', folder.path('project/outside-link.png'));
    await symlink('../project-2', folder.path('project/folder-link'));
    await symlink('nowhere.png', folder.path('project/dangling.png'));
    await symlink('circle.png', folder.path('project/circle.png'));

    expect(await inspect('inside-link.png')).toMatchObject({ ok: true });
    const escaped = await inspect('outside-link.png');
    expect(escaped).toMatchObject({ ok: false, code: 'path-outside' });
    expect(await inspect('folder-link/near.png')).toMatchObject({ code: 'path-outside' });
    expect(await inspect('../outside.png')).toMatchObject({ code: 'path-outside' });
    expect(await inspect('dangling.png')).toMatchObject({ code: 'file-missing' });
    expect(await inspect('circle.png')).toMatchObject({ code: 'file-unreadable' });
  });

  it('works in a project that is itself reached by a link', async () => {
    await put('refs/real.png', png);
    await symlink('project', folder.path('alias'));
    const file = folder.path('alias/refs/real.png');
    expect(await inspectLocalInput({ root: folder.path('alias'), file, media: 'image' })).toMatchObject({
      ok: true,
    });
  });
});

describe('readDataUrl', () => {
  it('gives the file as it was hashed', async () => {
    const file = await folder.write('frame.png', png);
    const url = await readDataUrl({ file, mime: 'image/png', sha256: sha256(png) });
    expect(url).toBe(`data:image/png;base64,${png.toString('base64')}`);
  });

  it('does not send a file that was changed meanwhile', async () => {
    const file = await folder.write('frame.png', png);
    const asked = readDataUrl({ file, mime: 'image/png', sha256: sha256(Buffer.from('before')) });
    await expect(asked).rejects.toMatchObject({ code: 'input-changed' });
  });

  it('says that a file has gone', async () => {
    const asked = readDataUrl({ file: folder.path('gone.png'), mime: 'image/png', sha256: '' });
    await expect(asked).rejects.toMatchObject({ code: 'file-unusable' });
  });
});
