import { dirname, join, sep } from 'node:path';
import pLimit from 'p-limit';
import { outputsOf, type Attempt } from '../../domain/attempt.js';
import type { TakeRef } from '../../domain/take.js';
import { groupBy } from '../../domain/group-by.js';
import type { NamedClip, View } from '../../plan/view.js';
import type { ClipStore } from '../../store/clip-store.js';
import {
  hashFile,
  isOurMetadata,
  lookAtName,
  obstacleOf,
  removeName,
  sizeOf,
  writeMetadata,
} from '../../store/name-file.js';
import { ownFolder } from '../../store/own-folder.js';
import { isInside, openPath, storedPath, type ProjectPaths } from '../project/paths.js';

/** What is in the place of a clip's name. */
export type Occupant =
  /** Nothing, or something that can be made again: the name is free. */
  | { readonly kind: 'free' }
  /** The clip itself. */
  | { readonly kind: 'right' }
  /** A file with other content than ours, a folder or a link: it is never touched. `wasOurs`: we had made a name there. */
  | { readonly kind: 'foreign'; readonly path: string; readonly wasOurs: boolean };

/** Classifies the files at the names of a project, by content. Reads, never writes. */
export interface NameJudge {
  /** `path` is absolute; `sha256` the clip that should have its name there, undefined if it is not known yet. */
  occupant(path: string, sha256: string | undefined): Promise<Occupant>;
}

export function createNameJudge({
  paths,
  attempts,
  clips,
}: {
  readonly paths: ProjectPaths;
  readonly attempts: readonly Attempt[];
  readonly clips: ClipStore;
}): NameJudge {
  let known: ReadonlyMap<string, number> | undefined;
  let borne: ReadonlyMap<string, string> | undefined;
  /** By folder, because one folder may hold many names. */
  const obstacles = new Map<string, string | undefined>();
  const obstacleTo = (path: string): string | undefined => {
    const folder = dirname(path);
    if (!obstacles.has(folder)) obstacles.set(folder, obstacleOf(folder, rootOf(paths)));
    return obstacles.get(folder);
  };
  /** The sha256 of the clip in a file; empty if it is none of ours. */
  const clipAt = async (path: string): Promise<string> => {
    known ??= new Map(attempts.flatMap(outputsOf).map(({ sha256, bytes }) => [sha256, bytes]));
    const size = sizeOf(path);
    // A file with another length than every clip is not a clip, so it need not be read.
    if (![...known.values()].includes(size ?? -1)) return '';
    const sha256 = await hashFile(path).catch(() => '');
    return known.has(sha256) ? sha256 : '';
  };
  const isOurs = async (path: string): Promise<boolean> => {
    borne ??= namesBorne(attempts);
    const recorded = borne.get(storedPath(paths.folder, path));
    if (recorded !== undefined && clips.isName?.(recorded, path))
      return (await clips.stat(recorded)) !== undefined;
    const sha256 = await clipAt(path);
    return sha256 !== '' && (await clips.stat(sha256)) !== undefined;
  };
  return {
    async occupant(path, sha256) {
      if (sha256 !== undefined && clips.isName?.(sha256, path)) return { kind: 'right' };
      const what = lookAtName(path);
      const foreign = (where = path): Occupant => {
        borne ??= namesBorne(attempts);
        return { kind: 'foreign', path: where, wasOurs: borne.has(storedPath(paths.folder, path)) };
      };
      if (what === 'none') {
        const obstacle = obstacleTo(path);
        return obstacle === undefined ? { kind: 'free' } : foreign(obstacle);
      }
      if (what === 'other') return foreign(obstacleTo(path));
      if (sha256 !== undefined && (await clipAt(path)) === sha256) return { kind: 'right' };
      return (await isOurs(path)) ? { kind: 'free' } : foreign();
    },
  };
}

/** The clip that each name was made for, by the name in the lockfile. */
function namesBorne(attempts: readonly Attempt[]): ReadonlyMap<string, string> {
  return new Map(
    attempts.flatMap((attempt) =>
      (attempt.names ?? []).map((name, index) => [name, outputsOf(attempt)[index]?.sha256 ?? ''] as const),
    ),
  );
}

