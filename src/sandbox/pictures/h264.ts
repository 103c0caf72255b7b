import { createRequire } from 'node:module';
import type * as Encoder from 'h264-mp4-encoder';
import type { Pixels } from '../../media/decode-image.js';

/** A picture and the number of the frame from which it is shown. */
export interface KeyPicture {
  readonly frame: number;
  readonly picture: Pixels;
}

/**
 * Encodes a film of stills. Each picture is encoded once, as a key frame; the frames in between say "as before"
 * in a dozen bytes, which costs no encoding at all. Pictures are all of one size, with even sides, in the order
 * of their frames, the first at frame 0. A still that stands for long is sent again every two seconds, so that
 * players can seek. `description` is what a decoder must know beforehand (an avcC record).
 */
export async function encodeStills(pictures: readonly KeyPicture[], frameCount: number) {
  const { description, packets, size } = await encodePictures(pictures.map(({ picture }) => picture));
  const frames: { data: Uint8Array; isKey: boolean }[] = [];
  let current: Uint8Array | undefined;
  let sinceKey = 0;
  let next = 0;
  for (let frame = 0; frame < frameCount; frame++) {
    const isNew = pictures[next]?.frame === frame;
    if (isNew) current = packets[next++];
    if (current && (isNew || sinceKey === LONGEST_GROUP)) {
      frames.push({ data: current, isKey: true });
      sinceKey = 1;
    } else {
      frames.push({ data: unchangedFrame(size, sinceKey), isKey: false });
      sinceKey++;
    }
  }
  return { description, frames };
}

/** Frames from one key frame to the next: two seconds. */
const LONGEST_GROUP = 48;

/** Every picture as a key frame. The encoder writes an MP4 of its own, from which the packets are taken. */
async function encodePictures(pictures: readonly Pixels[]) {
  const [first] = pictures;
  if (!first) throw new RangeError('a stream needs at least one picture');
  const mediabunny = await import('mediabunny');
  const encoder = await loadEncoder().createH264MP4Encoder();
  encoder.width = first.width;
  encoder.height = first.height;
  encoder.frameRate = 24;
  encoder.speed = 10;
  encoder.quantizationParameter = 21;
  encoder.groupOfPictures = 1;
  encoder.initialize();
  for (const { rgba } of pictures) encoder.addFrameRgba(rgba);
  encoder.finalize();
  const file = encoder.FS.readFile(encoder.outputFilename, { encoding: 'binary' });
  // The encoder's file system outlives the encoder.
  encoder.FS.unlink(encoder.outputFilename);
  encoder.delete();

  const input = new mediabunny.Input({
    source: new mediabunny.BufferSource(file),
    formats: mediabunny.ALL_FORMATS,
  });
  const track = await input.getPrimaryVideoTrack();
  const config = await track?.getDecoderConfig();
  if (!track || !(config?.description instanceof Uint8Array))
    throw new Error('the encoder wrote no H.264 track');
  const packets: Uint8Array[] = [];
  for await (const packet of new mediabunny.EncodedPacketSink(track).packets()) packets.push(packet.data);
  return { description: config.description, packets, size: first };
}

const require = createRequire(import.meta.url);

/**
 * The encoder, without the handlers that it installs when it is loaded: with those, a process that dies of anything
 * prints 438 kB of the encoder first. `require` loads it in one go, so that only its own listeners can be new after it.
 */
export function loadEncoder(): typeof Encoder {
  const events: NodeJS.EventEmitter = process;
  const before = new Map(events.eventNames().map((name) => [name, events.listeners(name)]));
  const library = require('h264-mp4-encoder') as typeof Encoder;
  for (const name of events.eventNames()) {
    for (const listener of events.listeners(name) as (() => void)[])
      if (!before.get(name)?.includes(listener)) events.off(name, listener);
  }
  return library;
}

/**
 * A P frame in which every macroblock is skipped: the picture before it, again. `sinceKey` counts the frames
 * from the last key frame. The fields follow ITU-T H.264 7.3.3 for the parameter sets that h264-mp4-encoder
 * writes: CAVLC, one slice, `log2_max_frame_num` 5, `pic_order_cnt_type` 2 (which allows no two unreferenced
 * frames in a row, so these are referenced), deblocking controlled by the slice.
 */
function unchangedFrame(
  size: { readonly width: number; readonly height: number },
  sinceKey: number,
): Uint8Array {
  const macroblocks = Math.ceil(size.width / 16) * Math.ceil(size.height / 16);
  const bits = [
    '0_01_00001', // a referenced slice that is not of a key frame
    golomb(0), // first_mb_in_slice
    golomb(5), // slice_type: P, as are all slices of the frame
    golomb(0), // pic_parameter_set_id
    (sinceKey % 32).toString(2).padStart(5, '0'), // frame_num
    '0', // num_ref_idx_active_override_flag
    '0', // ref_pic_list_modification_flag_l0
    '0', // adaptive_ref_pic_marking_mode_flag
    golomb(0), // slice_qp_delta
    golomb(1), // disable_deblocking_filter_idc: off
    golomb(macroblocks), // mb_skip_run
    '1', // the end, after which zeros fill the byte
  ];
  const text = bits.join('').replaceAll('_', '');
  // No run of zero bits here is long enough for two zero bytes and a small third, which would need escaping.
  const unit = text.match(/.{1,8}/g)?.map((byte) => parseInt(byte.padEnd(8, '0'), 2)) ?? [];
  return Uint8Array.of(0, 0, 0, unit.length, ...unit);
}

/** An unsigned Exp-Golomb code, as bits. */
function golomb(value: number): string {
  const bits = (value + 1).toString(2);
  return '0'.repeat(bits.length - 1) + bits;
}
