import { basename, join } from 'node:path';
import { isoNow, type Clock } from '../clock.js';
import type { Attempt, Output } from '../domain/attempt.js';
import { slotKey } from '../plan/graph.js';
import { finishPart, listFolder } from '../store/clip-file.js';
import { inspectOutput } from '../store/clips.js';
import type { ShotState } from '../store/shot-state.js';
import { readShotState, type ShotStore } from '../store/shot-store.js';
import { findSidecars, writeSidecar } from '../store/sidecar.js';
import { sidecarOf } from './clip-moves.js';
import { clipPlace, supersededFolder } from './clip-place.js';
import { openPath, storedPath } from './paths.js';
import type { Project } from './project.js';
import { survey } from './survey.js';

/**
 * Puts in order what a killed run left half done, by the lockfile's state alone: a submit whose answer never came
 * is uncertain; a clip that was recorded and not renamed yet, or moved and not recorded yet, is found again.
 * Where the lockfile is gone, what the sidecars vouch for is taken in.
 */
export async function recover(project: Project, store: ShotStore): Promise<void> {
  for (const attempt of await adoptable(project, store)) await store.adopt(attempt);
  for (const attempt of store.attempts()) {
    const { kind } = attempt.state;
    if (kind === 'submitting') await giveUpAnswer(store, attempt, project.clock);
    else if (kind === 'delivered') await findClips(project, store, attempt);
  }
}

/**
 * Attempts that are known from sidecars alone: only where the lockfile knows of no attempt at all, and only those
 * that a take of the manifest asks for, whose clips are whole beside them and belong to no other lockfile in the folder.
 */
export async function adoptable(project: Project, state: ShotState): Promise<Omit<Attempt, 'id'>[]> {
  if (state.attempts().length > 0) return [];
  const elsewhere = await clipsOfOthers(project);
  const candidates: Attempt[] = [];
  for (const { attempt } of await findSidecars(project.paths.output)) {
    if (attempt.state.kind !== 'delivered') continue;
    const { outputs } = attempt.state;
    if (outputs.some(({ path }) => elsewhere.has(path))) continue;
    const statuses = await Promise.all(
      outputs.map((output) =>
        inspectOutput({ file: openPath(project.paths.folder, output.path), output, hash: true }),
      ),
    );
    if (statuses.every((status) => status === 'intact'))
      candidates.push({ ...attempt, id: `sidecar ${candidates.length}` });
  }
  if (candidates.length === 0) return [];
  const { decisions } = await survey({ project, attempts: candidates, picks: state.picks(), scope: {} });
  const claimed = new Set([...decisions.values()].map(({ attempt }) => attempt?.id));
  return candidates.flatMap(({ id, ...attempt }) => (claimed.has(id) ? [attempt] : []));
}

/** The clips that other lockfiles beside this one own, as lockfiles keep paths. */
async function clipsOfOthers({ paths }: Project): Promise<ReadonlySet<string>> {
  const owned = new Set<string>();
  for (const name of await listFolder(paths.folder)) {
    const lockfile = join(paths.folder, name);
    if (!name.endsWith('.lock.json') || lockfile === paths.lockfile) continue;
    // A lockfile that cannot be read is its own project's trouble.
    const state = await readShotState(lockfile).catch(() => undefined);
    for (const { state: of } of state?.attempts() ?? [])
      if (of.kind === 'delivered') for (const { path } of of.outputs) owned.add(path);
  }
  return owned;
}

async function giveUpAnswer(store: ShotStore, attempt: Attempt, clock: Clock): Promise<void> {
  const message = 'the program ended before the answer came';
  await store.apply(attempt.id, { type: 'answer_lost', at: isoNow(clock), message });
}

/** Looks for the clips of a delivered attempt where a kill may have left them. */
async function findClips(project: Project, store: ShotStore, attempt: Attempt): Promise<void> {
  if (attempt.state.kind !== 'delivered') return;
  const { folder } = project.paths;
  const { outputs } = attempt.state;
  const paths: string[] = [];
  let wasUnfinished = false;
  for (const [index, output] of outputs.entries()) {
    const file = openPath(folder, output.path);
    let path = output.path;
    if ((await inspectOutput({ file, output, hash: false })) === 'missing') {
      const part = file.replace(/\.(mp4|webm)$/, '.part');
      if (await isThisClip(part, output)) {
        await finishPart({ part, target: file });
        wasUnfinished = true;
      } else {
        const moved = await movedClip(project, { attempt, output, index });
        if (moved !== undefined) path = storedPath(folder, moved);
      }
    }
    paths.push(path);
  }
  const hasMoved = paths.some((path, index) => path !== outputs[index]?.path);
  if (hasMoved) await store.apply(attempt.id, { type: 'moved', at: isoNow(project.clock), paths });
  if (hasMoved || wasUnfinished) {
    const sidecar = sidecarOf(openPath(folder, paths[0] ?? ''));
    writeSidecar({ path: sidecar, attempt: store.get(attempt.id) });
  }
}

/** Where a clip was moved to by a run that could not say so any more: its owner's place, or `.superseded/`. */
async function movedClip(
  project: Project,
  lost: { readonly attempt: Attempt; readonly output: Output; readonly index: number },
): Promise<string | undefined> {
  const { attempt, output, index } = lost;
  const extension = output.path.endsWith('.webm') ? '.webm' : '.mp4';
  const owner = project.manifest.takes.find((take) => slotKey(take) === slotKey(attempt.owner));
  const home = owner ? [clipPlace(project, owner).clip(index, extension)] : [];
  const aside = supersededFolder(project);
  const stem = basename(output.path, extension);
  const set = (await listFolder(aside))
    .filter((name) => name.startsWith(stem))
    .map((name) => join(aside, name));
  for (const file of [...home, ...set]) if (await isThisClip(file, output)) return file;
  return undefined;
}

async function isThisClip(file: string, output: Output): Promise<boolean> {
  return (await inspectOutput({ file, output, hash: true })) === 'intact';
}
