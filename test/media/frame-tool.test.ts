import { chmod, copyFile, readFile } from 'node:fs/promises';
import { PNG } from 'pngjs';
import { describe, expect, it, vi } from 'vitest';
import type { FramePosition } from '../../src/domain/take.js';
import { findFfmpeg } from '../../src/media/ffmpeg-tool.js';
import { findFrameTool, type FrameTool } from '../../src/media/frame-tool.js';
import { findMediabunnyServer } from '../../src/media/mediabunny-tool.js';
import { makeClip } from '../helpers/clips.js';
import { sampleOf } from '../helpers/long-pass.js';
import { fixturePath, useFolder, type Fixture } from './samples.js';

const folder = useFolder();

/** Which frame each fixture shows last; see fixtures/README.md. */
const LAST: readonly (readonly [Fixture, number])[] = [
  ['bframes.mp4', 24],
  ['fragmented.mp4', 24],
  ['long-audio.mp4', 24],
  ['vfr.mp4', 23],
  ['rotated.mp4', 24],
  ['trim-start.mp4', 24],
  ['trim-end.mp4', 14],
  ['vp9.webm', 24],
  ['live.webm', 24],
];

const ffmpeg = await findFfmpeg(process.env);
const mediabunny = await findMediabunnyServer();
const tools: readonly (readonly [string, FrameTool | undefined])[] = [
  ['ffmpeg (skipped where none is on the PATH)', ffmpeg],
  ['@mediabunny/server (skipped where it is not installed)', mediabunny],
];

