import { ALL_FORMATS, FilePathSource, Input } from 'mediabunny';
import { describe, expect, it } from 'vitest';
import type { MediaFacts } from '../../src/domain/attempt.js';
import { readFacts } from '../../src/media/facts.js';
import { makeClip } from '../helpers/clips.js';
import { fixture, fixturePath, FIXTURES, useFolder, type Fixture } from './samples.js';

const folder = useFolder();

const H264: MediaFacts = {
  container: 'mp4',
  duration_s: 1,
  width: 64,
  height: 36,
  video_codec: 'h264',
  fps: 25,
};
const WEBM: MediaFacts = { ...H264, container: 'webm', video_codec: 'vp8' };

const EXPECTED: Readonly<Record<Fixture, MediaFacts>> = {
  'bframes.mp4': H264,
  'fragmented.mp4': H264,
  'long-audio.mp4': { ...H264, audio_codec: 'aac' },
  // Decode times are even less even than the frames: the mean is what the file tells.
  'vfr.mp4': { ...H264, duration_s: 0.96, fps: 4.167 },
  'rotated.mp4': { ...H264, width: 36, height: 64 },
  'sar.mp4': { ...H264, width: 128 },
  'trim-start.mp4': { ...H264, duration_s: 0.8 },
  'trim-end.mp4': { ...H264, duration_s: 0.6 },
  'vp9.webm': { ...WEBM, video_codec: 'vp9', audio_codec: 'opus' },
  'live.webm': WEBM,
};

describe('readFacts', () => {
  it.each(FIXTURES)('reads %s', (name) => {
    const expected = EXPECTED[name];
    expect(readFacts(fixturePath(name), expected.container)).toEqual(expected);
  });

  it.each(['end', 'start', 'fragments'] as const)('reads a clip with its index at the %s', async (layout) => {
    const clip = await makeClip({ layout, audio: true, seconds: 1.5, fps: 24, width: 80, height: 60 });
    expect(readFacts(await folder.write('made.mp4', clip), 'mp4')).toEqual({
      container: 'mp4',
      duration_s: 1.5,
      width: 80,
      height: 60,
      video_codec: 'h264',
      fps: 24,
      audio_codec: 'aac',
    });
  });

  it.each(FIXTURES)('agrees with mediabunny on the size of %s', async (name) => {
    const input = new Input({ source: new FilePathSource(fixturePath(name)), formats: ALL_FORMATS });
    const video = await input.getPrimaryVideoTrack();
    const { container, width, height } = EXPECTED[name];
    expect(readFacts(fixturePath(name), container)).toMatchObject({
      width: await video?.getDisplayWidth(),
      height: await video?.getDisplayHeight(),
    });
    expect([width, height]).toEqual([await video?.getDisplayWidth(), await video?.getDisplayHeight()]);
    input.dispose();
  });

  it('has the odd rates of television to a thousandth', async () => {
    const clip = fixture('bframes.mp4');
    // 24000/1001 frames a second: the timescale of the track's own header, and the length of its samples.
    const header = clip.indexOf('mdhd', clip.indexOf('trak'));
    clip.writeUInt32BE(24_000, header + 16);
    const times = clip.indexOf('stts');
    clip.writeUInt32BE(1001, times + 16);
    clip.write('skip', clip.indexOf('edts'));
    const facts = readFacts(await folder.write('ntsc.mp4', clip), 'mp4');
    expect(facts).toMatchObject({ fps: 23.976, duration_s: 1.043 });
  });

  const WIDE = { width: 128, height: 36 };
  it.each([
    ['a pixel shape of 0:0', 'sar.mp4', ['pasp', 4, 0], WIDE],
    ['a pixel shape of 2:0', 'sar.mp4', ['pasp', 8, 0], WIDE],
    ['a pixel shape and no coded size', 'sar.mp4', ['avc1', 28, 0], WIDE],
    ['more edits than it holds', 'bframes.mp4', ['elst', 8, 9], {}],
    ['nothing but an empty edit', 'bframes.mp4', ['elst', 16, 0xffff_ffff], {}],
  ] as const)('reads a clip that gives %s', async (_, name, [box, offset, value], expected) => {
    const clip = fixture(name);
    clip.writeUInt32BE(value, clip.indexOf(box, clip.indexOf('moov')) + offset);
    const facts = readFacts(await folder.write('odd.mp4', clip), 'mp4');
    expect(facts).toEqual({ ...H264, ...expected });
  });

  it('finds no clip in sound alone', async () => {
    const clip = fixture('long-audio.mp4');
    clip.write('text', clip.indexOf('vide', clip.indexOf('hdlr')));
    const path = await folder.write('sound.mp4', clip);
    expect(() => readFacts(path, 'mp4')).toThrow('without a video track');
  });

  it('says that a clip is of the other container', () => {
    expect(() => readFacts(fixturePath('vp9.webm'), 'mp4')).toThrow('in a webm container, not mp4');
  });
});
