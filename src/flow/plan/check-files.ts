import { join, sep } from 'node:path';
import type { Attempt } from '../../domain/attempt.js';
import { defined } from '../../domain/defined.js';
import type { Diagnostic } from '../../domain/diagnostic.js';
import { isDelivered } from '../../domain/standing.js';
import { USUAL_SECONDS, type Take } from '../../domain/take.js';
import { buys } from '../../domain/plan.js';
import type { Decision } from '../../plan/decision.js';
import { slotKey } from '../../plan/graph.js';
import { clipName } from '../../plan/view.js';
import type { ClipStore } from '../../store/clip-store.js';
import { canShareBytes, freeBytes } from '../../store/disk-space.js';
import { isOurMetadata, lookAtName } from '../../store/name-file.js';
import { readHead } from '../../store/text-file.js';
import { createNameJudge, metadataPath, type NameJudge } from '../clips/names.js';
import { storedPath } from '../project/paths.js';
import type { Project } from '../project/project.js';
import { stemOf, type Survey } from './survey.js';

/** The takes of a plan, and what their clips' names are judged by. */
interface Work {
  readonly decisions: readonly Decision[];
  readonly attempts: readonly Attempt[];
  readonly clips: ClipStore;
}

/**
 * Files that are not ours in the place of clips' names, metadata, the report or the contact sheet: nothing of
 * theirs is ever overwritten. If somebody has written over one of our names, that is a warning, unless a new clip
 * will get that name.
 */
export async function foreignFiles(
  project: Project,
  { decisions, attempts, clips }: Work,
): Promise<Diagnostic[]> {
  const found: Diagnostic[] = await foreignReports(project);
  const judge = createNameJudge({ paths: project.paths, attempts, clips });
  const told = new Set<string>();
  for (const decision of decisions) {
    if (decision.action === 'held' || decision.blocked_by !== undefined) continue;
    for (const { path, wasOurs } of await foreignNames(project, decision, judge)) {
      if (told.has(path)) continue;
      told.add(path);
      const { take, action } = decision;
      // That is an error if something would be bought for it; an existing clip waits in the store, and the run says so.
      const severity = buys(action) ? ('error' as const) : ('warning' as const);
      const diagnostic =
        wasOurs && action === 'reuse' ? writtenOver(project, path) : { ...inTheWay(project, path), severity };
      found.push({ ...diagnostic, ...defined({ shot: take.shot, at: project.locate(take) }) });
    }
  }
  return found;
}

async function foreignNames(
  project: Project,
  { take, action, attempt }: Decision,
  judge: NameJudge,
): Promise<readonly { readonly path: string; readonly wasOurs: boolean }[]> {
  const stem = `${project.paths.output}${sep}${stemOf(project, take)}`;
  // Only a delivered job says which kind of files it has, and how many.
  const isThere = action === 'reuse' && attempt && isDelivered(attempt);
  const wanted = isThere
    ? attempt.state.outputs.map(({ sha256, media }, index) => ({
        sha256,
        path: clipName(stem, index, media.container),
      }))
    : (['mp4', 'webm'] as const).map((container) => ({
        sha256: undefined,
        path: clipName(stem, 0, container),
      }));
  const foreign = [];
  for (const { path, sha256 } of wanted) {
    const occupant = await judge.occupant(path, sha256);
    if (occupant.kind === 'foreign') foreign.push(occupant);
  }
  if (isThere || foreign.length > 0) return foreign;
  const about = metadataPath(wanted[0]?.path ?? '');
  return lookAtName(about) === 'none' || isOurMetadata(about) ? [] : [{ path: about, wasOurs: false }];
}

