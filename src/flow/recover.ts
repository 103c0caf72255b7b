import { basename, extname, join } from 'node:path';
import { isoNow, type Clock } from '../clock.js';
import { outputsOf, type Attempt, type Output } from '../domain/attempt.js';
import type { Take } from '../domain/take.js';
import { slotKey } from '../plan/graph.js';
import {
  discardPart,
  exists,
  finishPart,
  listFolder,
  moveIntoPlace,
  removeFile,
} from '../store/clip-file.js';
import { inspectOutput } from '../store/clips.js';
import { isUnderBothNames } from '../store/move-file.js';
import type { ShotStore } from '../store/shot-store.js';
import { findSidecars, writeSidecar } from '../store/sidecar.js';
import { clipPlace, extensionOf, partOf, sidecarOf, supersededFolder } from './clip-place.js';
import { openPath, storedPath } from './paths.js';
import type { Project } from './project.js';

/**
 * Puts in order what a killed run left half done: a submit whose answer never came is uncertain; a clip that was
 * recorded and not renamed yet, or moved and not recorded yet, is found again.
 */
export async function recover(project: Project, store: ShotStore): Promise<void> {
  const owners = new Map(project.manifest.takes.map((take) => [slotKey(take), take]));
  const paths = store
    .attempts()
    .flatMap(outputsOf)
    .map(({ path }) => path);
  const contested = repeatedIn(paths);
  const held = new Set(paths);
  const said = saidPlaces(project);
  for (const attempt of store.attempts()) {
    const { kind } = attempt.state;
    if (kind === 'submitting') await giveUpAnswer(store, attempt, project.clock);
    else if (attempt.gone_clips) await takeBack({ project, store, attempt, held });
    else if (kind === 'delivered')
      await findClips({
        project,
        store,
        attempt,
        owner: owners.get(slotKey(attempt.owner)),
        contested,
        said,
      });
  }
}

async function giveUpAnswer(store: ShotStore, attempt: Attempt, clock: Clock): Promise<void> {
  const message = 'the program ended before the answer came';
  await store.apply(attempt.id, { type: 'answer_lost', at: isoNow(clock), message });
}

const MAY_COME_BACK: readonly string[] = ['pending', 'in_progress', 'completed', 'downloading', 'lost'];

/** Clips that were gone, and that somebody has put back, serve again; unless another attempt's clip lies there now. */
async function takeBack({
  project: { paths, clock },
  store,
  attempt: { id, state, gone_clips = [] },
  held,
}: {
  readonly project: Project;
  readonly store: ShotStore;
  readonly attempt: Attempt;
  /** The paths that clips have on record; those taken back are added. */
  readonly held: Set<string>;
}): Promise<void> {
  if (!MAY_COME_BACK.includes(state.kind)) return;
  for (const output of gone_clips)
    if (held.has(output.path) || !(await isThisClip(openPath(paths.folder, output.path), output))) return;
  await store.apply(id, { type: 'clip_back', at: isoNow(clock) });
  for (const { path } of gone_clips) held.add(path);
}

/** Paths that several attempts have on record: one of them was moved away, and could not say so any more. */
function repeatedIn(paths: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const path of paths) {
    if (seen.has(path)) repeated.add(path);
    seen.add(path);
  }
  return repeated;
}

type SaidPlaces = (jobId: string) => Promise<readonly string[]>;

/**
 * Where the sidecars in the output folder say that the clips of a job lie, as lockfiles keep paths. They know more than
 * a lockfile from before a move, as a checkout brings it. Read when first asked, which seldom comes to pass.
 */
function saidPlaces({ paths }: Project): SaidPlaces {
  const read = async () =>
    new Map(
      (await findSidecars(paths.output)).flatMap(({ attempt: { state } }) =>
        state.kind === 'delivered' ? [[state.job.id, state.outputs.map(({ path }) => path)] as const] : [],
      ),
    );
  let places: ReturnType<typeof read> | undefined;
  return async (jobId) => (await (places ??= read())).get(jobId) ?? [];
}

/** Looks for the clips of a delivered attempt where a kill may have left them, or an older lockfile cannot know them. */
async function findClips({
  project,
  store,
  attempt,
  owner,
  contested,
  said,
}: {
  readonly project: Project;
  readonly store: ShotStore;
  readonly attempt: Attempt;
  /** undefined where it has left the manifest. */
  readonly owner: Take | undefined;
  readonly contested: ReadonlySet<string>;
  readonly said: SaidPlaces;
}): Promise<void> {
  if (attempt.state.kind !== 'delivered') return;
  const { folder } = project.paths;
  const { outputs, job } = attempt.state;
  const place = owner && clipPlace(project, owner);
  const paths: string[] = [];
  let wasUnfinished = false;
  for (const [index, output] of outputs.entries()) {
    const file = openPath(folder, output.path);
    const home = place?.clip(index, extensionOf(output.path));
    let path = output.path;
    const status = await inspectOutput({ file, output, hash: false });
    if (status === 'missing' && (await nameWholePart(file, output))) {
      wasUnfinished = true;
    } else if (status !== 'intact') {
      const isGone = status === 'missing' || contested.has(output.path);
      const places = isGone ? await placesAfterMove(project, { output, home }) : [];
      // What is only missing is fetched again; where another clip lies, ours must not be taken for it.
      const saidPath = status === 'changed' ? (await said(job.id))[index] : undefined;
      if (saidPath !== undefined && saidPath !== output.path) places.unshift(openPath(folder, saidPath));
      const moved = await firstWith(output, places);
      if (moved !== undefined) path = storedPath(folder, moved);
    } else if (home !== undefined && home !== file && isUnderBothNames(file, home)) {
      await moveIntoPlace(file, home);
      path = storedPath(folder, home);
    }
    paths.push(path);
  }
  const hasMoved = paths.some((path, index) => path !== outputs[index]?.path);
  if (hasMoved) {
    await store.apply(attempt.id, { type: 'moved', at: isoNow(project.clock), paths });
    const before = outputs[0]?.path ?? '';
    // Where another's clip lies now, the sidecar beside it is the other's too.
    if (!contested.has(before) && !exists(openPath(folder, before)))
      removeFile(sidecarOf(openPath(folder, before)));
  }
  if (hasMoved || wasUnfinished) {
    const sidecar = sidecarOf(openPath(folder, paths[0] ?? ''));
    writeSidecar({ path: sidecar, attempt: store.get(attempt.id) });
  }
}

/** Gives a clip its name that lies whole under its `.part`; false where none does. */
export async function nameWholePart(file: string, output: Output): Promise<boolean> {
  const part = partOf(file);
  if (!(await isThisClip(part, output))) return false;
  await finishPart(part, file);
  await discardPart(part);
  return true;
}

/** Where a run may have moved a clip that could not say so any more: its owner's place, and `.superseded/`. */
async function placesAfterMove(
  project: Project,
  { output, home }: { readonly output: Output; readonly home: string | undefined },
): Promise<string[]> {
  const aside = supersededFolder(project);
  const stem = basename(output.path, extname(output.path));
  const set = (await listFolder(aside))
    .filter((name) => name.startsWith(stem))
    .map((name) => join(aside, name));
  return [...(home === undefined ? [] : [home]), ...set];
}

async function firstWith(output: Output, files: readonly string[]): Promise<string | undefined> {
  for (const file of files) if (await isThisClip(file, output)) return file;
  return undefined;
}

/** Whether a file is that very clip, by its content. */
export async function isThisClip(file: string, output: Output): Promise<boolean> {
  return (await inspectOutput({ file, output, hash: true })) === 'intact';
}
