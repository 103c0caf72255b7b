import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadEncoder } from '../../src/sandbox/pictures/h264.js';

export type Rgb = readonly [red: number, green: number, blue: number];

/** What a test wants its clip to be; every field has a small default. */
interface ClipWish {
  /** Pixels, even. */
  readonly width?: number;
  readonly height?: number;
  readonly seconds?: number;
  readonly fps?: number;
  /** Every frame is a key frame: the encoder does not say which are, and players then seek to the wrong one. */
  readonly seeks?: boolean;
  /** Adds a silent AAC track as long as the picture. */
  readonly audio?: boolean;
  /** One colour for all frames, or the colour of each frame by its number. */
  readonly color?: Rgb | ((frame: number) => Rgb);
  /** `end`: moov after mdat; `start`: before it; `fragments`: a fragmented file. */
  readonly layout?: 'end' | 'start' | 'fragments';
}

const made = new Map<string, Promise<Buffer>>();

/**
 * A real H.264 MP4 of one colour, or of one colour a frame: a few kB, some 10 ms to make.
 * The same wish gives the same bytes; clips without a colour function are made once in a run of the tests.
 */
export async function makeClip(wish: ClipWish = {}): Promise<Buffer> {
  if (typeof wish.color === 'function') return encode(wish);
  const key = JSON.stringify(wish, Object.keys(wish).sort());
  let clip = made.get(key);
  if (clip === undefined) {
    clip = madeOnce(key, wish);
    made.set(key, clip);
  }
  // A copy, so that a test may spoil its own.
  return Buffer.from(await clip);
}

/** A clip such as the shots of `makeProject` order unless they say otherwise: 4 s at 720p, in as few frames as will do. */
export function orderedClip(wish: Pick<ClipWish, 'color' | 'seconds'> = {}): Promise<Buffer> {
  return makeClip({ width: 1280, height: 720, seconds: 4, fps: 1, ...wish });
}

/** Where the workers of a run of the tests share a folder, each finds there what another has made. */
async function madeOnce(key: string, wish: ClipWish): Promise<Buffer> {
  const folder = process.env['TEST_CLIPS_FOLDER'];
  if (folder === undefined) return encode(wish);
  const path = join(folder, `${createHash('sha256').update(key).digest('hex').slice(0, 16)}.mp4`);
  const found = await readFile(path).catch(() => undefined);
  if (found !== undefined) return found;
  const clip = await encode(wish);
  await mkdir(folder, { recursive: true });
  // Whoever finds it must find all of it.
  await writeFile(`${path}.${process.pid}`, clip);
  await rename(`${path}.${process.pid}`, path);
  return clip;
}

async function encode(wish: ClipWish): Promise<Buffer> {
  const { width = 64, height = 36, seconds = 1, fps = 24, color = [40, 90, 160], layout = 'end' } = wish;
  const encoder = await loadEncoder().createH264MP4Encoder();
  encoder.width = width;
  encoder.height = height;
  encoder.frameRate = fps;
  encoder.speed = 10;
  encoder.groupOfPictures = wish.seeks === true ? 1 : fps;
  encoder.quantizationParameter = 24;
  encoder.initialize();
  const frames = Math.round(seconds * fps);
  let picture: Uint8Array | undefined;
  for (let frame = 0; frame < frames; frame += 1) {
    if (typeof color === 'function') picture = plainYuv(width, height, color(frame));
    else picture ??= plainYuv(width, height, color);
    encoder.addFrameYuv(picture);
  }
  encoder.finalize();
  const bytes = Buffer.from(encoder.FS.readFile(encoder.outputFilename, { encoding: 'binary' }));
  encoder.FS.unlink(encoder.outputFilename);
  encoder.delete();
  return wish.audio === true || layout !== 'end'
    ? remux(bytes, { audio: wish.audio === true, layout, seconds })
    : bytes;
}

/** One colour in planar YUV 4:2:0, BT.601, limited range: what players assume of a small clip. */
function plainYuv(width: number, height: number, [red, green, blue]: Rgb): Uint8Array {
  const luma = 16 + (65.738 * red + 129.057 * green + 25.064 * blue) / 256;
  const u = 128 + (-37.945 * red - 74.494 * green + 112.439 * blue) / 256;
  const v = 128 + (112.439 * red - 94.154 * green - 18.285 * blue) / 256;
  const pixels = width * height;
  return new Uint8Array((pixels * 3) / 2)
    .fill(Math.round(luma), 0, pixels)
    .fill(Math.round(u), pixels, (pixels * 5) / 4)
    .fill(Math.round(v), (pixels * 5) / 4);
}

/** A silent stereo AAC-LC frame of 1,024 samples at 48 kHz. */
const SILENCE = Uint8Array.of(0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c);
const SILENCE_SECONDS = 1024 / 48_000;

async function remux(
  clip: Buffer,
  { audio, layout, seconds }: { audio: boolean; layout: NonNullable<ClipWish['layout']>; seconds: number },
): Promise<Buffer> {
  const bunny = await import('mediabunny');
  const input = new bunny.Input({ source: new bunny.BufferSource(clip), formats: [bunny.MP4] });
  const track = await input.getPrimaryVideoTrack();
  if (track === null) throw new Error('the encoder made no video track');

  const fastStart = { end: false, start: 'in-memory', fragments: 'fragmented' } as const;
  const target = new bunny.BufferTarget();
  const output = new bunny.Output({
    format: new bunny.Mp4OutputFormat({ fastStart: fastStart[layout] }),
    target,
  });
  const video = new bunny.EncodedVideoPacketSource('avc');
  output.addVideoTrack(video);
  const sound = new bunny.EncodedAudioPacketSource('aac');
  if (audio) output.addAudioTrack(sound);
  await output.start();

  const decoderConfig = await track.getDecoderConfig();
  const meta = decoderConfig === null ? {} : { decoderConfig };
  for await (const packet of new bunny.EncodedPacketSink(track).packets()) await video.add(packet, meta);
  video.close();
  if (audio) {
    const config = {
      codec: 'mp4a.40.2',
      sampleRate: 48_000,
      numberOfChannels: 2,
      description: Uint8Array.of(0x11, 0x90),
    };
    for (let index = 0; index * SILENCE_SECONDS < seconds; index += 1) {
      const packet = new bunny.EncodedPacket(SILENCE, 'key', index * SILENCE_SECONDS, SILENCE_SECONDS);
      await sound.add(packet, { decoderConfig: config });
    }
    sound.close();
  }
  await output.finalize();
  if (target.buffer === null) throw new Error('the muxer wrote nothing');
  return Buffer.from(target.buffer);
}
