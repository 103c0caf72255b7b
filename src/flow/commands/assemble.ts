import { join } from 'node:path';
import { namesOfValues, selectionName, takesWhere, valuesOf, type Selection } from '../../cut/selection.js';
import { cuesOf, writeSrt, writeVtt } from '../../cut/captions.js';
import { outputsOf, type MediaFacts } from '../../domain/attempt.js';
import { framesIn, rateOf, secondsOf } from '../../domain/frame-rate.js';
import { pickOf } from '../../domain/picks.js';
import { isDelivered } from '../../domain/standing.js';
import type { Take } from '../../domain/take.js';
import { DailiesError } from '../../errors.js';
import { assembleClips, type Assembled } from '../../media/assemble.js';
import { findFrameTool } from '../../media/frame-tool.js';
import { clipName } from '../../plan/view.js';
import { pickedTake, slotKey } from '../../plan/graph.js';
import type { ClipStore } from '../../store/clip-store.js';
import { hashFile, lookAtName, moveOver, removeName } from '../../store/name-file.js';
import { ownFolder } from '../../store/own-folder.js';
import { readState } from '../../store/read-state.js';
import { stemOf, survey, type Survey } from '../plan/survey.js';
import { isInside } from '../project/paths.js';
import type { Project } from '../project/project.js';
import { clipsOf, stateHome } from '../project/state-home.js';
import { assertOurs, noteMade, writeMade } from './made-files.js';

/** The film: its path, and how it was joined. */
export interface Film extends Omit<Assembled, 'letterboxed'> {
  readonly path: string;
  readonly clips: number;
  /** The takes whose shape differs from the first one's: they have bars. */
  readonly letterboxed: readonly string[];
  /** Captions that were written beside it, two files for each language. */
  readonly captions: readonly string[];
}

/**
 * Joins the picked takes (the first if none is picked) in the manifest's order into `<output>/<project>.mp4`; those of selected
 * shots into a film that is named after them. It replaces an earlier film of ours once the new one is whole: a film can
 * be joined again at any time. Throws `clip-missing` if a clip is missing, `usage` if nothing is selected, or if the film would take
 * the place of a clip or of a file that is not ours, `tool-missing` if the clips cannot be joined without ffmpeg.
 */
export async function assembleFilm(
  project: Project,
  signal: AbortSignal,
  selection: Selection = {},
): Promise<Film> {
  const bench = await openBench(project, selection);
  return joinFilm(bench, { selection, signal });
}

/** Makes a film for each value that the selected shots have for a name, one after the other. Throws as `assembleFilm`. */
export async function assembleEach(
  project: Project,
  signal: AbortSignal,
  { each, ...selection }: Selection & { readonly each: string },
): Promise<Film[]> {
  const bench = await openBench(project, selection);
  const values = valuesOf(takesWhere(bench.takes, selection.where ?? {}), each);
  if (values.length === 0) throw nothingNamed(bench.takes, each);
  const films: Film[] = [];
  for (const value of values) {
    const own = { ...selection, where: { ...selection.where, [each]: value } };
    films.push(await joinFilm(bench, { selection: own, signal }));
  }
  return films;
}

/** What films of a project are made from. */
interface Bench {
  readonly project: Project;
  readonly store: ClipStore;
  /** The shots that `only` selects. */
  readonly takes: readonly Take[];
  readonly surveyed: Survey;
}

async function openBench(project: Project, { only }: Selection): Promise<Bench> {
  const store = clipsOf(project);
  const { state } = await readState(stateHome(project));
  const surveyed = await survey({ project, state, clips: store, ...(only && { scope: { only } }) });
  const shots = new Set(surveyed.inScope.map(({ shot }) => shot));
  return { project, store, surveyed, takes: project.manifest.takes.filter(({ shot }) => shots.has(shot)) };
}