/** The folder below which we may make folders for names. */
function rootOf({ folder, output }: ProjectPaths): string {
  return isInside(folder, output) ? folder : output;
}

/** The path of the metadata of a clip whose first name is at a path. */
export function metadataPath(path: string): string {
  return path.replace(/\.(?:mp4|webm)$/, '.json');
}

/** Makes names as views want them. One call at a time, because two takes may swap their clips. */
export interface Names {
  /**
   * Makes all names of a view. Names that nobody wants are removed if they are ours by content and the store has the clip; missing
   * ones are made; what is not ours stays. Clips that are not sound get no name for now. Gives what is in the way of an attempt's
   * names, by its id. Throws `disk`.
   */
  sync(view: View, isSound?: (attempt: Attempt) => boolean): Promise<ReadonlyMap<string, string>>;
  /** Removes the names of an attempt's clips if they are ours by content. Throws `disk`. */
  drop(attempt: Attempt): Promise<void>;
  /** Makes the names of one attempt's clips. Gives what is in the way, if anything is. Throws `disk`. */
  show(clips: readonly NamedClip[]): Promise<string | undefined>;
}

/** Makes no names, and leaves existing ones as they are. */
export const NO_NAMES: Names = {
  sync: () => Promise.resolve(new Map()),
  drop: () => Promise.resolve(),
  show: () => Promise.resolve(undefined),
};

/** What is needed to make names. */
export interface NameWriter {
  readonly paths: ProjectPaths;
  readonly projectId: string;
  readonly clips: ClipStore;
  readonly attempts: () => readonly Attempt[];
  readonly get: (id: string) => Attempt;
  /** Records which names the clips of an attempt have now. */
  readonly record: (attempt: Attempt, names: readonly string[]) => void;
}

export function createNames(writer: NameWriter): Names {
  const { paths, clips } = writer;
  const limit = pLimit(1);
  const holders = new Map<string, string>();
  for (const { id, names = [] } of writer.attempts()) for (const name of names) holders.set(name, id);

  const record = (id: string, names: readonly string[]) => {
    const before = writer.get(id);
    if (areAlike(names, before.names)) return;
    for (const name of before.names ?? []) if (holders.get(name) === id) holders.delete(name);
    for (const name of names) {
      const other = holders.get(name);
      holders.set(name, id);
      if (other === undefined || other === id) continue;
      const theirs = writer.get(other);
      writer.record(
        theirs,
        (theirs.names ?? []).filter((one) => one !== name),
      );
    }
    writer.record(before, names);
  };
  const show = async (wanted: readonly NamedClip[], judge: NameJudge): Promise<string | undefined> => {
    const [first] = wanted;
    if (!first) return undefined;
    const attempt = writer.get(first.attempt.id);
    const made: string[] = [];
    let obstacle: string | undefined;
    let isAtRest = true;
    let isHere = true;
    for (const { name, output } of wanted) {
      const path = `${paths.output}${sep}${name}`;
      const stored = storedPath(paths.folder, path);
      if (attempt.names?.includes(stored) && clips.isName?.(output.sha256, path)) {
        made.push(stored);
        continue;
      }
      isAtRest = false;
      // A clip that is not in the store yet gets its name when it arrives.
      if ((await clips.stat(output.sha256)) === undefined) {
        if (attempt.names?.includes(stored)) made.push(stored);
        isHere = false;
        continue;
      }
      const inTheWay = await makeName(path, output.sha256, { judge, paths, clips });
      // If somebody overwrote a name of this clip, the file stays as it is.
      if (inTheWay === undefined || (inTheWay === path && attempt.names?.includes(stored))) made.push(stored);
      else obstacle = inTheWay;
    }
    const { take } = first;
    const isRenamed = take.shot !== attempt.owner.shot || take.take !== attempt.owner.take;
    const hasNews = isRenamed || !areAlike(made, attempt.names);
    if (isAtRest && !hasNews) return undefined;
    if (made.length > 0 && isHere)
      await describe(join(paths.output, first.name), { attempt, take, writer, hasNews });
    record(attempt.id, made);
    return obstacle;
  };
  const dropNames = async (
    attempt: Attempt,
    judge: NameJudge,
    isUnwanted: (name: string) => boolean = () => true,
  ): Promise<void> => {
    const { names = [] } = attempt;
    const unwanted = names.filter(isUnwanted);
    for (const name of unwanted) await removeIfOurs(openPath(paths.folder, name), { attempt, judge, writer });
    if (unwanted.length === 0) return;
    record(
      attempt.id,
      names.filter((name) => !unwanted.includes(name)),
    );
  };
  const newJudge = () => createNameJudge({ paths, clips, attempts: writer.attempts() });
  return {
    show: (wanted) => limit(() => show(wanted, newJudge())),
    drop: (attempt) => limit(() => dropNames(attempt, newJudge())),
    sync: (view, isSound = () => true) =>
      limit(async () => {
        const judge = newJudge();
        const wanted = new Set(
          [...view.keys()].map((name) => storedPath(paths.folder, `${paths.output}${sep}${name}`)),
        );
        const isUnwanted = (name: string) => !wanted.has(name);
        for (const attempt of writer.attempts().filter(({ names }) => names?.some(isUnwanted)))
          await dropNames(attempt, judge, isUnwanted);
        const blocked = new Map<string, string>();
        for (const entries of groupBy([...view.values()], ({ attempt }) => attempt.id).values()) {
          const [first] = entries;
          if (!first || !isSound(first.attempt)) continue;
          const obstacle = await show(entries, judge);
          if (obstacle !== undefined) blocked.set(first.attempt.id, obstacle);
        }
        return blocked;
      }),
  };
}

