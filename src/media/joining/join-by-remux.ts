import { open } from 'node:fs/promises';
import type { EncodedAudioPacketSource, EncodedPacket, EncodedVideoPacketSource, Output } from 'mediabunny';
import { defined } from '../../domain/defined.js';
import { childBoxes, needBox } from '../containers/mp4-boxes.js';
import { withTracks, type ClipTracks } from './tracks.js';

/**
 * Writes the packets of clips that agree (see join-terms.ts) one after the other into one MP4. Each clip takes exactly
 * as long as its picture; the same clips make the same bytes. Rejects with the signal's reason, or with what mediabunny throws.
 */
export async function joinByRemux(
  clips: readonly string[],
  file: string,
  signal?: AbortSignal,
): Promise<void> {
  const { FilePathTarget, Mp4OutputFormat, Output } = await import('mediabunny');
  const moovs: WrittenMoov[] = [];
  const onMoov = (data: Uint8Array, position: number) => moovs.push({ data, position });
  const output = new Output({
    format: new Mp4OutputFormat({ fastStart: false, onMoov }),
    target: new FilePathTarget(file),
  });
  try {
    let joint: Joint | undefined;
    for (const clip of clips) {
      await withTracks(clip, async (tracks) => {
        joint ??= await begin(output, tracks);
        await append(joint, tracks, signal);
      });
    }
    await output.finalize();
    for (const moov of moovs) await removeDates(file, moov);
  } catch (error) {
    await output.cancel();
    throw error;
  }
}

/** The state of the joined clip. */
interface Joint {
  readonly video: EncodedVideoPacketSource;
  readonly audio: EncodedAudioPacketSource | undefined;
  /** Seconds: where the next clip begins, and where the sound that has been written ends. */
  pictureEnd: number;
  soundEnd: number;
}

async function begin(output: Output, { video, audio }: ClipTracks): Promise<Joint> {
  const { EncodedAudioPacketSource, EncodedVideoPacketSource } = await import('mediabunny');
  const videoCodec = await video.getCodec();
  if (videoCodec === null) throw new Error('a codec that is not known');
  const videoSource = new EncodedVideoPacketSource(videoCodec);
  output.addVideoTrack(videoSource, { rotation: await video.getRotation() });

  const audioCodec = (await audio?.getCodec()) ?? undefined;
  const audioSource = audioCodec === undefined ? undefined : new EncodedAudioPacketSource(audioCodec);
  if (audioSource !== undefined) output.addAudioTrack(audioSource);
  await output.start();
  return { video: videoSource, audio: audioSource, pictureEnd: 0, soundEnd: 0 };
}

async function append(joint: Joint, tracks: ClipTracks, signal: AbortSignal | undefined): Promise<void> {
  const start = joint.pictureEnd - (await leadOf(tracks));
  joint.pictureEnd = await appendPicture(joint, tracks, { start, signal });
  if (joint.audio !== undefined && tracks.audio !== null) await appendSound(joint, tracks, { start, signal });
}

/** Some writers of fragments start all timestamps late: nothing is shown before. Seconds. */
async function leadOf({ video, audio }: ClipTracks): Promise<number> {
  const first = Math.min(await video.getFirstTimestamp(), (await audio?.getFirstTimestamp()) ?? Infinity);
  return Math.max(0, first);
}

interface Stretch {
  /** Where the clip's time zero lies in the joined one. Seconds. */
  readonly start: number;
  readonly signal: AbortSignal | undefined;
}

/** Gives where the picture ends in the joined clip. Seconds. */
async function appendPicture(joint: Joint, { video }: ClipTracks, stretch: Stretch): Promise<number> {
  const { start, signal } = stretch;
  const { EncodedPacketSink } = await import('mediabunny');
  const decoderConfig = (await video.getDecoderConfig()) ?? undefined;
  let end = start;
  for await (const packet of new EncodedPacketSink(video).packets()) {
    signal?.throwIfAborted();
    const timestamp = start + packet.timestamp;
    end = Math.max(end, timestamp + packet.duration);
    await joint.video.add(packet.clone({ timestamp }), defined({ decoderConfig }));
  }
  return end;
}

/**
 * Sound packets are not as long as frames, so a clip's sound ends a little before or after its picture.
 * Within half a packet the sound simply runs on, which no ear can tell; what overlaps by more is left out, and a
 * longer gap stays one. So the sound is never off by more than half a packet, however many clips there are.
 */
async function appendSound(joint: Joint, { audio }: ClipTracks, { start, signal }: Stretch): Promise<void> {
  if (audio === null) return;
  const { EncodedPacketSink } = await import('mediabunny');
  const decoderConfig = (await audio.getDecoderConfig()) ?? undefined;
  for await (const packet of new EncodedPacketSink(audio).packets()) {
    signal?.throwIfAborted();
    const timestamp = placeSound(joint, start, packet);
    if (timestamp === undefined) continue;
    joint.soundEnd = timestamp + packet.duration;
    await joint.audio?.add(packet.clone({ timestamp }), defined({ decoderConfig }));
  }
}

/** Where a sound packet goes in the joined clip; undefined: nowhere. */
function placeSound(joint: Joint, start: number, packet: EncodedPacket): number | undefined {
  const wanted = start + packet.timestamp;
  const half = packet.duration / 2;
  if (wanted < joint.soundEnd - half || wanted > joint.pictureEnd - half) return undefined;
  return wanted <= joint.soundEnd + half ? joint.soundEnd : wanted;
}

/** A `moov` box as it was written, and where: from there, bytes of the file. */
interface WrittenMoov {
  readonly data: Uint8Array;
  readonly position: number;
}

/** Takes the moments of writing out of an MP4, so that the same clips always make the same film. */
async function removeDates(file: string, { data, position }: WrittenMoov): Promise<void> {
  const moov = Buffer.from(data);
  const body = needBox(moov, 'moov');
  clearDates(needBox(body, 'mvhd'));
  for (const { type, body: track } of childBoxes(body)) {
    if (type !== 'trak') continue;
    clearDates(needBox(track, 'tkhd'));
    clearDates(needBox(track, 'mdia', 'mdhd'));
  }
  const handle = await open(file, 'r+');
  try {
    await handle.write(moov, 0, moov.length, position);
  } finally {
    await handle.close();
  }
}

/** Each of these boxes begins with version and flags, creation time and modification time; 0 is not said. */
function clearDates(header: Buffer): void {
  header.fill(0, 4, header[0] === 1 ? 20 : 12);
}
