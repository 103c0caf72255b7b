import { readdir, readFile, writeFile } from 'node:fs/promises';
import { ALL_FORMATS, EncodedPacketSink, FilePathSource, Input, type InputTrack } from 'mediabunny';
import { describe, expect, it } from 'vitest';
import { assembleClips } from '../../src/media/assemble.js';
import { inspectClip } from '../../src/media/container.js';
import { readFacts } from '../../src/media/facts.js';
import { findFrameTool } from '../../src/media/frame-tool.js';
import { makeClip, type Rgb } from '../helpers/clips.js';
import { fixturePath, useFolder } from './samples.js';

const folder = useFolder();
const tool = await findFrameTool(process.env);

interface Packet {
  readonly at: number;
  readonly length: number;
  readonly data: string;
}

async function packetsOf(path: string, kind: 'video' | 'audio'): Promise<Packet[]> {
  const input = new Input({ source: new FilePathSource(path), formats: ALL_FORMATS });
  const track: InputTrack | null = await (kind === 'video'
    ? input.getPrimaryVideoTrack()
    : input.getPrimaryAudioTrack());
  const packets: Packet[] = [];
  if (track !== null) {
    for await (const { timestamp, duration, data } of new EncodedPacketSink(track).packets()) {
      packets.push({ at: timestamp, length: duration, data: Buffer.from(data).toString('base64') });
    }
  }
  input.dispose();
  return packets;
}

async function clip(name: string, wish: Parameters<typeof makeClip>[0]): Promise<string> {
  return folder.write(name, await makeClip(wish));
}

describe('clips that agree', () => {
  it('are joined picture by picture, each at its time', async () => {
    const first = await clip('a.mp4', { seconds: 1, color: (frame) => [frame * 9, 0, 0] });
    const second = await clip('b.mp4', { seconds: 2, color: (frame) => [0, frame * 5, 0] });
    const clips = [first, second, first];
    const target = folder.path('out/joined.mp4');
    expect(await assembleClips({ clips, target })).toEqual({
      method: 'remux',
      duration_s: 4,
      letterboxed: [],
    });

    expect(inspectClip(target)).toMatchObject({ ok: true, container: 'mp4' });
    const joined = await packetsOf(target, 'video');
    const parts = await Promise.all(clips.map((part) => packetsOf(part, 'video')));
    expect(joined.map(({ data }) => data)).toEqual(parts.flat().map(({ data }) => data));
    for (const [frame, { at }] of joined.entries()) expect(at).toBeCloseTo(frame / 24, 6);
  });

  it('keep their B-frames in order', async () => {
    const part = fixturePath('bframes.mp4');
    const target = folder.path('b-joined.mp4');
    expect(await assembleClips({ clips: [part, part], target })).toEqual({
      method: 'remux',
      duration_s: 2,
      letterboxed: [],
    });
    const times = (await packetsOf(part, 'video')).map(({ at }) => at);
    const joined = (await packetsOf(target, 'video')).map(({ at }) => at);
    for (const [index, at] of [...times, ...times.map((time) => time + 1)].entries()) {
      expect(joined[index]).toBeCloseTo(at, 6);
    }
  });

  it('keep picture and sound together, however many they are', async () => {
    const part = await clip('sounding.mp4', { seconds: 1, audio: true });
    const target = folder.path('many.mp4');
    const count = 40;
    expect(await assembleClips({ clips: Array.from({ length: count }, () => part), target })).toEqual({
      method: 'remux',
      letterboxed: [],
      duration_s: count,
    });
    const sound = await packetsOf(target, 'audio');
    const half = 512 / 48_000;
    let end = 0;
    for (const { at, length } of sound) {
      expect(Math.abs(at - end)).toBeLessThan(1e-4);
      end = at + length;
    }
    expect(Math.abs(end - count)).toBeLessThanOrEqual(half + 1e-4);
  });

  it('take as long as their pictures, though their sound goes on', async () => {
    const part = fixturePath('long-audio.mp4');
    const target = folder.path('long-joined.mp4');
    expect(await assembleClips({ clips: [part, part, part], target })).toEqual({
      method: 'remux',
      letterboxed: [],
      duration_s: 3,
    });
    const sound = await packetsOf(target, 'audio');
    const last = sound.at(-1);
    expect((last?.at ?? 0) + (last?.length ?? 0)).toBeLessThan(3.02);
  });

  it.each(['fragmented.mp4', 'vp9.webm', 'rotated.mp4', 'sar.mp4'] as const)(
    'are joined as MP4: %s',
    async (name) => {
      const target = folder.path('kinds.mp4');
      await assembleClips({ clips: [fixturePath(name), fixturePath(name)], target });
      const part = readFacts(fixturePath(name), name.endsWith('webm') ? 'webm' : 'mp4');
      const joined = readFacts(target, 'mp4');
      expect(Math.abs(joined.duration_s - 2)).toBeLessThan(0.02);
      const { width, height, video_codec } = part;
      expect(joined).toMatchObject({ width, height, video_codec });
    },
  );
});

