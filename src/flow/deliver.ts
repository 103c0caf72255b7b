import { identityOf, type Attempt, type JobRef, type Output } from '../domain/attempt.js';
import type { Take } from '../domain/take.js';
import { unreachable } from '../errors.js';
import type { Gateway } from '../gateway/gateway.js';
import type { ClipUrl } from '../gateway/outcomes.js';
import { verifyClip, type VerifiedClip } from '../media/verify.js';
import { discardPart, exists, finishPart, makeRoomFor, mtimeOf } from '../store/clip-file.js';
import { hashFile } from '../store/clips.js';
import { writeSidecar } from '../store/sidecar.js';
import { dropPick } from './approval.js';
import type { ClipPlace } from './clip-place.js';
import { openingWarnings, wantedOf } from './clip-warnings.js';
import { storedPath } from './paths.js';
import { about, note, record, unlessStopped, type RunContext } from './run-context.js';

/** How often in a row a broken connection is taken up again that has brought next to nothing. */
const RESUMES = 5;
/** So much is more than next to nothing. */
const PROGRESS_BYTES = 64 * 1024;
/** How often a gateway may say that the clip is gone before it is believed. */
const GONE_LIMIT = 3;
const PATIENCE_MS = 2000;
/** Onlookers hear of a download this often at most. */
const PROGRESS_EVERY_MS = 250;

/** Where fetching a clip has led. */
export interface Delivered {
  /** delivered or lost; or still completed, and then `waiting` says why. */
  readonly attempt: Attempt;
  readonly waiting?: string;
}

/** An order to fetch the clips of a finished job. */
export interface Delivery {
  readonly attempt: Attempt;
  readonly job: JobRef;
  readonly gateway: Gateway;
  readonly place: ClipPlace;
  /** From the poll that found the job completed; none where a new poll has to say. */
  readonly urls: readonly ClipUrl[];
  /** The take the clips are for; absent where they serve none any more. */
  readonly take: Take | undefined;
}

/**
 * Fetches all clips of a completed job, checks each to its last byte, and puts them in their place. The job stays
 * paid and fetchable whatever goes wrong here. `makeRoom` moves away what
 * lies where so many clips belong.
 */
export async function deliver(
  context: RunContext,
  delivery: Delivery,
  makeRoom: (count: number) => Promise<void>,
): Promise<Delivered> {
  // What follows the last byte needs no line to the gateway: the next download goes on meanwhile.
  const fetched = await context.limits.download(() => fetchClips(context, delivery));
  if (!fetched.clips) return fetched;
  const { attempt, clips } = fetched;
  return putInPlace(context, { ...delivery, attempt }, clips, makeRoom);
}

/** All clips of the job, each whole in its `.part`; or where fetching them has led instead. */
async function fetchClips(
  context: RunContext,
  delivery: Delivery,
): Promise<Delivered & { readonly clips?: readonly FetchedClip[] }> {
  const attempt = note(context, delivery.attempt, { type: 'download_started' });
  const clips: FetchedClip[] = [];
  const gone: string[] = [];
  context.assertOutput();
  makeRoomFor(delivery.place.part(0));
  let urls = delivery.urls.length > 0 ? delivery.urls : await askAgain(context, delivery);
  for (let index = 0; index < Math.max(1, urls.length); index++) {
    const clip = await fetchClip(context, { ...delivery, urls }, index);
    if (clip.kind === 'fetched') {
      clips.push(clip);
      if (clip.urls.length > urls.length) urls = clip.urls;
    } else if (clip.kind === 'gone') {
      gone.push(clip.message);
    } else {
      const failed = await record(context, attempt, { type: 'download_failed', message: clip.message });
      return { attempt: failed, waiting: clip.message };
    }
  }
  const [message] = gone;
  if (message === undefined) return { attempt, clips };
  if (clips.length === 0) return { attempt: await record(context, attempt, { type: 'lost', message }) };
  const warning = `${gone.length} of the job's ${clips.length + gone.length} clips could not be fetched: ${message}`;
  return { attempt, clips: clips.map((clip, index) => (index === 0 ? { ...clip, warning } : clip)) };
}

type FetchedClip = {
  readonly kind: 'fetched';
  readonly part: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly clip: Extract<VerifiedClip, { ok: true }>;
  /** What a person has to know of it. */
  readonly warning?: string;
  /** The freshest addresses. */
  readonly urls: readonly ClipUrl[];
};

/**
 * One clip, from wherever it is to be had: the address of the poll, after a refusal that of a fresh poll,
 * at last the content endpoint, which works as long as the gateway keeps the clip.
 */
