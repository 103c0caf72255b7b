import { describe, expect, it } from 'vitest';
import { verifyClip, type WantedClip } from '../../src/media/verify.js';
import { makeClip } from '../helpers/clips.js';
import { fixture, fixturePath, useFolder } from './samples.js';

const folder = useFolder();

/** A clip whose header says that it is of that size. The pictures are not looked at. */
async function warningsFor(wanted: WantedClip, size?: readonly [width: number, height: number]) {
  const clip = await makeClip({ seconds: 2 });
  if (size !== undefined) {
    const header = clip.indexOf('tkhd');
    for (const [index, pixels] of size.entries())
      clip.writeUInt32BE(pixels * 65_536, header + 80 + index * 4);
  }
  const verified = verifyClip({ path: await folder.write('clip.mp4', clip), wanted });
  if (!verified.ok) throw new Error(verified.reason);
  return verified.warnings;
}

describe('verifyClip', () => {
  it('gives what the clip says of itself, and the extension its bytes call for', () => {
    expect(verifyClip({ path: fixturePath('vp9.webm'), wanted: {} })).toEqual({
      ok: true,
      media: {
        container: 'webm',
        duration_s: 1,
        width: 64,
        height: 36,
        video_codec: 'vp9',
        fps: 25,
        audio_codec: 'opus',
      },
      warnings: [],
      extension: '.webm',
    });
    expect(verifyClip({ path: fixturePath('bframes.mp4'), wanted: {} })).toMatchObject({
      extension: '.mp4',
    });
  });

  it('says why a file is not a clip', async () => {
    const page = await folder.write('page.mp4', '<!doctype html><p>Sign in to continue');
    expect(verifyClip({ path: page, wanted: {} })).toEqual({
      ok: false,
      reason: 'an HTML page, not a clip',
    });
  });

  it('does not take sound alone for a clip', async () => {
    const clip = fixture('long-audio.mp4');
    clip.write('text', clip.indexOf('vide', clip.indexOf('hdlr')));
    const path = await folder.write('sound.mp4', clip);
    expect(verifyClip({ path, wanted: {} })).toEqual({
      ok: false,
      reason: 'an MP4 file without a video track',
    });
  });

  it.each<[number, string[]]>([
    [2, []],
    [2.5, []],
    [1.6, []],
    [4, ['asked for 4 s, got 2 s']],
    [1, ['asked for 1 s, got 2 s']],
  ])('holds its length of 2 s against %d s', async (durationS, warnings) => {
    expect(await warningsFor({ durationS })).toEqual(warnings);
  });

  it.each<[[number, number], WantedClip, string[]]>([
    [[1920, 1080], { size: { width: 1920, height: 1080 } }, []],
    [[1920, 1088], { size: { width: 1920, height: 1080 } }, []],
    [[864, 480], { size: { width: 854, height: 480 } }, []],
    [[1280, 720], { size: { width: 1920, height: 1080 } }, ['asked for 1920x1080, got 1280x720']],
    [[720, 1280], { size: { width: 1280, height: 720 } }, ['asked for 1280x720, got 720x1280']],
    [[1248, 704], { resolution: '720p', aspectRatio: '16:9' }, []],
    [[720, 720], { resolution: '720p', aspectRatio: '1:1' }, []],
    [[960, 960], { resolution: '720p', aspectRatio: '1:1' }, []],
    [[992, 432], { resolution: '480p', aspectRatio: '21:9' }, []],
    [[1680, 720], { resolution: '720p', aspectRatio: '21:9' }, []],
    [[832, 480], { resolution: '480p', aspectRatio: '16:9' }, []],
    [[3840, 2160], { resolution: '4K' }, []],
    [[2560, 1440], { resolution: '2k' }, []],
    [[1920, 1080], { resolution: '1K' }, []],
    [[1366, 768], { resolution: '768p' }, []],
    [[854, 480], { resolution: '720p' }, ['asked for 720p, got 854x480']],
    [[1280, 720], { resolution: '1080p' }, ['asked for 1080p, got 1280x720']],
    [[1920, 1080], { resolution: '4K' }, ['asked for 4K, got 1920x1080']],
    [[1920, 1080], { resolution: '2K' }, ['asked for 2K, got 1920x1080']],
    [[720, 1280], { resolution: '720p', aspectRatio: '16:9' }, ['asked for 16:9, got 720x1280']],
    [[640, 480], { aspectRatio: '5:4' }, ['asked for 5:4, got 640x480']],
    [[640, 480], { aspectRatio: 'adaptive', resolution: 'best' }, []],
    [[640, 480], { aspectRatio: '0:0', resolution: '' }, []],
  ])('holds its size of %j against %j', async (size, wanted, warnings) => {
    expect(await warningsFor(wanted, size)).toEqual(warnings);
  });

  it('misses the sound that was asked for', async () => {
    expect(await warningsFor({ audio: true })).toEqual(['asked for audio, got none']);
    expect(await warningsFor({ audio: false })).toEqual([]);
    expect(verifyClip({ path: fixturePath('long-audio.mp4'), wanted: { audio: true } })).toMatchObject({
      warnings: [],
    });
  });
});
