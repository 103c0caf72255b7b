import { isoNow, type Clock } from '../clock.js';
import { outputsOf, type Attempt, type Output } from '../domain/attempt.js';
import { discardPart, exists, finishPart, moveIntoPlace, removeFile } from '../store/clip-file.js';
import type { ShotStore } from '../store/shot-store.js';
import { writeSidecar } from '../store/sidecar.js';
import { partOf, sidecarOf } from './clip-place.js';
import { findClips, isThisClip, type Sighting } from './find-clips.js';
import { openPath } from './paths.js';
import type { Project } from './project.js';

/**
 * Puts in order what a killed run left half done: a submit whose answer never came is uncertain; a clip that was
 * recorded and not renamed yet, or moved and not recorded yet, is found again.
 */
export async function recover(project: Project, store: ShotStore): Promise<void> {
  for (const attempt of store.attempts())
    if (attempt.state.kind === 'submitting') await giveUpAnswer(store, attempt, project.clock);
  for (const sighting of await findClips(project, store.attempts())) await takeIn(project, store, sighting);
}

async function giveUpAnswer(store: ShotStore, attempt: Attempt, clock: Clock): Promise<void> {
  const message = 'the program ended before the answer came';
  await store.apply(attempt.id, { type: 'answer_lost', at: isoNow(clock), message });
}

async function takeIn(
  { paths: { folder }, clock }: Project,
  store: ShotStore,
  { attempt: before, event, unnamed, halfMoved, left }: Sighting,
): Promise<void> {
  for (const file of unnamed) await nameFor(file);
  for (const { file, target } of halfMoved) await moveIntoPlace(file, target);
  if (event) await store.apply(before.id, { ...event, at: isoNow(clock) });
  if (event?.type === 'clip_back') return;
  if (left !== undefined && !exists(left)) removeFile(sidecarOf(left));
  const attempt = store.get(before.id);
  writeSidecar({ path: sidecarOf(openPath(folder, outputsOf(attempt)[0]?.path ?? '')), attempt });
}

/** Gives a clip its name that lies whole under its `.part`. */
export async function nameWholePart(file: string, output: Output): Promise<void> {
  if (await isThisClip(partOf(file), output)) await nameFor(file);
}

async function nameFor(file: string): Promise<void> {
  const part = partOf(file);
  await finishPart(part, file);
  await discardPart(part);
}
