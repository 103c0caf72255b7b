import { basename, extname, join } from 'node:path';
import { jobKeyOf, outputsOf, type Attempt, type AttemptEvent, type Output } from '../domain/attempt.js';
import type { Take } from '../domain/take.js';
import { slotKey } from '../plan/graph.js';
import { listFolder } from '../store/clip-file.js';
import { inspectOutput } from '../store/clips.js';
import { isUnderBothNames } from '../store/move-file.js';
import { findSidecars } from '../store/sidecar.js';
import { clipPlace, extensionOf, partOf, supersededFolder } from './clip-place.js';
import { openPath, storedPath } from './paths.js';
import type { Project } from './project.js';

/** What the disk shows of an attempt's clips, and its record does not. */
export interface Sighting {
  readonly attempt: Attempt;
  /** What has become of them. */
  readonly event: Undated<Extract<AttemptEvent, { type: 'moved' | 'clip_back' }>> | undefined;
  /** Clips that are whole, and still bear the name they grew under. */
  readonly unnamed: readonly string[];
  /** Clips that are under two names: a move that has come half of the way. */
  readonly halfMoved: readonly { readonly file: string; readonly target: string }[];
  /** Where the first of them is not any more; undefined where another's clip belongs there. */
  readonly left?: string;
}

type Undated<E> = E extends unknown ? Omit<E, 'at'> : never;

/**
 * Looks for clips where a kill, a person or an older lockfile may have left them: half moved, taken to the folder that
 * the manifest names now, put back. `among` says whose; all where absent. Reads, never writes.
 */
export async function findClips(
  project: Project,
  attempts: readonly Attempt[],
  among: readonly Attempt[] = attempts,
): Promise<readonly Sighting[]> {
  if (among.length === 0) return [];
  const owners = new Map(project.manifest.takes.map((take) => [slotKey(take), take]));
  const paths = attempts.flatMap(outputsOf).map(({ path }) => path);
  const held = new Set(paths);
  const searched = { project, held, contested: repeatedIn(paths), said: saidPlaces(project) };
  const found: Sighting[] = [];
  for (const attempt of among) {
    const owner = owners.get(slotKey(attempt.owner));
    const sighting = attempt.gone_clips
      ? await putBack(attempt, searched)
      : await elsewhere(attempt, { ...searched, owner });
    if (!sighting) continue;
    found.push(sighting);
    if (sighting.event?.type === 'clip_back') for (const { path } of attempt.gone_clips ?? []) held.add(path);
  }
  return found;
}

interface Searched {
  readonly project: Project;
  /** The paths that clips have on record. */
  readonly held: ReadonlySet<string>;
  /** Those that several have: one of them was moved away, and could not say so any more. */
  readonly contested: ReadonlySet<string>;
  readonly said: SaidPlaces;
}

function repeatedIn(paths: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const path of paths) {
    if (seen.has(path)) repeated.add(path);
    seen.add(path);
  }
  return repeated;
}

type SaidPlaces = (attempt: Attempt) => Promise<readonly string[]>;

/**
 * Where the sidecars in the output folder say that the clips of a job lie, as lockfiles keep paths. They know more than
 * a lockfile from before a move, as a checkout brings it. Read when first asked, which seldom comes to pass.
 */
function saidPlaces({ paths }: Project): SaidPlaces {
  const read = async () =>
    new Map(
      (await findSidecars(paths.output)).map(
        ({ attempt }) => [jobKeyOf(attempt), outputsOf(attempt).map(({ path }) => path)] as const,
      ),
    );
  let places: ReturnType<typeof read> | undefined;
  return async (attempt) => (await (places ??= read())).get(jobKeyOf(attempt)) ?? [];
}

const MAY_COME_BACK: readonly string[] = ['pending', 'in_progress', 'completed', 'downloading', 'lost'];

/** Clips that were gone, and that somebody has put back, serve again; unless another attempt's clip lies there now. */
async function putBack(
  attempt: Attempt,
  { project: { paths }, held }: Searched,
): Promise<Sighting | undefined> {
  const { state, gone_clips = [] } = attempt;
  if (!MAY_COME_BACK.includes(state.kind)) return undefined;
  for (const output of gone_clips)
    if (held.has(output.path) || !(await isThisClip(openPath(paths.folder, output.path), output)))
      return undefined;
  return { attempt, event: { type: 'clip_back' }, unnamed: [], halfMoved: [] };
}

/** The clips of a delivered attempt; undefined where all is as its record has it. */
async function elsewhere(
  attempt: Attempt,
  {
    project,
    held,
    contested,
    said,
    owner,
  }: Searched & {
    /** undefined where it has left the manifest. */
    readonly owner: Take | undefined;
  },
): Promise<Sighting | undefined> {
  if (attempt.state.kind !== 'delivered') return undefined;
  const { folder } = project.paths;
  const { outputs } = attempt.state;
  const place = owner && clipPlace(project, owner);
  const paths: string[] = [];
  const unnamed: string[] = [];
  const halfMoved: { file: string; target: string }[] = [];
  for (const [index, output] of outputs.entries()) {
    const file = openPath(folder, output.path);
    const home = place?.clip(index, extensionOf(output.path));
    let path = output.path;
    const status = await inspectOutput({ file, output, hash: false });
    if (status === 'missing' && (await isThisClip(partOf(file), output))) {
      unnamed.push(file);
    } else if (status !== 'intact') {
      const isGone = status === 'missing' || contested.has(output.path);
      const places = isGone ? await placesAfterMove(project, { output, home }) : [];
      // What is only missing is fetched again; where another clip lies, ours must not be taken for it.
      const saidPath = status === 'changed' ? (await said(attempt))[index] : undefined;
      if (saidPath !== undefined && saidPath !== output.path) places.unshift(openPath(folder, saidPath));
      const moved = await firstWith(output, places);
      if (moved !== undefined) path = storedPath(folder, moved);
    } else if (home !== undefined && home !== file) {
      const atHome = storedPath(folder, home);
      const isHalfMoved = isUnderBothNames(file, home);
      if (isHalfMoved) halfMoved.push({ file, target: home });
      // Or it was copied there.
      if (isHalfMoved || (!held.has(atHome) && (await isThisClip(home, output)))) path = atHome;
    }
    paths.push(path);
  }
  const hasMoved = paths.some((path, index) => path !== outputs[index]?.path);
  if (!hasMoved) return unnamed.length > 0 ? { attempt, event: undefined, unnamed, halfMoved } : undefined;
  const before = outputs[0]?.path ?? '';
  // Where another's clip lies now, the sidecar beside it is the other's too.
  const left = contested.has(before) ? {} : { left: openPath(folder, before) };
  return { attempt, event: { type: 'moved', paths }, unnamed, halfMoved, ...left };
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
