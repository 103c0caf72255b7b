import { dirname, join } from 'node:path';
import { outputsOf, type Attempt } from '../domain/attempt.js';
import type { Diagnostic } from '../domain/diagnostic.js';
import { USUAL_SECONDS, type Take } from '../domain/take.js';
import type { Decision } from '../plan/decision.js';
import { slotKey } from '../plan/graph.js';
import { exists, lookAtFolder } from '../store/clip-file.js';
import { freeBytes } from '../store/clips.js';
import { isUnderBothNames } from '../store/move-file.js';
import { isSidecar } from '../store/sidecar.js';
import { readHead } from '../store/text-file.js';
import type { ClipIndex } from './clip-index.js';
import { CLIP_EXTENSIONS, clipPlace, isInPlace } from './clip-place.js';
import { readOtherProjects, type OtherProjects } from './other-projects.js';
import { openPath, storedPath } from './paths.js';
import type { Project } from './project.js';
import type { Survey } from './survey.js';

/**
 * Files that are not ours where clips of these takes, their sidecars, the report and the contact sheet are to lie:
 * nothing of theirs is ever overwritten.
 */
export async function foreignFiles(
  project: Project,
  decisions: readonly Decision[],
  clips: ClipIndex,
): Promise<Diagnostic[]> {
  const found: Diagnostic[] = await foreignReports(project);
  const obstacles = new Set<string>();
  let others: OtherProjects | undefined;
  for (const { take, action, attempt, blocked_by } of decisions) {
    if (action === 'held' || blocked_by !== undefined) continue;
    const place = clipPlace(project, take);
    if (action === 'reuse' && attempt && isInPlace(attempt, place)) continue;
    const { isThere, obstacle } = lookAtFolder(dirname(place.sidecar));
    const report = (path: string, ...why: readonly string[]) => {
      const at = project.locate(take);
      found.push({ ...inTheWay(project, path, ...why), shot: take.shot, ...(at ? { at } : {}) });
    };
    if (obstacle !== undefined && !obstacles.has(obstacle)) {
      obstacles.add(obstacle);
      report(obstacle);
    }
    // Most folders are yet to be made.
    if (!isThere) continue;
    let isOurs = false;
    for (const extension of CLIP_EXTENSIONS) {
      const clip = place.clip(0, extension);
      const owner = clips.ownerOf(place.storedClip(0, extension));
      if (owner !== undefined) isOurs = true;
      const staysThere = owner !== undefined && owner === attempt?.id;
      if (staysThere || !exists(clip) || isOnItsWay(project, attempt, clip)) continue;
      others ??= await readOtherProjects(project.paths);
      const other = others.ownerOf(place.storedClip(0, extension));
      if (other !== undefined) report(clip, `${other} owns it${owner === undefined ? '' : ' too'}`, FOR_TWO);
      else if (owner === undefined) report(clip);
    }
    // Beside a clip of ours it is ours too, even if a power cut has left it empty.
    if (!isOurs && exists(place.sidecar) && !(await isSidecar(place.sidecar))) report(place.sidecar);
  }
  return found;
}

/** A run that died while it gave the clip of a renamed shot its new name has left it under both. */
function isOnItsWay({ paths }: Project, attempt: Attempt | undefined, target: string): boolean {
  const [output] = attempt ? outputsOf(attempt) : [];
  return output !== undefined && isUnderBothNames(openPath(paths.folder, output.path), target);
}

/** What report.json and the contact sheet of ours begin with; older sheets have it in their title. */
const REPORT_MARKS = [
  ['report.json', /^\{"version":1,"project":/],
  ['index.html', /^<!-- dailies -->| · dailies<\/title>/],
] as const;
/** As far into a file as a mark is looked for. */
const HEAD_BYTES = 4096;

/** What is not ours where the report and the contact sheet are to lie: errors, and a warning for another project's. */
export async function foreignReports(project: Project): Promise<Diagnostic[]> {
  const found: Diagnostic[] = [];
  for (const [name, mark] of REPORT_MARKS) {
    const path = join(project.paths.output, name);
    if (!exists(path)) continue;
    // A folder has no beginning to be read.
    const head = await readHead(path, HEAD_BYTES).catch(() => undefined);
    if (head === undefined || !mark.test(head)) found.push(inTheWay(project, path));
    else found.push(...replaced(project, path, head));
  }
  return found;
}

/** A warning where a report is that of another project with the same output folder. */
function replaced({ manifest, paths }: Project, path: string, head: string): Diagnostic[] {
  const [, other] = /^\{"version":1,"project":("(?:[^"\\]|\\.)*")/.exec(head) ?? [];
  if (other === undefined || other === JSON.stringify(manifest.project)) return [];
  const message = `${storedPath(paths.folder, path)} is of the project ${other}: a run of this one replaces it, and the contact sheet`;
  const hint = 'give each project an output folder of its own';
  return [{ code: 'report-not-ours', severity: 'warning', message, hint }];
}

/** As after a copy of a manifest and its lockfile. */
const FOR_TWO = 'give one of the two another output folder and run it: it gets copies of the clips it needs';

function inTheWay(
  { paths }: Project,
  path: string,
  why = 'this lockfile does not own it',
  hint = 'move the file, rename the shot, or choose another output folder',
): Diagnostic {
  const message = `${storedPath(paths.folder, path)} is in the way, and ${why}`;
  return { code: 'file-not-ours', severity: 'error', message, hint };
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

/** A warning where the clips to come may not fit on the disk. */
export async function diskSpace(project: Project, takes: readonly Take[]): Promise<Diagnostic[]> {
  if (takes.length === 0) return [];
  const free = await freeBytes(project.paths.output);
  let needed = 0;
  for (const { settings } of takes) needed += (settings.duration ?? USUAL_SECONDS) * BYTES_PER_SECOND;
  if (free === undefined || needed < free) return [];
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  const message = `the clips may need about ${gigabytes(needed)}, and ${gigabytes(free)} are free`;
  const hint = 'make room, or choose a folder on another disk with --output';
  return [{ code: 'disk-space', severity: 'warning', message, hint }];
}
