import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

import { decodeImage, type Pixels } from '../../src/media/decode-image.js';
import { makeClip, type ClipOrder } from '../../src/sandbox/pictures/clip.js';
import { loadEncoder } from '../../src/sandbox/pictures/h264.js';
import { coverWith, encodePicture } from '../../src/sandbox/pictures/picture.js';
import { drawStill } from '../../src/sandbox/pictures/still.js';
import { sampleOf, volume } from '../helpers/long-pass.js';
import { temporaryFolder } from './sandbox-client.js';

const run = promisify(execFile);

const SLATE = {
  model: 'google/veo-3.1',
  prompt: 'A ferry leaves',
  job: 'job-1',
  hue: 200,
  fields: [],
  images: [],
};

const SMALL = { width: 320, height: 180 };

async function fileOf(order: Partial<ClipOrder>): Promise<string> {
  const clip = await makeClip({ ...SMALL, seconds: 1, audio: false, slate: SLATE, ...order });
  const path = join(await temporaryFolder(), 'clip.mp4');
  await writeFile(path, clip);
  return path;
}

interface Probed {
  readonly streams: readonly {
    readonly codec_name: string;
    readonly width?: number;
    readonly height?: number;
    readonly nb_read_packets: string;
    readonly avg_frame_rate: string;
    readonly duration: string;
  }[];
  readonly format: { readonly duration: string };
}

async function probe(path: string): Promise<Probed> {
  const { stdout } = await run('ffprobe', [
    ...['-v', 'error', '-count_packets', '-show_streams', '-show_format', '-of', 'json'],
    path,
  ]);
  return JSON.parse(stdout) as Probed;
}

/** The frames with these numbers, in rising order, of a clip of this size, as they are shown. */
async function framesOf(
  path: string,
  {
    frames,
    width,
    height,
  }: { readonly frames: readonly number[]; readonly width: number; readonly height: number },
): Promise<Pixels[]> {
  const wanted = frames.map((frame) => `eq(n\\,${frame})`).join('+');
  const { stdout } = await run(
    'ffmpeg',
    [
      ...['-v', 'error', '-i', path, '-vf', `select=${wanted}`, '-fps_mode', 'passthrough'],
      ...['-f', 'rawvideo', '-pix_fmt', 'rgba', '-'],
    ],
    { encoding: 'buffer', maxBuffer: 1e9 },
  );
  const size = width * height * 4;
  expect(stdout.length).toBe(frames.length * size);
  return frames.map((_, index) => ({
    width,
    height,
    rgba: stdout.subarray(index * size, (index + 1) * size),
  }));
}

/** The first frame of a small clip. */
async function openingOf(path: string): Promise<Pixels | undefined> {
  return (await framesOf(path, { ...SMALL, frames: [0] }))[0];
}

/** Peak signal-to-noise ratio over red, green and blue, in dB; above 35 the eye sees no difference. */
function psnr(a: Pixels | undefined, b: Pixels | undefined): number {
  if (!a || !b) throw new Error('there is no picture');
  expect([a.width, a.height]).toEqual([b.width, b.height]);
  let squares = 0;
  for (let at = 0; at < a.rgba.length; at++) {
    if (at % 4 !== 3) squares += ((a.rgba[at] ?? 0) - (b.rgba[at] ?? 0)) ** 2;
  }
  return 10 * Math.log10(255 ** 2 / Math.max(1e-9, squares / ((a.rgba.length * 3) / 4)));
}