async function fetchClip(
  context: RunContext,
  delivery: Delivery,
  index: number,
): Promise<FetchedClip | { readonly kind: 'gone' | 'failed'; readonly message: string }> {
  const { gateway, job, place, take } = delivery;
  const { control, clock } = context;
  const content = gateway.contentUrl(job, index);
  let { urls } = delivery;
  let source = urls[index] ?? content;
  let isFresh = false;
  let resumes = 0;
  let reachedBytes = 0;
  let countedBytes = 0;
  let gone = 0;
  let message: string;

  /** Turns to the next address; false where there is none left. */
  const turn = async (): Promise<boolean> => {
    if (source.next) source = source.next;
    else if (source.url === content.url) return false;
    else if (isFresh) source = content;
    else {
      isFresh = true;
      urls = await askAgain(context, delivery);
      source = urls[index] ?? content;
    }
    return true;
  };
  const tell = progressOf(context, take);
  for (;;) {
    const part = place.part(index);
    const download = gateway.download({
      source,
      target: part,
      identity: `${job.id} ${index}`,
      signal: control.working,
      onProgress(bytes, totalBytes) {
        reachedBytes = bytes;
        tell(bytes, totalBytes);
      },
    });
    const outcome = await unlessStopped(download, control.working);
    if (!outcome) return { kind: 'failed', message: 'interrupted; the next run fetches it' };
    switch (outcome.kind) {
      case 'downloaded': {
        const clip = await verifyClip({ path: part, wanted: wantedOf(delivery.attempt) });
        if (clip.ok)
          return { kind: 'fetched', part, bytes: outcome.bytes, sha256: outcome.sha256, clip, urls };
        message = `what the gateway sent is no whole clip: it is ${clip.reason}`;
        await discardPart(part);
        if (!(await turn())) return { kind: 'failed', message: `${message}; the next run fetches it again` };
        break;
      }
      case 'interrupted':
        message = outcome.message;
        if (reachedBytes >= countedBytes + PROGRESS_BYTES) {
          countedBytes = reachedBytes;
          resumes = 0;
        }
        if (++resumes > RESUMES && !(await turn()))
          return { kind: 'failed', message: `${message}; the next run goes on` };
        await clock
          .sleep(outcome.retryAfterMs ?? PATIENCE_MS * 2 ** Math.min(resumes, 4) * 0.25, control.working)
          .catch(() => undefined);
        break;
      case 'gone':
        message = outcome.message;
        if (await turn()) break;
        if (++gone >= GONE_LIMIT) return { kind: 'gone', message: `the clip is gone: ${message}` };
        await clock.sleep(PATIENCE_MS, control.working).catch(() => undefined);
        break;
      case 'not_media':
      case 'url_refused':
        message = outcome.message;
        if (!(await turn())) return { kind: 'failed', message: `${message}; the next run fetches it again` };
        break;
      case 'key_refused':
        return {
          kind: 'failed',
          message: `the key was refused: ${outcome.message}; the next run fetches it`,
        };
      default:
        return unreachable(outcome);
    }
  }
}

/** The addresses that a fresh poll gives; none where it does not tell. */
async function askAgain({ control }: RunContext, { gateway, job }: Delivery): Promise<readonly ClipUrl[]> {
  const outcome = await unlessStopped(gateway.poll(job, control.working), control.working);
  return outcome?.kind === 'completed' ? outcome.urls : [];
}

function progressOf({ emit, clock }: RunContext, take: Take | undefined) {
  let toldMs = 0;
  return (bytes: number, totalBytes: number | undefined) => {
    if (!take || clock.now() - toldMs < PROGRESS_EVERY_MS) return;
    toldMs = clock.now();
    const total = totalBytes === undefined ? {} : { total_bytes: totalBytes };
    emit({ type: 'shot.downloading', ...about(take, clock), bytes, ...total });
  };
}

/**
 * The delivery is in the journal before the clips get their names, so that a clip under its final name always has
 * an owner; a kill in between leaves whole `.part` files, which the next run gives their names (see recover.ts).
 */
async function putInPlace(
  context: RunContext,
  { attempt, place, take }: Delivery,
  fetched: readonly FetchedClip[],
  makeRoom: (count: number) => Promise<void>,
): Promise<Delivered> {
  const { folder } = context.project.paths;
  context.assertOutput();
  await makeRoom(fetched.length);
  const clips = fetched.map((clip, index) => {
    const target = place.clip(index, clip.clip.extension);
    return { ...clip, target, isThere: exists(target) };
  });
  const blocked = await inTheWay(clips);
  if (blocked !== undefined) {
    const message = `${storedPath(folder, blocked)} is in the way, and it is not ours: move it, and run again`;
    return {
      attempt: await record(context, attempt, { type: 'download_failed', message }),
      waiting: message,
    };
  }
  const outputs: Output[] = await Promise.all(
    clips.map(async ({ part, target, isThere, bytes, sha256, clip, warning }, index) => ({
      path: storedPath(folder, target),
      bytes,
      sha256,
      ...firstHash(attempt.gone_clips?.[index], sha256),
      mtime_ms: mtimeOf(isThere ? target : part),
      media: clip.media,
      warnings: [
        ...(warning === undefined ? [] : [warning]),
        ...clip.warnings,
        ...(await openingWarnings(context, attempt, part)),
      ],
    })),
  );
  if (take && !attempt.gone_clips) await dropPick(context, take);
  const delivered = await record(context, attempt, { type: 'delivered', outputs });
  writeSidecar({ path: place.sidecar, attempt: delivered });
  for (const { part, target, isThere } of clips) {
    if (isThere) await discardPart(part);
    else await finishPart(part, target);
  }
  return { attempt: delivered };
}

function firstHash(before: Output | undefined, sha256: string): Pick<Output, 'first_sha256'> {
  const first = before && identityOf(before);
  return first === undefined || first === sha256 ? {} : { first_sha256: first };
}

/** A file at the place of a clip that is not that very clip (one of several may have been missing); undefined: none. */
async function inTheWay(
  clips: readonly { readonly target: string; readonly isThere: boolean; readonly sha256: string }[],
): Promise<string | undefined> {
  for (const { target, isThere, sha256 } of clips)
    if (isThere && (await hashFile(target)) !== sha256) return target;
  return undefined;
}
