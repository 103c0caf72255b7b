import { basename, dirname, join } from 'node:path';
import { isoNow } from '../clock.js';
import { jobKeyOf, outputsOf, type Attempt, type Output } from '../domain/attempt.js';
import type { Decision } from '../plan/decision.js';
import type { Picks } from '../plan/graph.js';
import { picksBehind } from '../plan/picks.js';
import { advance } from '../shot/advance.js';
import { exists } from '../store/clip-file.js';
import type { ShotState } from '../store/shot-state.js';
import type { ShotStore } from '../store/shot-store.js';
import { findSidecars } from '../store/sidecar.js';
import { createClipIndex } from './clip-index.js';
import { CLIP_EXTENSIONS, clipPlace, isInPlace, partOf, sidecarOf } from './clip-place.js';
import { findClips, isThisClip, type Sighting } from './find-clips.js';
import { readOtherProjects } from './other-projects.js';
import { openPath, storedPath } from './paths.js';
import type { Project } from './project.js';
import { nameWholePart } from './recover.js';
import { survey, type Scope, type Survey } from './survey.js';

/** What is known of a project: its attempts, with those that only sidecars vouch for, and what to do about its takes. */
export interface FullSurvey extends Survey {
  /** In the order of their creation; what sidecars vouch for comes last. */
  readonly attempts: readonly Attempt[];
}

/**
 * Decides about every take. Before anything is bought or moved, what the lockfile does not know is looked for beside
 * the clips: it may be gone, older than they are, or the adoption of them may have been cut short. `adopt` takes such
 * an attempt in; without it they are known for this survey alone, and nothing is written.
 */
export async function surveyFully({
  project,
  state,
  scope,
  adopt,
}: {
  readonly project: Project;
  readonly state: ShotState;
  readonly scope: Scope;
  readonly adopt?: ShotStore['adopt'];
}): Promise<FullSurvey> {
  let known = [...state.attempts()];
  let picks = state.picks();
  let surveyed = await survey({ project, attempts: known, picks, scope });
  // Who may write has let recover.ts put in order what is only foreseen here.
  const sightings = adopt ? [] : await findClips(project, known, unsettled(project, known, surveyed));
  if (sightings.length > 0) {
    known = asSeen(known, sightings, isoNow(project.clock));
    surveyed = await survey({ project, attempts: known, picks, scope });
  }
  if ([...surveyed.decisions.values()].every((decision) => isAtRest(project, decision)))
    return { ...surveyed, attempts: known };
  const found = await adoptable({ project, known, picks }, surveyed);
  if (found.length === 0) return { ...surveyed, attempts: known };
  // All at once: they reach the disk together, not one fsync after the other.
  const adopted = adopt
    ? await Promise.all(
        found.map(async (one) => {
          await nameParts(project, one);
          return adopt(one);
        }),
      )
    : found.map((one, index) => ({ ...one, id: `sidecar ${index}` }));
  const attempts = [...known, ...adopted];
  if (known.length === 0) picks = picksBehind(adopted, project.manifest.takes);
  return { ...(await survey({ project, attempts, picks, scope })), attempts };
}

/** Whether there is no more to do than to leave the clips of a take as they lie. */
function isAtRest(project: Project, { action, attempt, take }: Decision): boolean {
  return action === 'reuse' && attempt !== undefined && isInPlace(attempt, clipPlace(project, take));
}

/** The attempts as recover.ts would leave them. */
function asSeen(known: readonly Attempt[], sightings: readonly Sighting[], at: string): Attempt[] {
  const events = new Map(sightings.map(({ attempt, event }) => [attempt.id, event]));
  return known.map((attempt) => {
    const event = events.get(attempt.id);
    return event ? advance(attempt, { ...event, at }) : attempt;
  });
}

/** All but the attempts whose clips lie, as they were delivered, where a take asks for them. */
function unsettled(project: Project, known: readonly Attempt[], { decisions, context }: Survey): Attempt[] {
  const atRest = new Set(
    [...decisions.values()].flatMap((decision) => (isAtRest(project, decision) ? decision.attempt?.id : [])),
  );
  return known.filter((attempt) => !atRest.has(attempt.id) || context.clipStatus(attempt) !== 'intact');
}

