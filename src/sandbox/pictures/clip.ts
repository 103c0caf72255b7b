import type { Pixels } from '../../media/decode-image.js';
import { encodeStills, type KeyPicture } from './h264.js';
import { coverWith } from './picture.js';
import { drawSlate, withProgress, type Slate } from './slate.js';

/** What a clip shows. */
export interface ClipOrder {
  /** Pixels, even. */
  readonly width: number;
  readonly height: number;
  /** Whole. */
  readonly seconds: number;
  /** With a silent track, so that programs that look for sound find some. */
  readonly audio: boolean;
  readonly slate: Slate;
  /** The clip starts on exactly this picture, scaled to cover. */
  readonly first?: Pixels | undefined;
  /** The clip ends on it. */
  readonly last?: Pixels | undefined;
}

/**
 * Makes an H.264 MP4 of exactly the length and size ordered, at 24 frames a second, with its index at the front
 * so that it plays while it loads: the first frame, the slate, the last frame, as far as they are given.
 */
export async function makeClip(order: ClipOrder): Promise<Uint8Array<ArrayBuffer>> {
  const frameCount = order.seconds * FRAMES_PER_SECOND;
  const stream = await encodeStills(arrange(order, frameCount), frameCount);
  const bunny = await import('mediabunny');

  const target = new bunny.BufferTarget();
  const output = new bunny.Output({ format: new bunny.Mp4OutputFormat({ fastStart: 'in-memory' }), target });
  const video = new bunny.EncodedVideoPacketSource('avc');
  const audio = new bunny.EncodedAudioPacketSource('aac');
  output.addVideoTrack(video, { frameRate: FRAMES_PER_SECOND });
  if (order.audio) output.addAudioTrack(audio);
  await output.start();

  const decoderConfig = {
    codec: avcCodec(stream.description),
    codedWidth: order.width,
    codedHeight: order.height,
    description: stream.description,
    colorSpace: ENCODER_COLOURS,
  };
  const frameSeconds = 1 / FRAMES_PER_SECOND;
  for (const [index, { data, isKey }] of stream.frames.entries()) {
    const packet = new bunny.EncodedPacket(data, isKey ? 'key' : 'delta', index * frameSeconds, frameSeconds);
    await video.add(packet, { decoderConfig });
  }
  // Whole audio frames that do not outlast the picture, which would make the clip longer than ordered.
  const silences = order.audio ? Math.floor(order.seconds / SILENCE_SECONDS) : 0;
  for (let index = 0; index < silences; index++) {
    const packet = new bunny.EncodedPacket(SILENCE, 'key', index * SILENCE_SECONDS, SILENCE_SECONDS);
    await audio.add(packet, { decoderConfig: SILENCE_CONFIG });
  }
  await output.finalize();
  if (!target.buffer) throw new Error('the muxer wrote nothing');
  return new Uint8Array(target.buffer);
}

const FRAMES_PER_SECOND = 24;

/** The matrix that the encoder turns RGB into YUV by. Unless the file says so, players guess another for HD. */
const ENCODER_COLOURS = {
  primaries: 'smpte170m',
  transfer: 'smpte170m',
  matrix: 'smpte170m',
  fullRange: false,
} as const;

/** A silent stereo frame of AAC-LC: 1,024 samples at 48 kHz. */
const SILENCE = Uint8Array.of(0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c);
const SILENCE_SECONDS = 1024 / 48_000;
const SILENCE_CONFIG = {
  codec: 'mp4a.40.2',
  numberOfChannels: 2,
  sampleRate: 48_000,
  description: Uint8Array.of(0x11, 0x90),
};

/** The pictures, and the frame from which each is shown. */
function arrange(order: ClipOrder, frameCount: number): KeyPicture[] {
  const { width, height, first, last, slate } = order;
  // Given pictures get a third of the clip each.
  const third = Math.floor(frameCount / 3);
  const start = first ? third : 0;
  const end = last ? frameCount - third : frameCount;

  const pictures: KeyPicture[] = [];
  if (first) pictures.push({ frame: 0, picture: coverWith(first, width, height) });
  const base = drawSlate({ width, height }, slate);
  const steps = progressSteps({ pixels: width * height, frames: end - start });
  for (let step = 0; step < steps; step++) {
    const frame = start + Math.floor(((end - start) * step) / steps);
    const part = (frame + (end - start) / steps) / frameCount;
    pictures.push({ frame, picture: withProgress(base, slate.hue, part) });
  }
  if (last) pictures.push({ frame: end, picture: coverWith(last, width, height) });
  return pictures;
}

/** How often the slate's line moves: twice a second, or as often as is encoded in about a tenth of a second. */
function progressSteps(slate: { readonly pixels: number; readonly frames: number }): number {
  const affordable = Math.floor(PIXELS_IN_A_TENTH_OF_A_SECOND / slate.pixels);
  return Math.max(1, Math.min(affordable, Math.floor(slate.frames / 12)));
}

const PIXELS_IN_A_TENTH_OF_A_SECOND = 3_000_000;

/** `avc1.` and the profile, its constraints and the level, as the avcC record has them. */
function avcCodec(description: Uint8Array): string {
  return `avc1.${Buffer.from(description.subarray(1, 4)).toString('hex')}`;
}
