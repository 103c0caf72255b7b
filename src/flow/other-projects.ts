import { basename, extname, join } from 'node:path';
import { outputsOf } from '../domain/attempt.js';
import { listFolder } from '../store/clip-file.js';
import { readShotState } from '../store/read-state.js';
import type { ProjectPaths } from './paths.js';

const LOCKFILE = '.lock.json';

/** The other projects in a manifest's folder: a copy of manifest and lockfile, or one that shares the output folder. */
export interface OtherProjects {
  /** The name of the lockfile that owns the clip at a path, as lockfiles keep paths; without regard to letter case. */
  ownerOf(storedPath: string): string | undefined;
}

/** Reads the lockfiles beside this one whose manifests are there too. One that is kept without its manifest owns nothing. */
export async function readOtherProjects(paths: ProjectPaths): Promise<OtherProjects> {
  const owners = new Map<string, string>();
  for (const { name, hasManifest } of await lockfilesBeside(paths)) {
    if (!hasManifest) continue;
    // A lockfile that cannot be read is its own project's trouble.
    const state = await readShotState(join(paths.folder, name)).catch(() => undefined);
    for (const { path } of state?.attempts().flatMap(outputsOf) ?? []) owners.set(path.toLowerCase(), name);
  }
  return { ownerOf: (storedPath) => owners.get(storedPath.toLowerCase()) };
}

/** The names of the other lockfiles in the manifest's folder, and whether a manifest of that name is there too. */
export async function lockfilesBeside({
  folder,
  lockfile,
}: ProjectPaths): Promise<readonly { readonly name: string; readonly hasManifest: boolean }[]> {
  const names = await listFolder(folder);
  const manifests = new Set(names.map((name) => basename(name, extname(name))));
  return names.flatMap((name) => {
    if (!name.endsWith(LOCKFILE) || name === basename(lockfile)) return [];
    const project = name.slice(0, -LOCKFILE.length);
    const hasManifest = manifests.has(project) || manifests.has(project.replace(/\.sandbox$/, ''));
    return [{ name, hasManifest }];
  });
}