/**
 * Attempts that are known from sidecars alone: those that a take of the manifest asks for, or that lie in the place of
 * one, if their clips are whole and belong to no other lockfile in the folder.
 */
async function adoptable(
  {
    project,
    known,
    picks,
  }: { readonly project: Project; readonly known: readonly Attempt[]; readonly picks: Picks },
  surveyed: Survey,
): Promise<Omit<Attempt, 'id'>[]> {
  const { manifest, paths } = project;
  const unknown = await findUnknown(project, known, surveyed);
  if (unknown.length === 0) return [];
  const others = await readOtherProjects(paths);
  const candidates: Attempt[] = [];
  for (const [index, { attempt, outputs }] of unknown.entries()) {
    if (outputs.some(({ path }) => others.ownerOf(path) !== undefined)) continue;
    const areWhole = await Promise.all(
      outputs.map((output) => isWhole(openPath(paths.folder, output.path), output)),
    );
    if (!areWhole.includes(false)) candidates.push({ ...attempt, id: `sidecar ${index}` });
  }
  // The lockfile's own attempts come last: of two that suit a take equally, the newer one serves it.
  const attempts = [...candidates, ...known];
  const { decisions } = await survey({ project, attempts, picks, scope: {} });
  const wanted = new Set([...decisions.values()].map(({ attempt }) => attempt?.id));
  const owners = createClipIndex(candidates);
  for (const take of manifest.takes) {
    const place = clipPlace(project, take);
    for (const extension of CLIP_EXTENSIONS) wanted.add(owners.ownerOf(place.storedClip(0, extension)));
  }
  return candidates.flatMap(({ id, ...attempt }) => (wanted.has(id) ? [attempt] : []));
}

/** Under its name, or still under the one it grew under. */
async function isWhole(file: string, output: Output): Promise<boolean> {
  return (await isThisClip(file, output)) || (!exists(file) && isThisClip(partOf(file), output));
}

async function nameParts({ paths }: Project, attempt: Omit<Attempt, 'id'>): Promise<void> {
  for (const output of outputsOf(attempt)) {
    const file = openPath(paths.folder, output.path);
    if (!exists(file)) await nameWholePart(file, output);
  }
}

/** What sidecars tell of jobs that no attempt of the lockfile has; of each job once. */
async function findUnknown({ paths }: Project, known: readonly Attempt[], { context }: Survey) {
  const knownSidecars = new Set<string>();
  const knownJobs = new Set(known.map(jobKeyOf));
  for (const attempt of known) {
    const [first] = outputsOf(attempt);
    // Beside a clip that is not the attempt's own any more can stand the sidecar of another.
    if (first && context.clipStatus(attempt) === 'intact')
      knownSidecars.add(sidecarOf(openPath(paths.folder, first.path)));
  }
  const sidecars = await findSidecars(paths.output, { except: knownSidecars });
  const isWhereItSays = ({ path, attempt }: (typeof sidecars)[number]) =>
    path === sidecarOf(openPath(paths.folder, outputsOf(attempt)[0]?.path ?? ''));
  const copies = sidecars.filter((sidecar) => !isWhereItSays(sidecar));
  return [...sidecars.filter(isWhereItSays), ...copies].flatMap(({ path, attempt }) => {
    const { state } = attempt;
    const job = jobKeyOf(attempt);
    if (state.kind !== 'delivered' || knownJobs.has(job)) return [];
    knownJobs.add(job);
    // Folder and clips may have been renamed or copied together, and the sidecar with them.
    const outputs = state.outputs.map((output) => {
      const beside = join(dirname(path), basename(output.path));
      return exists(beside) ? { ...output, path: storedPath(paths.folder, beside) } : output;
    });
    return [{ attempt: { ...attempt, state: { ...state, outputs } }, outputs }];
  });
}