async function joinFilm(
  bench: Bench,
  { selection, signal }: { readonly selection: Selection; readonly signal: AbortSignal },
): Promise<Film> {
  const { project, store, takes } = bench;
  const { paths, manifest } = project;
  const name = `${manifest.project}${selectionName(selection)}`;
  const target = join(paths.output, `${name}.mp4`);
  assertFree(project, target);
  await assertOurs(project, target);
  const wanted = pickedClips(bench, selectedShots(takes, selection.where ?? {}));
  const tool = await findFrameTool(project.env);
  ownFolder(paths.folder, paths.cache);
  const part = join(paths.cache, `${name}.film.part`);
  const { letterboxed, ...film } = await withFiles(
    store,
    wanted.map(({ sha256 }) => sha256),
    (clips) => assembleClips({ clips, target: part, signal, ...(tool ? { tool } : {}) }),
  );
  const sha256 = await hashFile(part);
  if (lookAtName(target) === 'file' && (await hashFile(target)) === sha256) removeName(part, paths.cache);
  else {
    await noteMade(project, target, sha256);
    await moveOver(part, target);
  }
  const withBars = letterboxed.flatMap((index) => wanted[index]?.name ?? []);
  const captions = await writeCaptions(project, wanted, {
    stem: join(paths.output, name),
    method: film.method,
  });
  return { ...film, letterboxed: withBars, captions, path: target, clips: wanted.length };
}

/** Writes the captions of a film, with the times of its clips: converted clips have whole frames at the first one's rate. Gives the paths. */
async function writeCaptions(
  project: Project,
  clips: readonly FilmClip[],
  { stem, method }: { readonly stem: string; readonly method: Film['method'] },
): Promise<string[]> {
  const rate = rateOf(clips[0]?.media.fps ?? 24);
  const secondsIn = ({ media: { duration_s } }: FilmClip): number =>
    method === 'remux' ? duration_s : secondsOf(framesIn(duration_s, rate), rate);
  const shots = clips.map((clip) => ({ captions: clip.captions, seconds: secondsIn(clip) }));
  const files = [...cuesOf(shots)].flatMap(([language, cues]) => [
    { path: `${stem}.${language}.vtt`, text: writeVtt(cues) },
    { path: `${stem}.${language}.srt`, text: writeSrt(cues) },
  ]);
  for (const { path, text } of files) await writeMade(project, path, text);
  return files.map(({ path }) => path);
}

/** The shots with all these values, and those without such names. Throws `usage` if no shot has a name or a value. */
function selectedShots(takes: readonly Take[], where: Readonly<Record<string, string>>): ReadonlySet<string> {
  for (const [name, value] of Object.entries(where)) {
    const values = valuesOf(takes, name);
    if (values.length === 0) throw nothingNamed(takes, name);
    if (values.includes(value)) continue;
    throw new DailiesError('usage', `no shot has ${name}=${value}`, {
      hint: `the values of ${name} are ${values.slice(0, 10).join(', ')}`,
    });
  }
  return new Set(takesWhere(takes, where).map(({ shot }) => shot));
}

function nothingNamed(takes: readonly Take[], name: string): DailiesError {
  const names = namesOfValues(takes);
  return new DailiesError('usage', `no shot has a value for ${name} in a matrix or a table`, {
    hint: names.length === 0 ? 'no shot has a matrix' : `the names are ${names.slice(0, 10).join(', ')}`,
  });
}

/** A naming template, or an id, may put a clip or its folder there; some file systems ignore letter case. */
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

/** A clip of a film. */
interface FilmClip {
  readonly name: string;
  readonly sha256: string;
  readonly media: MediaFacts;
  readonly captions: Take['captions'];
}

/** The picked takes' clips, by content. Throws `clip-missing` with the names of all clips that are missing or out of date. */
function pickedClips({ project, surveyed }: Bench, shots: ReadonlySet<string>): FilmClip[] {
  const captions = new Map(project.manifest.takes.map((take) => [slotKey(take), take.captions]));
  const { decisions, picks, claims, context } = surveyed;
  const isThere = (attempt: Parameters<typeof context.clipStatus>[0]) =>
    isDelivered(attempt) && context.clipStatus(attempt) !== 'missing';
  const wanted: FilmClip[] = [];
  const missing: string[] = [];
  const outdated: string[] = [];
  for (const shot of shots) {
    const ref = pickedTake(shot, picks);
    const { attempt, reasons = [] } = decisions.get(slotKey(ref)) ?? {};
    const [output] = attempt && isThere(attempt) ? outputsOf(attempt) : [];
    const name = pickOf(picks, shot) === undefined ? shot : slotKey(ref);
    if (output)
      wanted.push({ name, sha256: output.sha256, media: output.media, captions: captions.get(slotKey(ref)) });
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
