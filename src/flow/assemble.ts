import { join } from 'node:path';
import { DailiesError } from '../errors.js';
import { assembleClips, type Assembled } from '../media/assemble.js';
import { findFrameTool } from '../media/frame-tool.js';
import { pickedTake, slotKey } from '../plan/graph.js';
import { exists, makeRoomFor } from '../store/clip-file.js';
import { inspectOutput, moveClip } from '../store/clips.js';
import { readShotState } from '../store/shot-store.js';
import { supersededFolder } from './clip-place.js';
import { openPath } from './paths.js';
import type { Project } from './project.js';
import { survey } from './survey.js';

/** The film: where it lies, and how it was joined. */
export interface Film extends Assembled {
  readonly path: string;
  readonly clips: number;
}

/**
 * Joins the picked takes (the first where none is picked) in the manifest's order into `<output>/<project>.mp4`. A film that
 * lies there already is kept in `.superseded/`. Throws `usage` where a clip is missing, `tool-missing` where the clips
 * cannot be joined without ffmpeg.
 */
export async function assembleFilm(project: Project, signal: AbortSignal): Promise<Film> {
  const { paths, manifest } = project;
  const state = await readShotState(paths.lockfile);
  const picks = state.picks();
  const { decisions } = await survey({ project, attempts: state.attempts(), picks, scope: {} });
  const clips: string[] = [];
  const missing: string[] = [];
  for (const shot of new Set(manifest.takes.map((take) => take.shot))) {
    const attempt = decisions.get(slotKey(pickedTake(shot, picks)))?.attempt;
    const output = attempt?.state.kind === 'delivered' ? attempt.state.outputs[0] : undefined;
    const file = openPath(paths.folder, output?.path ?? '');
    const isThere = output && (await inspectOutput({ file, output, hash: false })) !== 'missing';
    if (isThere) clips.push(file);
    else missing.push(shot);
  }
  if (missing.length > 0) {
    throw new DailiesError('usage', `there is no clip yet of ${missing.join(', ')}`, {
      exitCode: 1,
      hint: `dailies run ${project.source.file}`,
    });
  }
  const target = join(paths.output, `${manifest.project}.mp4`);
  makeRoomFor(target);
  if (exists(target)) await moveClip({ file: target, folder: supersededFolder(project) });
  const tool = await findFrameTool(project.env);
  const film = await assembleClips({ clips, target, signal, ...(tool ? { tool } : {}) });
  return { ...film, path: target, clips: clips.length };
}