describe('a clip', () => {
  it.each(
    sampleOf<readonly [width: number, height: number, seconds: number]>([
      [480, 480, 5],
      [854, 480, 4],
      [1280, 720, 4],
      [720, 1280, 1],
      [1470, 630, 30],
      [1920, 1080, 1],
      [2, 2, 1],
      [3840, 2160, 2],
      [720, 1280, 6],
    ]),
  )('of %i × %i and %i s has just that size and length', async (width, height, seconds) => {
    const { streams, format } = await probe(await fileOf({ width, height, seconds }));
    expect(streams).toHaveLength(1);
    expect(streams[0]).toMatchObject({ codec_name: 'h264', width, height, avg_frame_rate: '24/1' });
    expect(Number(streams[0]?.nb_read_packets)).toBe(seconds * 24);
    expect(Number(format.duration)).toBe(seconds);
  });

  it('has a silent track where sound is asked for, and no longer for it', async () => {
    const path = await fileOf({ seconds: 4, audio: true });
    const { streams, format } = await probe(path);
    expect(streams.map(({ codec_name }) => codec_name)).toEqual(['h264', 'aac']);
    expect(Number(format.duration)).toBe(4);
    expect(Number(streams[1]?.duration)).toBeGreaterThan(3.9);
    const { stderr } = await run('ffmpeg', [
      '-v',
      'info',
      '-i',
      path,
      '-af',
      'volumedetect',
      '-f',
      'null',
      '-',
    ]);
    expect(stderr).toContain('max_volume: -91.0 dB');
  });

  it('decodes from end to end without a complaint', async () => {
    const path = await fileOf({ width: 640, height: 360, seconds: 3, audio: true });
    const { stderr } = await run('ffmpeg', ['-v', 'warning', '-xerror', '-i', path, '-f', 'null', '-']);
    expect(stderr).toBe('');
  });

  it('has its index before its data, so that it plays while it loads', async () => {
    const clip = Buffer.from(
      await makeClip({ width: 64, height: 64, seconds: 1, audio: false, slate: SLATE }),
    );
    expect(clip.indexOf('moov')).toBeLessThan(clip.indexOf('mdat'));
  });

  it('can be entered every two seconds', async () => {
    const path = await fileOf({ seconds: 9 });
    const { stdout } = await run('ffprobe', [
      ...['-v', 'error', '-skip_frame', 'nokey', '-show_entries', 'frame=pts_time', '-of', 'csv=p=0'],
      path,
    ]);
    const keys = stdout
      .trim()
      .split(/[\s,]+/)
      .map(Number);
    const gaps = [...keys.slice(1), 9].map((time, index) => time - (keys[index] ?? 0));
    expect(keys[0]).toBe(0);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(2);
  });

  it('tells its slate apart from that of another colour or prompt', async () => {
    const first = await openingOf(await fileOf({}));
    const other = await openingOf(await fileOf({ slate: { ...SLATE, hue: 20 } }));
    const another = await openingOf(await fileOf({ slate: { ...SLATE, prompt: 'A ferry returns' } }));
    expect(psnr(first, other)).toBeLessThan(25);
    expect(psnr(first, another)).toBeLessThan(35);
  });

  it('survives any prompt, in any shape', async () => {
    const prompt = `Ärger 日本語 🦊 ${'verylongword'.repeat(40)} ${'and more '.repeat(300)}`;
    const images = Array.from({ length: 14 }, (_, index) => ({ label: `REFERENCE ${index}` }));
    const fields = [{ label: 'SEED', value: '9'.repeat(300) }];
    for (const [width, height] of [
      [16, 16],
      [480, 2000],
      [2000, 100],
    ] as const) {
      const path = await fileOf({ width, height, slate: { ...SLATE, prompt, images, fields } });
      expect((await probe(path)).streams[0]).toMatchObject({ width, height });
    }
    await expect(fileOf({ slate: { ...SLATE, prompt: '', model: '', job: '' } })).resolves.toBeTruthy();
  });
});

describe('a clip between frames', () => {
  const dusk = drawStill('dusk', { width: 960, height: 540 });
  const dawn = drawStill('dawn', { width: 640, height: 640 });

  it('opens on the first image and ends on the last, scaled to cover', async () => {
    const size = volume({ short: { width: 640, height: 360 }, long: { width: 1280, height: 720 } });
    const path = await fileOf({ ...size, seconds: 4, first: dusk, last: dawn });
    const [opening, middle, ending] = await framesOf(path, { ...size, frames: [0, 48, 95] });
    const [toDusk, toDawn] = [dusk, dawn].map((still) => coverWith(still, size.width, size.height));
    expect(psnr(opening, toDusk)).toBeGreaterThan(38);
    expect(psnr(ending, toDawn)).toBeGreaterThan(38);
    expect(psnr(middle, toDusk)).toBeLessThan(20);
  });

  it('shows just the one it is given', async () => {
    const covering = coverWith(dusk, SMALL.width, SMALL.height);
    const psnrOfEnds = async (path: string) =>
      (await framesOf(path, { ...SMALL, frames: [0, 23] })).map((frame) => psnr(frame, covering));
    const [first, then] = await psnrOfEnds(await fileOf({ first: dusk }));
    expect(first).toBeGreaterThan(35);
    expect(then).toBeLessThan(20);
    const [before, last] = await psnrOfEnds(await fileOf({ last: dusk }));
    expect(before).toBeLessThan(20);
    expect(last).toBeGreaterThan(35);
  });
});

describe('scaling to cover', () => {
  it('keeps the middle, and a plain colour plain', () => {
    const halves = drawHalves(200, 100);
    const square = coverWith(halves, 50, 50);
    expect([square.width, square.height]).toEqual([50, 50]);
    expect(redAt(square, 0)).toBe(0);
    expect(redAt(square, 49)).toBe(200);
    expect(redAt(square, 20)).toBe(0);
    expect(redAt(square, 30)).toBe(200);
    expect(redAt(coverWith(halves, 800, 400), 799)).toBe(200);
  });

  it('brings pictures through PNG unchanged', async () => {
    const still = drawStill('harbour', { width: 64, height: 36 });
    const back = await decodeImage(await encodePicture(still, 'image/png'));
    expect(back && psnr(back, still)).toBeGreaterThan(90);
  });
});

/** Black on the left, red on the right. */
function drawHalves(width: number, height: number): Pixels {
  const rgba = new Uint8Array(width * height * 4).fill(255);
  for (let at = 0; at < rgba.length; at += 4) rgba.set([(at / 4) % width < width / 2 ? 0 : 200, 0, 0], at);
  return { width, height, rgba };
}

/** The red of a pixel in the middle row. */
function redAt({ width, height, rgba }: Pixels, x: number): number | undefined {
  return rgba[((height >> 1) * width + x) * 4];
}

describe('the encoder', () => {
  it('leaves it to the process what happens when it dies', () => {
    const { cache, resolve } = createRequire(import.meta.url);
    // So that it is loaded as for the first time.
    Reflect.deleteProperty(cache, resolve('h264-mp4-encoder'));
    const listeners = () => process.eventNames().map((name) => [name, process.rawListeners(name)]);
    const before = listeners();
    loadEncoder();
    expect(resolve('h264-mp4-encoder') in cache).toBe(true);
    expect(listeners()).toEqual(before);
  });
});