/** What report.json and the contact sheet of ours begin with. */
const REPORT_MARKS = [
  ['report.json', /^\{"version":1,"project":/],
  ['index.html', /^<!-- dailies -->/],
] as const;
/** How far into a file the mark is searched. */
const HEAD_BYTES = 4096;

/** Files in the place of the report and the contact sheet that are not ours: errors, and a warning for another project's. */
export async function foreignReports(project: Project): Promise<Diagnostic[]> {
  const found: Diagnostic[] = [];
  for (const [name, mark] of REPORT_MARKS) {
    const path = join(project.paths.output, name);
    const what = lookAtName(path);
    if (what === 'none') continue;
    const head = what === 'file' ? await readHead(path, HEAD_BYTES) : undefined;
    if (head === undefined || !mark.test(head)) found.push(inTheWay(project, path));
    else found.push(...replaced(project, path, head));
  }
  return found;
}

/** A warning if a report belongs to another project with the same output folder. */
function replaced({ manifest, paths }: Project, path: string, head: string): Diagnostic[] {
  const [, other] = /^\{"version":1,"project":("(?:[^"\\]|\\.)*")/.exec(head) ?? [];
  if (other === undefined || other === JSON.stringify(manifest.project)) return [];
  const message = `${storedPath(paths.folder, path)} belongs to the project ${other}: a run of this project replaces it and the contact sheet`;
  const hint = 'give each project an output folder of its own';
  return [{ code: 'report-not-ours', severity: 'warning', message, hint }];
}

function inTheWay({ paths }: Project, path: string): Diagnostic {
  const message = `${storedPath(paths.folder, path)} is in the way, and it is not a clip of this project`;
  const hint = 'move the file, rename the shot, or choose another output folder';
  return { code: 'file-not-ours', severity: 'error', message, hint };
}

function writtenOver({ paths }: Project, path: string): Diagnostic {
  const message = `${storedPath(paths.folder, path)} is not the clip that was delivered there, and is left as it is`;
  const hint = 'move it away, and the next run puts the delivered clip back, for free';
  return { code: 'file-changed', severity: 'warning', message, hint };
}

/** A warning for each delivered clip whose bytes have changed in the store, if the gateway no longer has it. */
export function changedClips(project: Project, { inScope, decisions, context }: Survey): Diagnostic[] {
  const changed = inScope.filter((take) => {
    const { attempt, action } = decisions.get(slotKey(take)) ?? {};
    return action === 'reuse' && attempt && context.clipStatus(attempt) === 'changed';
  });
  return changed.map((take) => {
    const message = `the clip of ${take.key} has changed since it was delivered, and the gateway no longer has it`;
    const hint = `--rerender ${take.key} renders it again`;
    return {
      ...{ code: 'file-changed', severity: 'warning', message, hint },
      ...defined({ shot: take.shot, at: project.locate(take) }),
    };
  });
}

/** A second of film at a usual bit rate; rough on purpose. */
const BYTES_PER_SECOND = 2_000_000;

/** Warnings if the clips to come may not fit on the disk, or will be there twice. */
export async function diskSpace({ paths }: Project, takes: readonly Take[]): Promise<Diagnostic[]> {
  if (takes.length === 0) return [];
  const found: Diagnostic[] = [];
  // With a bucket only a few of them are here at once, on their way.
  if (paths.bucket) return [];
  const free = await freeBytes(paths.store);
  let needed = 0;
  for (const { settings } of takes) needed += (settings.duration ?? USUAL_SECONDS) * BYTES_PER_SECOND;
  if (free !== undefined && needed >= free) {
    const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
    const message = `the clips may need about ${gigabytes(needed)}, and ${gigabytes(free)} are free`;
    const hint = 'make room, or keep the clips on another disk with --clips';
    found.push({ code: 'disk-space', severity: 'warning', message, hint });
  }
  if (!(await canShareBytes(paths.store, paths.output))) found.push(copies());
  return found;
}

function copies(): Diagnostic {
  const message =
    'the clips and their names are on different disks, or on one without links: each clip takes its space twice';
  const hint = 'put both on one disk, with --clips or --output';
  return { code: 'names-are-copies', severity: 'warning', message, hint };
}
