import { ageOf } from '../../clock.js';
import { outputsOf, type Attempt, type Output } from '../../domain/attempt.js';
import { frameSize } from '../../domain/dimensions.js';
import { defined } from '../../domain/defined.js';
import type { Take } from '../../domain/take.js';
import { unreachable } from '../../errors.js';
import type { ClipUrl, DownloadOutcome } from '../../gateway/outcomes.js';
import { adoptPart, discardPart } from '../../gateway/part-note.js';
import { largestClipBytes } from '../../media/largest-clip.js';
import { verifyClip, type VerifiedClip, type WantedClip } from '../../media/verify.js';
import { backoffMs, clipAddresses, INTERRUPTED, type ClipSource } from './clip-addresses.js';
import { about, unlessStopped, type WorkTools } from './tools.js';

/** After so many rounds through all addresses of a clip with next to no progress, this run leaves it to the next one. */
const ROUNDS = 5;
/** A round that brings so much counts as progress. */
const PROGRESS_BYTES = 64 * 1024;
/** If a gateway says for so many rounds that a clip is gone, it is believed. */
const GONE_ROUNDS = 2;
/** A clip that is too large takes long to download, and will hardly be smaller the next time. */
const TOO_LARGE_ROUNDS = 1;
const GONE_WAIT_MS = 2000;
/** But not so soon after the end of its job: the clip may not be at its address yet. */
const GRACE_MS = 30_000;
/** How often a download checks whether the disk has room for more. */
const LOOK_EVERY_BYTES = 1024 * 1024;
/** Onlookers hear of a download this often at most. */
const PROGRESS_EVERY_MS = 250;

/** An order to fetch the clips of a finished job. */
export interface Delivery extends ClipSource {
  /** The take the clips are for; absent if they no longer serve one. */
  readonly take: Take | undefined;
  /** The clip in the store is damaged. */
  readonly isDamaged: boolean;
}

/** A clip, whole in its part. */
export interface FetchedClip {
  readonly kind: 'fetched';
  readonly part: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly clip: Extract<VerifiedClip, { ok: true }>;
  /** The record of the same output of the job, from before the store lost it. */
  readonly before?: Output;
  /** What a person has to know about the clip. */
  readonly warning?: string;
}

/** A clip that the store has already: another output of its job was missing. */
export interface KeptClip {
  readonly kind: 'kept';
  readonly output: Output;
}

/** Why there is no clip. */
interface NoClip {
  /** waiting: the next run may have more luck; unusable: all its addresses bring something else, or a refusal. */
  readonly kind: 'waiting' | 'unusable' | 'gone';
  readonly message: string;
}

/**
 * Fetches all clips of a job into their `.part`s, and checks each to its last byte. `gone`: the gateway has none of
 * them any more; `waiting`: not now.
 */
export async function fetchClips(
  tools: WorkTools,
  delivery: Delivery,
): Promise<
  | { readonly kind: 'fetched'; readonly clips: readonly (FetchedClip | KeptClip)[] }
  | { readonly kind: 'waiting' | 'gone'; readonly message: string }
> {
  const found = await tools.downloads(() => clipAddresses(tools, delivery));
  if ('kind' in found) return found;
  const before = outputsOf(delivery.attempt);
  const clips: (FetchedClip | KeptClip)[] = [];
  const missing: NoClip[] = [];
  for (const [index, address] of found.entries()) {
    const output = before[index];
    if (output && !delivery.isDamaged && (await tools.clips.stat(output.sha256))) {
      clips.push({ kind: 'kept', output });
      continue;
    }
    const clip = await fetchClip(tools, delivery, { index, address });
    if (clip.kind === 'waiting') return { kind: 'waiting', message: clip.message };
    if (clip.kind !== 'fetched') missing.push(clip);
    // The order of outputs says which is which only if all of them are on record.
    else
      clips.push(before[index] && before.length === found.length ? { ...clip, before: before[index] } : clip);
  }
  const [first] = missing;
  const [clip, ...others] = clips;
  if (!first) return { kind: 'fetched', clips };
  if (!clip) {
    return missing.every(({ kind }) => kind === 'gone')
      ? { kind: 'gone', message: first.message }
      : { kind: 'waiting', message: `${first.message}; the next run fetches it again` };
  }
  const warning = `${missing.length} of the job's ${found.length} clips could not be fetched: ${first.message}`;
  const warned: FetchedClip | KeptClip =
    clip.kind === 'fetched'
      ? { ...clip, warning }
      : { ...clip, output: { ...clip.output, warnings: [warning, ...clip.output.warnings] } };
  return { kind: 'fetched', clips: [warned, ...others] };
}

/** What a try at one address brought instead of a clip. */
type Failure =
  | Exclude<DownloadOutcome, { kind: 'downloaded' }>
  /** All of it came, and it cannot be played. */
  | { readonly kind: 'not_whole'; readonly message: string };

/**
 * Fetches one clip from any of its addresses. Any fault may pass: it tries each address, then after a pause those that a
 * fresh poll gives, for some rounds. The last fault decides only what is reported in the end.
 */