describe.each(tools)('%s', (_, tool) => {
  async function take(clip: string, at: FramePosition): Promise<PNG> {
    return PNG.sync.read((await tool?.extractFrame({ clip, at })) ?? Buffer.alloc(0));
  }

  describe.skipIf(tool === undefined)('takes frames', () => {
    it.each(sampleOf(LAST))('the last shown: of %s, number %d', async (name, last) => {
      expect(numberOf(await take(fixturePath(name), 'last'))).toBe(last);
    });

    it('the first shown, which need not be the first there is', async () => {
      expect(numberOf(await take(fixturePath('trim-start.mp4'), 'first'))).toBe(5);
      expect(numberOf(await take(fixturePath('fragmented.mp4'), 'first'))).toBe(0);
    });

    it('the one shown at a time, counted from the first shown', async () => {
      expect(numberOf(await take(fixturePath('trim-start.mp4'), 0.3))).toBe(12);
      expect(numberOf(await take(fixturePath('fragmented.mp4'), 0.3))).toBe(7);
    });

    it('which is shown until the next one comes', async () => {
      const clip = fixturePath('vfr.mp4');
      const shown = [];
      for (const at of [0.27, 0.28, 0.879, 1.4]) shown.push(numberOf(await take(clip, at)));
      expect(shown).toEqual([0, 7, 21, 23]);
    });

    it('upright and in square pixels', async () => {
      expect(await take(fixturePath('rotated.mp4'), 'first')).toMatchObject({ width: 36, height: 64 });
      expect(await take(fixturePath('sar.mp4'), 'first')).toMatchObject({ width: 128, height: 36 });
    });

    it('the last of many', async () => {
      const color = (frame: number) => [frame, frame, frame] as const;
      const clip = await folder.write('long.mp4', await makeClip({ seconds: 10, color, audio: true }));
      const { data } = await take(clip, 'last');
      expect(Math.abs((data[0] ?? 0) - 239)).toBeLessThan(3);
    });

    it('the same bytes each time, and nothing but the picture in them', async () => {
      const wish = { clip: fixturePath('bframes.mp4'), at: 'first' } as const;
      const taken = await tool?.extractFrame(wish);
      expect(await tool?.extractFrame(wish)).toEqual(taken);
      expect(chunkTypes(taken ?? Buffer.alloc(0))).not.toEqual(
        expect.arrayContaining(['tEXt', 'tIME', 'iTXt', 'zTXt']),
      );
    });

    it.each(sampleOf(['-y.mp4', 'a b%03d.mp4', "it's; $(true).mp4", 'concat:x.mp4']))(
      'from a clip called %s',
      async (name) => {
        await copyFile(fixturePath('bframes.mp4'), folder.path(name));
        expect(numberOf(await take(folder.path(name), 'first'))).toBe(0);
      },
    );

    it.each([-1, 1.6, Number.NaN])('but none at %d s, which the clip does not have', async (at) => {
      const asked = tool?.extractFrame({ clip: fixturePath('bframes.mp4'), at });
      await expect(asked).rejects.toMatchObject({
        code: 'media',
        message: expect.stringContaining('the clip is 1 s long') as string,
      });
    });

    it('but none of what is no clip', async () => {
      const clip = await folder.write('page.mp4', '<!doctype html>');
      const asked = tool?.extractFrame({ clip, at: 'last' });
      await expect(asked).rejects.toMatchObject({
        code: 'media',
        message: expect.stringContaining('an HTML page') as string,
      });
    });

    it('and stops when it is told to', async () => {
      const reason = new Error('stopped by hand');
      const wish = { clip: fixturePath('bframes.mp4'), at: 'last' } as const;
      await expect(tool?.extractFrame({ ...wish, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    });

    it('and small pictures of clips and images', async () => {
      expect(await tool?.readPicture({ file: fixturePath('sar.mp4') })).toMatchObject({
        width: 96,
        height: 27,
      });
      const image = new PNG({ width: 300, height: 600 });
      image.data.fill(200);
      const file = await folder.write('image %d.png', PNG.sync.write(image));
      const picture = await tool?.readPicture({ file });
      expect(picture).toMatchObject({ width: 48, height: 96 });
      expect(new Set(picture?.rgb)).toEqual(new Set([200]));
      const broken = await folder.write('broken.png', PNG.sync.write(image).subarray(0, 60));
      expect(await tool?.readPicture({ file: broken })).toBeUndefined();
    });
  });
});

describe('findFrameTool', () => {
  it.skipIf(ffmpeg === undefined)('prefers ffmpeg (skipped where none is on the PATH)', async () => {
    expect((await findFrameTool(process.env))?.name).toBe('ffmpeg');
  });

  it('finds no ffmpeg where there is none', async () => {
    expect((await findFrameTool({}))?.name).not.toBe('ffmpeg');
    expect((await findFrameTool({ PATH: folder.path('.') }))?.name).not.toBe('ffmpeg');
    expect((await findFrameTool({ ...process.env, DAILIES_FFMPEG: folder.path('ffmpeg') }))?.name).not.toBe(
      'ffmpeg',
    );
  });
});

describe.skipIf(process.platform === 'win32')(
  'an ffmpeg that misbehaves (a shell script, which Windows does not run)',
  () => {
    async function scripted(body: string): Promise<FrameTool | undefined> {
      const path = await folder.write(
        'scripted',
        `#!/bin/sh\nfor last; do :; done\n[ "$last" = -version ] && exit 0\n${body}\n`,
      );
      await chmod(path, 0o755);
      return findFfmpeg({ DAILIES_FFMPEG: path });
    }
    const wish = { clip: fixturePath('bframes.mp4'), at: 'last' } as const;

    it('is not taken where it does not even start', async () => {
      const path = await folder.write('broken-ffmpeg', '#!/bin/sh\nexit 127\n');
      await chmod(path, 0o755);
      expect(await findFfmpeg({ DAILIES_FFMPEG: path })).toBeUndefined();
    });

    it('is quoted, but not at length', async () => {
      const tool = await scripted(
        'i=0; while [ $i -lt 3000 ]; do echo "line $i of a long complaint" >&2; i=$((i+1)); done; exit 1',
      );
      const error: unknown = await tool?.extractFrame(wish).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: 'media',
        message: expect.stringContaining('line 2999 of a long complaint') as string,
      });
      expect((error as Error).message.length).toBeLessThan(2500);
    });

    it('that ran out of disk says so', async () => {
      const tool = await scripted('echo "av_interleaved_write_frame(): No space left on device" >&2; exit 1');
      await expect(tool?.extractFrame(wish)).rejects.toMatchObject({
        code: 'disk',
        exitCode: 3,
        hint: expect.stringContaining('make room') as string,
      });
    });

    it('is killed when the run stops', async () => {
      const note = folder.path('pid');
      const tool = await scripted(`echo $$ > '${note}'; exec sleep 60`);
      const stop = new AbortController();
      const asked = tool?.extractFrame({ ...wish, signal: stop.signal });
      const settled = expect(asked).rejects.toThrow('stopped by hand');
      const pid = await vi.waitFor(
        async () => Number((await readFile(note, 'utf8')).trim()) || Promise.reject(new Error('not yet')),
      );
      stop.abort(new Error('stopped by hand'));
      await settled;
      await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'));
    });
  },
);

/** Which frame a picture is of: luma 16 + 8n. */
function numberOf({ data }: PNG): number {
  return Math.round(((data[0] ?? 0) * 219) / 255 / 8);
}

function chunkTypes(png: Buffer): string[] {
  const types: string[] = [];
  for (let at = 8; at < png.length; at += png.readUInt32BE(at) + 12)
    types.push(png.toString('latin1', at + 4, at + 8));
  return types;
}
