import { outputsOf, type Attempt, type Output } from '../../domain/attempt.js';
import { frameSize } from '../../domain/dimensions.js';
import { defined } from '../../domain/defined.js';
import type { Take } from '../../domain/take.js';
import { unreachable } from '../../errors.js';
import type { ClipUrl } from '../../gateway/outcomes.js';
import { adoptPart, discardPart } from '../../gateway/part-note.js';
import { verifyClip, type VerifiedClip, type WantedClip } from '../../media/verify.js';
import { addressesFrom, backoffMs, clipAddresses, INTERRUPTED, type ClipSource } from './clip-addresses.js';
import { about, unlessStopped, type WorkTools } from './tools.js';

/** How often in a row a broken connection is taken up again that has brought next to nothing. */
const RESUMES = 5;
/** So much is more than next to nothing. */
const PROGRESS_BYTES = 64 * 1024;
/** How often a gateway may say that a clip is gone before it is believed, and for how long after the job's end. */
const GONE_LIMIT = 3;
const GONE_WAIT_MS = 2000;
const GRACE_MS = 30_000;
/** Onlookers hear of a download this often at most. */
const PROGRESS_EVERY_MS = 250;

/** An order to fetch the clips of a finished job. */
export interface Delivery extends ClipSource {
  /** The take the clips are for; absent where they serve none any more. */
  readonly take: Take | undefined;
  /** What the store has of it is not what it should be. */
  readonly isDamaged: boolean;
}

/** A clip, whole in its part. */
export interface FetchedClip {
  readonly kind: 'fetched';
  readonly part: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly clip: Extract<VerifiedClip, { ok: true }>;
  /** What the same output of the job was on record as before it was gone from the store. */
  readonly before?: Output;
  /** What a person has to know of it. */
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
  const found = await clipAddresses(tools, delivery);
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
    // Only where all outputs are on record does their order say which is which.
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

/** One clip, from wherever it is to be had. */
async function fetchClip(
  tools: WorkTools,
  { attempt, job, gateway, take }: Delivery,
  { index, address }: { readonly index: number; readonly address: ClipUrl },
): Promise<FetchedClip | NoClip> {
  const { clips, control, clock } = tools;
  const { part, left } = await clips.openPart(attempt.id, index);
  if (left !== undefined) await adoptPart(left, part);
  const addresses = addressesFrom(address, async () => {
    const outcome = await unlessStopped(gateway.poll(job, control.working), control.working);
    return outcome?.kind === 'completed' ? outcome.urls[index] : undefined;
  });
  const pause = (ms: number) => clock.sleep(ms, control.working).catch(() => undefined);
  const tell = progressOf(tools, take);
  let reachedBytes = 0;
  let countedBytes = 0;
  let resumes = 0;
  let gone = 0;

  for (;;) {
    const download = gateway.download({
      source: addresses.current(),
      target: part,
      identity: `${job.id} ${index}`,
      signal: control.working,
      onProgress(bytes, totalBytes) {
        reachedBytes = bytes;
        tell(bytes, totalBytes);
      },
    });
    const outcome = await unlessStopped(download, control.working);
    if (!outcome) return { kind: 'waiting', message: INTERRUPTED };
    switch (outcome.kind) {
      case 'downloaded': {
        const { bytes, sha256 } = outcome;
        const clip = verifyClip({ path: part, wanted: wantedOf(attempt) });
        if (clip.ok) return { kind: 'fetched', part, bytes, sha256, clip };
        await discardPart(part);
        if (await addresses.turn()) break;
        return { kind: 'unusable', message: `what the gateway sent is no whole clip: it is ${clip.reason}` };
      }
      case 'interrupted':
        if (reachedBytes >= countedBytes + PROGRESS_BYTES) {
          countedBytes = reachedBytes;
          resumes = 0;
        }
        // Patience is for a clip that has begun to come, or has no other address at hand.
        if (reachedBytes === 0 && addresses.step()) break;
        if (++resumes > RESUMES && !(await addresses.turn()))
          return { kind: 'waiting', message: `${outcome.message}; the next run goes on` };
        await pause(outcome.retryAfterMs ?? backoffMs(resumes));
        break;
      case 'gone':
        if (await addresses.turn()) break;
        if (++gone >= GONE_LIMIT && clock.now() - (attempt.times.completed ?? 0) >= GRACE_MS)
          return { kind: 'gone', message: `the clip is gone: ${outcome.message}` };
        await pause(GONE_WAIT_MS);
        break;
      case 'not_media':
      case 'url_refused':
        if (await addresses.turn()) break;
        return { kind: 'unusable', message: outcome.message };
      case 'key_refused': {
        // A signed address of the gateway's own may say so too, when it has expired.
        if (await addresses.turn()) break;
        const message = `the key was refused: ${outcome.message}`;
        if (outcome.status === 401)
          control.stop({
            kind: 'key',
            message: `${message} (asked for a clip)`,
            hint: `${gateway.keyHint}, then run the same command again: the clips are fetched`,
          });
        return { kind: 'waiting', message: `${message}; the next run fetches it` };
      }
      default:
        return unreachable(outcome);
    }
  }
}

function progressOf({ emit, clock }: WorkTools, take: Take | undefined) {
  let toldMs = 0;
  return (bytes: number, totalBytes: number | undefined) => {
    if (!take || clock.now() - toldMs < PROGRESS_EVERY_MS) return;
    toldMs = clock.now();
    const progress = defined({ bytes, total_bytes: totalBytes });
    emit({ type: 'shot.downloading', ...about(take, clock), ...progress });
  };
}

/** What the clip is held against: the request, as far as it says. */
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