async function fetchClip(
  tools: WorkTools,
  { attempt, job, gateway, take }: Delivery,
  { index, address: first }: { readonly index: number; readonly address: ClipUrl },
): Promise<FetchedClip | NoClip> {
  const { clips, control, clock, downloads } = tools;
  const { part, left } = await clips.openPart(attempt.id, index);
  if (left !== undefined) await adoptPart(left, part);
  const tell = progressOf(tools, take);
  const endedAgoMs = ageOf(clock, attempt.times.completed);
  const maxBytes = largestClipBytes(attempt.request);
  let address = first;
  let reachedBytes = 0;
  let lookedAtBytes = 0;
  let countedBytes = 0;

  const tryAddress = async (): Promise<FetchedClip | Failure | undefined> => {
    const download = () => {
      clips.assertThere();
      return gateway.download({
        source: address,
        target: part,
        identity: `${job.id} ${index}`,
        maxBytes,
        signal: control.working,
        onProgress(bytes, totalBytes) {
          reachedBytes = bytes;
          if (Math.abs(bytes - lookedAtBytes) >= LOOK_EVERY_BYTES) {
            lookedAtBytes = bytes;
            clips.assertThere();
          }
          tell(bytes, totalBytes);
        },
      });
    };
    // The place is held while bytes come, and not in a pause.
    const outcome = await downloads(() => unlessStopped(download(), control.working));
    if (outcome?.kind !== 'downloaded') return outcome;
    const clip = verifyClip({ path: part, wanted: wantedOf(attempt) });
    if (clip.ok) return { kind: 'fetched', part, bytes: outcome.bytes, sha256: outcome.sha256, clip };
    await discardPart(part);
    return { kind: 'not_whole', message: `the gateway did not send a whole clip: it is ${clip.reason}` };
  };

  for (let round = 1; ;) {
    const found = await tryAddress();
    if (!found) return { kind: 'waiting', message: INTERRUPTED };
    if (found.kind === 'fetched') return found;
    if (reachedBytes >= countedBytes + PROGRESS_BYTES) {
      countedBytes = reachedBytes;
      round = 1;
    }
    // If part of a clip has come, its download continues from there; otherwise the next known address needs no pause.
    const isBegun = found.kind === 'interrupted' && reachedBytes > 0;
    if (!isBegun && address.next) {
      address = address.next;
      continue;
    }
    const isGone = found.kind === 'gone';
    const isEarly = isGone && endedAgoMs() < GRACE_MS;
    if (round > roundsFor(found) && !isEarly) return withoutClip(found);
    const askedMs = found.kind === 'interrupted' ? found.retryAfterMs : undefined;
    const pauseMs = askedMs ?? (isGone ? GONE_WAIT_MS : backoffMs(round));
    await clock.sleep(pauseMs, control.working).catch(() => undefined);
    round++;
    if (isBegun && round <= ROUNDS) continue;
    const poll = await unlessStopped(gateway.poll(job, control.working), control.working);
    if (isKeyRefused(found) && poll?.kind === 'key_refused') {
      const message = `the key was refused: ${poll.message}`;
      const hint = `${gateway.keyHint}, then run the same command again: the clips are fetched`;
      control.stop({ kind: 'key', message: `${message} (asked for a clip)`, hint });
      return { kind: 'waiting', message: `${message}; the next run fetches it` };
    }
    address = (poll?.kind === 'completed' ? poll.urls[index] : undefined) ?? first;
  }
}

/** After how many rounds with a failure this run gives up. */
function roundsFor({ kind }: Failure): number {
  return kind === 'gone' ? GONE_ROUNDS : kind === 'too_large' ? TOO_LARGE_ROUNDS : ROUNDS;
}

/** Whether a 401 is about the key, and not about one address: it polls to find out. */
function isKeyRefused(failure: Failure): boolean {
  return failure.kind === 'key_refused' && failure.status === 401;
}

/** The message about a clip that no round has brought. */
function withoutClip(failure: Failure): NoClip {
  const { message } = failure;
  switch (failure.kind) {
    case 'gone':
      return { kind: 'gone', message: `the clip is gone: ${message}` };
    case 'interrupted':
      return { kind: 'waiting', message: `${message}; the next run continues` };
    case 'key_refused':
      return { kind: 'waiting', message: `the key was refused: ${message}; the next run fetches it` };
    case 'too_large':
      return { kind: 'unusable', message: `the gateway did not send a clip of this order: ${message}` };
    case 'not_media':
    case 'not_whole':
    case 'url_refused':
      return { kind: 'unusable', message };
    default:
      return unreachable(failure);
  }
}

function progressOf({ emit, clock }: WorkTools, take: Take | undefined) {
  let toldMs = -Infinity;
  return (bytes: number, totalBytes: number | undefined) => {
    if (!take || clock.elapsed() - toldMs < PROGRESS_EVERY_MS) return;
    toldMs = clock.elapsed();
    const progress = defined({ bytes, total_bytes: totalBytes });
    emit({ type: 'shot.downloading', ...about(take, clock), ...progress });
  };
}

/** What the clip is checked against: the request, as far as it says. */
function wantedOf({ request }: Attempt): WantedClip {
  const { duration, size, resolution, aspect_ratio, generate_audio } = request;
  return defined({
    durationS: duration,
    size: size === undefined ? undefined : frameSize({ size }),
    resolution,
    aspectRatio: aspect_ratio,
    audio: generate_audio === true ? true : undefined,
  });
}
