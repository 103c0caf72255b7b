import { outputsOf, type Attempt } from '../domain/attempt.js';
import type { Take, TakeRef } from '../domain/take.js';
import { slotKey } from '../plan/graph.js';
import { openShotStore } from '../store/shot-store.js';
import { dropSecondName, removeFile, sizeOf } from '../store/clip-file.js';
import { inspectOutput } from '../store/clips.js';
import { surveyFully } from './adopt.js';
import { createClipIndex } from './clip-index.js';
import { asideIn, clipPlace, isInPlace, partOf, sidecarOf } from './clip-place.js';
import { replacedFilms } from './film-place.js';
import { readOtherProjects } from './other-projects.js';
import { openPath, storedPath } from './paths.js';
import type { Project } from './project.js';
import { recover } from './recover.js';

/** One clip that serves no take: of a removed shot, or replaced by a newer one. Or a film that another has replaced. */
export type Prunable = {
  /** As the lockfile keeps it: relative to the manifest's folder where inside it. */
  readonly path: string;
  readonly bytes: number;
} & (TakeRef | { /** The project it was assembled of. */ readonly film: string });

/**
 * Lists the clips this lockfile owns that no take of the manifest uses, and the films that newer ones have replaced; with
 * `remove` removes them. The clip of a shot stays, however much the shot was edited and whatever folder the clips are to
 * lie in now, until a new one has taken its place. Clips that the lockfile does not own alone, or that somebody has
 * changed, are never touched. The attempts stay on record.
 */
export async function pruneClips(
  project: Project,
  { remove }: { readonly remove: boolean },
): Promise<readonly Prunable[]> {
  const { paths, manifest, clock } = project;
  const store = await openShotStore({ lockfile: paths.lockfile, project: manifest.project, clock });
  try {
    await recover(project, store);
    const { attempts, claims, decisions } = await surveyFully({
      project,
      state: store,
      scope: {},
      adopt: (attempt) => store.adopt(attempt),
    });
    const owners = new Map(manifest.takes.map((take) => [slotKey(take), take]));
    const isAside = asideIn(project);
    const isLastOf = (owner: Take, attempt: Attempt) =>
      isInPlace(attempt, clipPlace(project, owner)) ||
      (!isAside(attempt) && decisions.get(slotKey(owner))?.action !== 'reuse');
    const unclaimed = claims.unclaimed();
    // A clip that somebody took away stays on record, and another may have come to its place.
    const idle = new Set(unclaimed);
    const inUse = new Set(
      attempts
        .filter((attempt) => !idle.has(attempt))
        .flatMap(outputsOf)
        .map(({ path }) => path),
    );
    const others = await readOtherProjects(paths);
    const found: Prunable[] = [];
    for (const attempt of unclaimed) {
      const owner = owners.get(slotKey(attempt.owner));
      if (owner && isLastOf(owner, attempt)) continue;
      for (const output of outputsOf(attempt)) {
        const { path, bytes } = output;
        const file = openPath(paths.folder, path);
        if (inUse.has(path) || others.ownerOf(path) !== undefined) continue;
        if ((await inspectOutput({ file, output, hash: false })) !== 'intact') continue;
        found.push({ path, bytes, ...attempt.owner });
        if (!remove) continue;
        dropSecondName(file, partOf(file));
        removeFile(file);
        removeFile(sidecarOf(file));
      }
    }
    const clips = createClipIndex(attempts);
    const isOwned = (file: string) => {
      const path = storedPath(paths.folder, file);
      return clips.ownerOf(path) !== undefined || others.ownerOf(path) !== undefined;
    };
    for (const file of await replacedFilms(project, isOwned)) {
      const bytes = sizeOf(file);
      found.push({ path: storedPath(paths.folder, file), bytes, film: manifest.project });
      if (remove) removeFile(file);
    }
    return found;
  } finally {
    await store.close();
  }
}
