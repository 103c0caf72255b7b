import { outputsOf, type Attempt } from '../domain/attempt.js';
import type { Take } from '../domain/take.js';
import { moveClip } from '../store/clips.js';
import {
  copyIntoPlace,
  dropSecondName,
  exists,
  makeRoomFor,
  moveIntoPlace,
  removeFile,
} from '../store/clip-file.js';
import { writeSidecar } from '../store/sidecar.js';
import {
  CLIP_EXTENSIONS,
  clipPlace,
  extensionOf,
  isInPlace,
  partOf,
  sidecarOf,
  supersededFolder,
  type ClipPlace,
} from './clip-place.js';
import { openPath, storedPath } from './paths.js';
import { record, type RunContext } from './run-context.js';

/**
 * Moves whatever our lockfile owns out of the places where so many clips of an attempt are about to lie, into
 * `.superseded/`; nothing is ever overwritten.
 */
export function clearPlace(
  context: RunContext,
  place: ClipPlace,
  clips: { readonly of: Attempt; readonly count: number },
): Promise<void> {
  return context.limits.move(() => emptyPlace(context, place, clips));
}

/**
 * Moves the clips of an attempt to where the clips of the take belong that it serves now. Clips that another project owns
 * too stay where they are for it, and the take gets copies.
 */
export function bringHome(context: RunContext, attemptId: string, take: Take): Promise<Attempt> {
  // One move at a time: two takes that swap their clips would otherwise move each other's under their feet.
  return context.limits.move(async () => {
    const attempt = context.store.get(attemptId);
    const place = clipPlace(context.project, take);
    if (isInPlace(attempt, place)) return attempt;
    const isShared = await isOfOthersToo(context, attempt);
    // Copies take their time: in a run that was interrupted they are left to the next.
    if (isShared && context.control.working.aborted) return attempt;
    await emptyPlace(context, place, { of: attempt, count: outputsOf(attempt).length });
    return moveClips(context, context.store.get(attemptId), async (file, index) => {
      const target = place.clip(index, extensionOf(file));
      if (file === target) return target;
      makeRoomFor(target);
      if (isShared) await copyIntoPlace(file, target);
      else await moveIntoPlace(file, target);
      return target;
    });
  });
}

async function emptyPlace(
  context: RunContext,
  place: ClipPlace,
  { of, count }: { readonly of: Attempt; readonly count: number },
): Promise<void> {
  for (let index = 0; index < Math.max(1, count); index++) {
    for (const extension of CLIP_EXTENSIONS) {
      const owner = context.clips.ownerOf(place.storedClip(index, extension));
      const isLeftOfIt = owner === of.id && of.gone_clips !== undefined;
      if (owner !== undefined && !isLeftOfIt) await setAside(context, context.store.get(owner));
    }
  }
}

/**
 * Moves the clips of an attempt into `.superseded/`, with their sidecar. A clip that is not there stays on record, and
 * one that another project owns too stays where it is.
 */
async function setAside(context: RunContext, attempt: Attempt): Promise<void> {
  if (await isOfOthersToo(context, attempt)) return;
  const { paths } = context.project;
  const move = (file: string) => moveClip({ file, folder: supersededFolder(context.project) });
  await moveClips(context, attempt, move);
  // One of several may be left of clips that are gone.
  for (const { path } of attempt.gone_clips ?? []) {
    const file = openPath(paths.folder, path);
    if (exists(file)) await move(file);
  }
}

/** As after a copy of manifest and lockfile: see other-projects.ts. */
async function isOfOthersToo({ others }: RunContext, attempt: Attempt): Promise<boolean> {
  const known = await others();
  return outputsOf(attempt).some(({ path }) => known.ownerOf(path) !== undefined);
}

async function moveClips(
  context: RunContext,
  attempt: Attempt,
  move: (file: string, index: number) => Promise<string>,
): Promise<Attempt> {
  if (attempt.state.kind !== 'delivered') return attempt;
  const { folder } = context.project.paths;
  const first = openPath(folder, attempt.state.outputs[0]?.path ?? '');
  const paths: string[] = [];
  for (const [index, { path }] of attempt.state.outputs.entries()) {
    const file = openPath(folder, path);
    dropSecondName(file, partOf(file));
    paths.push(exists(file) ? storedPath(folder, await move(file, index)) : path);
  }
  const moved = await record(context, attempt, { type: 'moved', paths });
  if (!exists(first)) removeFile(sidecarOf(first));
  writeSidecar({ path: sidecarOf(openPath(folder, paths[0] ?? '')), attempt: moved });
  return moved;
}
