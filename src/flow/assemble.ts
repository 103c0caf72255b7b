import { join, sep } from 'node:path';
import { outputsOf } from '../domain/attempt.js';
import { DailiesError } from '../errors.js';
import { assembleClips, type Assembled } from '../media/assemble.js';
import { findFrameTool } from '../media/frame-tool.js';
import { pickedTake, pickOf, slotKey } from '../plan/graph.js';
import { exists, moveIntoPlace, removeFile } from '../store/clip-file.js';
import { hashFile, inspectOutput, moveClip } from '../store/clips.js';
import { readShotState } from '../store/read-state.js';
import { clipPlace, supersededFolder } from './clip-place.js';
import { filmPath } from './film-place.js';
import { openPath } from './paths.js';
import type { Project } from './project.js';
import { survey } from './survey.js';

/** The film: where it lies, and how it was joined. */
export interface Film extends Assembled {
  readonly path: string;
  readonly clips: number;
}

/**
 * Joins the picked takes (the first where none is picked) in the manifest's order into `<output>/<project>.mp4`. A film
 * that lies there already is kept in `.superseded/` once the new one is whole, unless both are the same. Throws `usage` where a clip is missing or
 * the film would lie where a clip belongs, `tool-missing` where the clips cannot be joined without ffmpeg.
 */
export async function assembleFilm(project: Project, signal: AbortSignal): Promise<Film> {
  const { paths, manifest } = project;
  const target = filmPath(project);
  assertFree(project, target);
  const clips = await pickedClips(project);
  const tool = await findFrameTool(project.env);
  const part = join(paths.output, `${manifest.project}.part`);
  const film = await assembleClips({ clips, target: part, signal, ...(tool ? { tool } : {}) });
  if (await areAlike(part, target)) removeFile(part);
  else {
    if (exists(target)) await moveClip({ file: target, folder: supersededFolder(project) });
    await moveIntoPlace(part, target);
  }
  return { ...film, path: target, clips: clips.length };
}

async function areAlike(one: string, other: string): Promise<boolean> {
  try {
    return (await hashFile(one)) === (await hashFile(other));
  } catch {
    // Not there, or not to be read: then it is for the move to say so.
    return false;
  }
}

/** A naming template, or an id, may well put a clip or its folder there; some file systems do not tell letter case. */
function assertFree(project: Project, target: string): void {
  const film = target.toLowerCase();
  const taken = project.manifest.takes.find((take) => {
    const clip = clipPlace(project, take).clip(0, '.mp4').toLowerCase();
    return clip === film || clip.startsWith(`${film}${sep}`);
  });
  if (!taken) return;
  throw new DailiesError(
    'usage',
    `the film would be ${target}, which is where the clip of ${taken.key} belongs`,
    {
      hint: 'give the project another name, or the clips with output: { name: … }',
    },
  );
}

/** The files of the picked takes. Throws `usage` with the names of all that are not there, or are out of date. */
async function pickedClips(project: Project): Promise<string[]> {
  const { paths, manifest } = project;
  const state = await readShotState(paths.lockfile);
  const attempts = state.attempts();
  const { decisions, picks, claims, isThere } = await survey({
    project,
    attempts,
    picks: state.picks(),
    scope: {},
  });
  const clips: string[] = [];
  const missing: string[] = [];
  const outdated: string[] = [];
  for (const shot of new Set(manifest.takes.map((take) => take.shot))) {
    const ref = pickedTake(shot, picks);
    const { attempt, reasons = [] } = decisions.get(slotKey(ref)) ?? {};
    const [output] = attempt ? outputsOf(attempt) : [];
    const file = openPath(paths.folder, output?.path ?? '');
    if (output && (await inspectOutput({ file, output, hash: false })) !== 'missing') {
      clips.push(file);
      continue;
    }
    const name = pickOf(picks, shot) === undefined ? shot : slotKey(ref);
    const isOutdated = claims
      .owned(ref)
      .some((own) => own !== attempt && outputsOf(own).length > 0 && isThere(own));
    if (isOutdated) outdated.push(`${name} (${reasons.join('; ')})`);
    else missing.push(name);
  }
  const complaints = [
    ...(missing.length > 0 ? [`there is no clip yet of ${missing.join(', ')}`] : []),
    ...(outdated.length > 0 ? [`out of date: ${outdated.join(', ')}`] : []),
  ];
  if (complaints.length === 0) return clips;
  throw new DailiesError('clip-missing', complaints.join('; '), {
    hint: `dailies run ${project.source.file}, with the options that assemble was given`,
  });
}
