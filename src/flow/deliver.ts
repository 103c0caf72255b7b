import { identityOf, type Attempt, type Output } from '../domain/attempt.js';
import { unreachable } from '../errors.js';
import { discardPart, exists, finishPart, makeRoomFor, mtimeOf } from '../store/clip-file.js';
import { hashFile } from '../store/clips.js';
import { writeSidecar } from '../store/sidecar.js';
import { dropPick } from './approval.js';
import { openingWarnings } from './clip-warnings.js';
import { fetchClips, type Delivery, type FetchedClip } from './fetch-clips.js';
import { storedPath } from './paths.js';
import { note, record, type RunContext } from './run-context.js';

/** Where fetching a clip has led. */
export interface Delivered {
  /** delivered or lost; or still completed, and then `waiting` says why. */
  readonly attempt: Attempt;
  readonly waiting?: string;
}

/**
 * Fetches all clips of a completed job and puts them in their place. The job stays paid and fetchable whatever goes
 * wrong here. `makeRoom` moves away what lies where so many clips belong.
 */
export async function deliver(
  context: RunContext,
  delivery: Delivery,
  makeRoom: (count: number) => Promise<void>,
): Promise<Delivered> {
  // What follows the last byte needs no line to the gateway: the next download goes on meanwhile.
  const { attempt, fetched } = await context.limits.download(async () => {
    const attempt = note(context, delivery.attempt, { type: 'download_started' });
    context.assertOutput();
    makeRoomFor(delivery.place.part(0));
    return { attempt, fetched: await fetchClips(context, delivery) };
  });
  switch (fetched.kind) {
    case 'fetched':
      return putInPlace(context, { ...delivery, attempt }, fetched.clips, makeRoom);
    case 'gone':
      return { attempt: await record(context, attempt, { type: 'lost', message: fetched.message }) };
    case 'waiting': {
      const { message } = fetched;
      const failed = await record(context, attempt, { type: 'download_failed', message });
      return { attempt: failed, waiting: message };
    }
    default:
      return unreachable(fetched);
  }
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
    clips.map(async ({ part, target, isThere, bytes, sha256, clip, before, warning }) => ({
      path: storedPath(folder, target),
      bytes,
      sha256,
      ...firstHash(before, sha256),
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