describe('clips that differ', () => {
  it('are refused without ffmpeg, with what differs and how to get it', async () => {
    const clips = [
      await clip('a.mp4', { width: 64, height: 36, audio: true }),
      await clip('b.mp4', { width: 48, height: 64, fps: 12 }),
    ];
    const target = await folder.write('kept.mp4', 'an older cut');
    await expect(assembleClips({ clips, target })).rejects.toMatchObject({
      code: 'tool-missing',
      message: expect.stringMatching(
        /size \(64x36; 48x64\), frame rate \(24; 12\), sound \(aac .*; none\)/,
      ) as string,
      hint: expect.stringContaining('ffmpeg') as string,
    });
    expect(await readFile(target, 'utf8')).toBe('an older cut');
  });

  it('are refused without ffmpeg where an edit list hides frames', async () => {
    for (const name of ['trim-start.mp4', 'trim-end.mp4'] as const) {
      const asked = assembleClips({ clips: [fixturePath(name)], target: folder.path('x.mp4') });
      await expect(asked).rejects.toMatchObject({ code: 'tool-missing' });
    }
  });

  it.skipIf(tool?.ffmpeg === undefined)(
    'are made like the first by ffmpeg (skipped where none is on the PATH)',
    async () => {
      const red: Rgb = [200, 30, 30];
      const green: Rgb = [30, 160, 60];
      const clips = [
        await clip('a.mp4', { width: 64, height: 36, seconds: 1, color: red }),
        await clip('b.mp4', { width: 48, height: 64, seconds: 2, fps: 12, audio: true, color: green }),
        fixturePath('trim-end.mp4'),
      ];
      const target = folder.path('mixed.mp4');
      expect(await assembleClips({ clips, target, tool })).toEqual({
        method: 'ffmpeg',
        duration_s: 3.583,
        letterboxed: [1],
      });
      expect(readFacts(target, 'mp4')).toMatchObject({
        width: 64,
        height: 36,
        fps: 24,
        audio_codec: 'aac',
      });
      expect(await folderNames()).not.toContain('.assemble');

      const seen = [];
      for (const at of [0.5, 2]) {
        const picture = await tool?.readPicture({ file: await still(target, at) });
        const middle = ((picture?.height ?? 0) >> 1) * (picture?.width ?? 0) + ((picture?.width ?? 0) >> 1);
        const pixel = [...(picture?.rgb.subarray(middle * 3, middle * 3 + 3) ?? [])];
        seen.push(pixel.indexOf(Math.max(...pixel)));
      }
      expect(seen).toEqual([0, 1]);
    },
  );

  async function still(file: string, at: number): Promise<string> {
    return folder.write(`still-${at}.png`, (await tool?.extractFrame({ clip: file, at })) ?? '');
  }
});

describe('an assembly that fails', () => {
  it('leaves the older file, and nothing else', async () => {
    const good = await clip('good.mp4', {});
    const target = folder.path('target.mp4');
    await writeFile(target, 'an older cut');
    const page = await folder.write('page.mp4', '<!doctype html>');
    const gone = folder.path('gone.mp4');

    await expect(assembleClips({ clips: [good, page], target })).rejects.toMatchObject({
      code: 'media',
      message: expect.stringContaining('it is an HTML page, not a clip') as string,
    });
    await expect(assembleClips({ clips: [good, gone], target })).rejects.toMatchObject({ code: 'media' });
    await expect(assembleClips({ clips: [], target })).rejects.toMatchObject({ code: 'media' });
    const reason = new Error('stopped by hand');
    await expect(assembleClips({ clips: [good], target, signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );

    expect(await readFile(target, 'utf8')).toBe('an older cut');
    expect((await folderNames()).filter((name) => name.startsWith('.assemble'))).toEqual([]);
  });

  it('says that the disk is to blame, and what helps', async () => {
    const good = await clip('good.mp4', {});
    const blocked = await folder.write('a-file', '');
    await expect(assembleClips({ clips: [good], target: `${blocked}/joined.mp4` })).rejects.toMatchObject({
      code: 'disk',
      message: expect.stringContaining('joined.mp4 could not be written: ') as unknown,
      hint: 'move the file away, then run again',
    });
  });
});

async function folderNames(): Promise<string[]> {
  return readdir(folder.path('.'));
}
