import { basename, extname, join } from 'node:path';
import { isoNow, type Clock } from '../clock.js';
import type { Attempt, Output } from '../domain/attempt.js';
import type { Take } from '../domain/take.js';
import { slotKey } from '../plan/graph.js';
import { discardPart, finishPart, listFolder, moveIntoPlace, removeFile } from '../store/clip-file.js';
import { inspectOutput } from '../store/clips.js';
import { isUnderBothNames } from '../store/move-file.js';
import type { ShotStore } from '../store/shot-store.js';
import { writeSidecar } from '../store/sidecar.js';
import { sidecarOf } from './clip-moves.js';
import { clipPlace, extensionOf, supersededFolder } from './clip-place.js';
import { openPath, storedPath } from './paths.js';
import type { Project } from './project.js';

/**
 * Puts in order what a killed run left half done, by the lockfile's state alone: a submit whose answer never came
 * is uncertain; a clip that was recorded and not renamed yet, or moved and not recorded yet, is found again.
 */
export async function recover(project: Project, store: ShotStore): Promise<void> {
  const owners = new Map(project.manifest.takes.map((take) => [slotKey(take), take]));
  const contested = contestedPaths(store.attempts());
  for (const attempt of store.attempts()) {
    const { kind } = attempt.state;
    if (kind === 'submitting') await giveUpAnswer(store, attempt, project.clock);
    else if (kind === 'delivered')
      await findClips({ project, store, attempt, owner: owners.get(slotKey(attempt.owner)), contested });
  }
}

async function giveUpAnswer(store: ShotStore, attempt: Attempt, clock: Clock): Promise<void> {
  const message = 'the program ended before the answer came';
  await store.apply(attempt.id, { type: 'answer_lost', at: isoNow(clock), message });
}

/** Paths that several attempts have on record: one of them was moved away, and could not say so any more. */
function contestedPaths(attempts: readonly Attempt[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const contested = new Set<string>();
  for (const { state } of attempts) {
    if (state.kind !== 'delivered') continue;
    for (const { path } of state.outputs) {
      if (seen.has(path)) contested.add(path);
      seen.add(path);
    }
  }
  return contested;
}

/** Looks for the clips of a delivered attempt where a kill may have left them. */
async function findClips({
  project,
  store,
  attempt,
  owner,
  contested,
}: {
  readonly project: Project;
  readonly store: ShotStore;
  readonly attempt: Attempt;
  /** undefined where it has left the manifest. */
  readonly owner: Take | undefined;
  readonly contested: ReadonlySet<string>;
}): Promise<void> {
  if (attempt.state.kind !== 'delivered') return;
  const { folder } = project.paths;
  const { outputs } = attempt.state;
  const place = owner && clipPlace(project, owner);
  const paths: string[] = [];
  let wasUnfinished = false;
  for (const [index, output] of outputs.entries()) {
    const file = openPath(folder, output.path);
    const home = place?.clip(index, extensionOf(output.path));
    let path = output.path;
    const status = await inspectOutput({ file, output, hash: false });
    if (status === 'missing' || (status === 'changed' && contested.has(output.path))) {
      const part = file.replace(/\.(mp4|webm)$/, '.part');
      if (status === 'missing' && (await isThisClip(part, output))) {
        await finishPart({ part, target: file });
        await discardPart(part);
        wasUnfinished = true;
      } else {
        const moved = await movedClip(project, { output, home });
        if (moved !== undefined) path = storedPath(folder, moved);
      }
    } else if (home !== undefined && home !== file && isUnderBothNames(file, home)) {
      await moveIntoPlace({ file, target: home });
      path = storedPath(folder, home);
    }
    paths.push(path);
  }
  const hasMoved = paths.some((path, index) => path !== outputs[index]?.path);
  if (hasMoved) {
    await store.apply(attempt.id, { type: 'moved', at: isoNow(project.clock), paths });
    const before = outputs[0]?.path ?? '';
    // Where another's clip lies now, the sidecar beside it is the other's too.
    if (!contested.has(before)) removeFile(sidecarOf(openPath(folder, before)));
  }
  if (hasMoved || wasUnfinished) {
    const sidecar = sidecarOf(openPath(folder, paths[0] ?? ''));
    writeSidecar({ path: sidecar, attempt: store.get(attempt.id) });
  }
}

/** Where a clip was moved to by a run that could not say so any more: its owner's place, or `.superseded/`. */
async function movedClip(
  project: Project,
  { output, home }: { readonly output: Output; readonly home: string | undefined },
): Promise<string | undefined> {
  const aside = supersededFolder(project);
  const stem = basename(output.path, extname(output.path));
  const set = (await listFolder(aside))
    .filter((name) => name.startsWith(stem))
    .map((name) => join(aside, name));
  for (const file of [...(home === undefined ? [] : [home]), ...set])
    if (await isThisClip(file, output)) return file;
  return undefined;
}

async function isThisClip(file: string, output: Output): Promise<boolean> {
  return (await inspectOutput({ file, output, hash: true })) === 'intact';
}
