import { join } from 'node:path';
import { outputsOf } from '../../domain/attempt.js';
import { pickOf } from '../../domain/picks.js';
import { isDelivered } from '../../domain/standing.js';
import { DailiesError } from '../../errors.js';
import { assembleClips, type Assembled } from '../../media/assemble.js';
import { findFrameTool } from '../../media/frame-tool.js';
import { clipName } from '../../plan/view.js';
import { pickedTake, slotKey } from '../../plan/graph.js';
import type { ClipStore } from '../../store/clip-store.js';
import { hashFile, lookAtName, moveOver, removeName } from '../../store/name-file.js';
import { ownFolder } from '../../store/own-folder.js';
import { readState } from '../../store/read-state.js';
import { stemOf, survey } from '../plan/survey.js';
import { isInside } from '../project/paths.js';
import type { Project } from '../project/project.js';
import { clipsOf, stateHome } from '../project/state-home.js';
import { assertOurs, noteMade } from './made-files.js';

/** The film: where it lies, and how it was joined. */
export interface Film extends Assembled {
  readonly path: string;
  readonly clips: number;
}

/**
 * Joins the picked takes (the first where none is picked) in the manifest's order into `<output>/<project>.mp4`. A film of
 * ours that lies there already is replaced once the new one is whole: it can be joined again at any time. Throws
 * `clip-missing` where a clip is missing, `usage` where the film would lie where a clip belongs or over a file that is
 * not ours, `tool-missing` where the clips cannot be joined without ffmpeg.
 */
export async function assembleFilm(project: Project, signal: AbortSignal): Promise<Film> {
  const { paths, manifest } = project;
  const target = join(paths.output, `${manifest.project}.mp4`);
  assertFree(project, target);
  await assertOurs(project, target);
  const store = clipsOf(project);
  const wanted = await pickedClips(project, store);
  const tool = await findFrameTool(project.env);
  ownFolder(paths.folder, paths.cache);
  const part = join(paths.cache, `${manifest.project}.film.part`);
  const film = await withFiles(store, wanted, (clips) =>
    assembleClips({ clips, target: part, signal, ...(tool ? { tool } : {}) }),
  );
  const sha256 = await hashFile(part);
  if (lookAtName(target) === 'file' && (await hashFile(target)) === sha256) removeName(part, paths.cache);
  else {
    await noteMade(project, target, sha256);
    await moveOver(part, target);
  }
  return { ...film, path: target, clips: wanted.length };
}

/** A naming template, or an id, may well put a clip or its folder there; some file systems do not tell letter case. */
function assertFree(project: Project, target: string): void {
  const film = target.toLowerCase();
  const taken = project.manifest.takes.find((take) => {
    const clip = join(project.paths.output, clipName(stemOf(project, take), 0, 'mp4')).toLowerCase();
    return isInside(film, clip);
  });
  if (!taken) return;
  const message = `the film would be ${target}, which is where the clip of ${taken.key} belongs`;
  throw new DailiesError('usage', message, {
    hint: 'give the project another name, or the clips with output: { name: … }',
  });
}

/** The picked takes' clips, by content. Throws `clip-missing` with the names of all that are not there, or are out of date. */
async function pickedClips(project: Project, clips: ClipStore): Promise<string[]> {
  const { manifest } = project;
  const { state } = await readState(stateHome(project));
  const { decisions, picks, claims, context } = await survey({ project, state, clips });
  const isThere = (attempt: Parameters<typeof context.clipStatus>[0]) =>
    isDelivered(attempt) && context.clipStatus(attempt) !== 'missing';
  const wanted: string[] = [];
  const missing: string[] = [];
  const outdated: string[] = [];
  for (const shot of new Set(manifest.takes.map((take) => take.shot))) {
    const ref = pickedTake(shot, picks);
    const { attempt, reasons = [] } = decisions.get(slotKey(ref)) ?? {};
    const [output] = attempt && isThere(attempt) ? outputsOf(attempt) : [];
    const name = pickOf(picks, shot) === undefined ? shot : slotKey(ref);
    if (output) wanted.push(output.sha256);
    else if (claims.owned(ref).some((own) => own !== attempt && isThere(own)))
      outdated.push(`${name} (${reasons.join('; ')})`);
    else missing.push(name);
  }
  const complaints = [
    ...(missing.length > 0 ? [`there is no clip yet for ${missing.join(', ')}`] : []),
    ...(outdated.length > 0 ? [`out of date: ${outdated.join(', ')}`] : []),
  ];
  if (complaints.length === 0) return wanted;
  throw new DailiesError('clip-missing', complaints.join('; '), {
    hint: `dailies run ${project.source.file}, with the options of assemble`,
  });
}

/** Lends many clips as files at once. */
function withFiles<T>(
  clips: ClipStore,
  wanted: readonly string[],
  use: (files: readonly string[]) => Promise<T>,
): Promise<T> {
  const lend = (files: readonly string[]): Promise<T> => {
    const next = wanted[files.length];
    return next === undefined ? use(files) : clips.asFile(next, (file) => lend([...files, file]));
  };
  return lend([]);
}
