import type { Attempt } from '../domain/attempt.js';
import { slotKey } from '../plan/graph.js';
import { openShotStore } from '../store/shot-store.js';
import { exists, removeFile } from '../store/clip-file.js';
import { surveyFully } from './adopt.js';
import { sidecarOf } from './clip-moves.js';
import { clipPlace, isInPlace } from './clip-place.js';
import { openPath } from './paths.js';
import type { Project } from './project.js';
import { recover } from './recover.js';

/** One clip that serves no take: of a removed shot, or replaced by a newer one. */
export interface Prunable {
  /** As the lockfile keeps it: relative to the manifest's folder where inside it. */
  readonly path: string;
  readonly bytes: number;
  readonly shot: string;
  readonly take: number;
}

/**
 * Lists the clips this lockfile owns that no take of the manifest uses, and with `remove` removes them. A clip in its
 * shot's own place stays, however much the shot was edited, until a new one has taken the place. Files that the
 * lockfile does not own are never touched. The attempts stay on record.
 */
export async function pruneClips(
  project: Project,
  { remove }: { readonly remove: boolean },
): Promise<readonly Prunable[]> {
  const { paths, manifest, clock } = project;
  const store = await openShotStore({ lockfile: paths.lockfile, project: manifest.project, clock });
  try {
    await recover(project, store);
    const { claims } = await surveyFully({
      project,
      state: store,
      scope: {},
      adopt: (attempt) => store.adopt(attempt),
    });
    const owners = new Map(manifest.takes.map((take) => [slotKey(take), take]));
    const found: Prunable[] = [];
    for (const attempt of claims.unclaimed()) {
      const owner = owners.get(slotKey(attempt.owner));
      if (owner && isInPlace(attempt, clipPlace(project, owner))) continue;
      for (const prunable of clipsOnDisk(project, attempt)) {
        found.push(prunable);
        if (!remove) continue;
        const file = openPath(paths.folder, prunable.path);
        removeFile(file);
        removeFile(sidecarOf(file));
      }
    }
    return found;
  } finally {
    await store.close();
  }
}

function clipsOnDisk({ paths }: Project, { owner, state }: Attempt): Prunable[] {
  if (state.kind !== 'delivered') return [];
  const found: Prunable[] = [];
  for (const { path, bytes } of state.outputs)
    if (exists(openPath(paths.folder, path))) found.push({ path, bytes, ...owner });
  return found;
}