function areAlike(made: readonly string[], before: readonly string[] = []): boolean {
  return made.length === before.length && made.every((name, index) => name === before[index]);
}

interface Hands {
  readonly judge: NameJudge;
  readonly paths: ProjectPaths;
  readonly clips: ClipStore;
}

/** Gives what is in the way, if anything is. */
async function makeName(
  path: string,
  sha256: string,
  { judge, paths, clips }: Hands,
): Promise<string | undefined> {
  const occupant = await judge.occupant(path, sha256);
  if (occupant.kind === 'foreign') return occupant.path;
  if (occupant.kind === 'right') return undefined;
  ownFolder(rootOf(paths), join(path, '..'));
  await clips.name?.(sha256, path);
  return undefined;
}

/** A path from the lockfile is followed only in places where our names may be. */
async function removeIfOurs(
  path: string,
  {
    attempt,
    judge,
    writer: { paths, clips, projectId },
  }: { readonly attempt: Attempt; readonly judge: NameJudge; readonly writer: NameWriter },
): Promise<void> {
  if (!isInside(paths.folder, path) && !isInside(paths.output, path)) return;
  if (obstacleOf(join(path, '..'), rootOf(paths)) !== undefined || lookAtName(path) !== 'file') return;
  for (const { sha256 } of outputsOf(attempt)) {
    if ((await clips.stat(sha256)) === undefined) continue;
    if ((await judge.occupant(path, sha256)).kind !== 'right') continue;
    const root = isInside(paths.output, path) ? paths.output : paths.folder;
    const about = metadataPath(path);
    if (lookAtName(about) === 'file' && isOurMetadata(about, projectId)) removeName(about, root);
    removeName(path, root);
    return;
  }
}

/** The metadata is beside the first name. It is never read back, except to find its owner. */
async function describe(
  path: string,
  about: {
    readonly attempt: Attempt;
    readonly take: TakeRef;
    readonly writer: NameWriter;
    readonly hasNews: boolean;
  },
): Promise<void> {
  const { attempt, take, writer, hasNews } = about;
  const target = metadataPath(path);
  if (!hasNews && lookAtName(target) !== 'none') return;
  if (!isOurMetadata(target, writer.projectId)) return;
  const { id, owner: _owner, names: _names, steps: _steps, ...rest } = attempt;
  await writeMetadata(target, { dailies: 1, project: writer.projectId, attempt: id, ...take, ...rest });
}
