import type { Diagnostic } from '../domain/diagnostic.js';
import type { Take } from '../domain/take.js';
import type { Decision } from '../plan/decision.js';
import { slotKey } from '../plan/graph.js';
import { exists } from '../store/clip-file.js';
import { freeBytes } from '../store/clips.js';
import type { ClipIndex } from './clip-index.js';
import { clipPlace } from './clip-place.js';
import type { Project } from './project.js';
import type { Survey } from './survey.js';

/** Files that are not ours, where clips of these takes are to lie: nothing of theirs is ever overwritten. */
export function foreignFiles(
  project: Project,
  decisions: readonly Decision[],
  clips: ClipIndex,
): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const { take, action, blocked_by } of decisions) {
    if (action === 'reuse' || action === 'held' || blocked_by !== undefined) continue;
    const place = clipPlace(project, take);
    for (const extension of ['.mp4', '.webm']) {
      if (clips.ownerOf(place.storedClip(0, extension)) !== undefined) continue;
      const path = place.clip(0, extension);
      if (!exists(path)) continue;
      const at = project.locate(take);
      found.push({
        code: 'file-not-ours',
        severity: 'error',
        message: `${place.storedClip(0, extension)} is in the way, and this lockfile does not own it`,
        hint: 'move the file, rename the shot, or choose another output folder',
        shot: take.shot,
        ...(at ? { at } : {}),
      });
    }
  }
  return found;
}

/** A warning for each delivered clip that somebody has changed since. */
export function changedClips(project: Project, { inScope, decisions, context }: Survey): Diagnostic[] {
  return inScope.flatMap((take): Diagnostic[] => {
    const attempt = decisions.get(slotKey(take))?.attempt;
    if (attempt?.state.kind !== 'delivered' || context.clipStatus(attempt) !== 'changed') return [];
    const path = attempt.state.outputs[0]?.path ?? take.key;
    const message = `${path} is not as it was delivered, and is left as it is`;
    const hint = `--rerender ${take.key} makes it anew and keeps this one in .superseded/`;
    const at = project.locate(take);
    return [
      { code: 'file-changed', severity: 'warning', message, hint, shot: take.shot, ...(at ? { at } : {}) },
    ];
  });
}

/** A second of film at a usual bit rate; rough on purpose. */
const BYTES_PER_SECOND = 2_000_000;

const USUAL_SECONDS = 8;

/** A warning where the clips to come may not fit on the disk. */
export async function diskSpace(project: Project, takes: readonly Take[]): Promise<Diagnostic[]> {
  if (takes.length === 0) return [];
  const free = await freeBytes(project.paths.folder);
  let needed = 0;
  for (const { settings } of takes) needed += (settings.duration ?? USUAL_SECONDS) * BYTES_PER_SECOND;
  if (free === undefined || needed < free) return [];
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  const message = `the clips may need about ${gigabytes(needed)}, and ${gigabytes(free)} are free`;
  const hint = 'make room, or choose a folder on another disk with --output';
  return [{ code: 'disk-space', severity: 'warning', message, hint }];
}
