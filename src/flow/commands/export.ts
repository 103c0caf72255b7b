import { dirname, extname, join, relative, resolve, sep } from 'node:path';
import { cutOf } from '../../cut/cut-of.js';
import { writeCsv } from '../../cut/csv.js';
import type { Cut, CutMarker, Sequence, ShownTake, WriteCut } from '../../cut/cut.js';
import { otherTakes } from '../../cut/cut.js';
import { hasTimecode, writeEdl } from '../../cut/edl.js';
import { writeFcpxml } from '../../cut/fcpxml.js';
import { writeOtio } from '../../cut/otio.js';
import { parseSequence } from '../../cut/sequence.js';
import { fileUrl } from '../../domain/file-url.js';
import { rateText } from '../../domain/frame-rate.js';
import { DailiesError } from '../../errors.js';
import { copyOver, lookAtName } from '../../store/name-file.js';
import type { Project } from '../project/project.js';
import { assertOurs, noteMade, writeMade } from './made-files.js';
import { projectStatus, restoreNames, type Tell } from './status.js';

/** The formats that a cut can be written in. */
export const EXPORT_FORMATS = ['otio', 'fcpxml', 'edl', 'csv'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** The result of writing a timeline. */
export interface ExportedCut {
  readonly path: string;
  readonly format: ExportFormat;
  readonly clips: number;
  readonly gaps: number;
  /** Copies of clips beside the timeline. */
  readonly copies: number;
  /** What an editor should know: mixed rates and sizes, gaps, clips out of date. */
  readonly notes: readonly string[];
}

/** What to write, and where. */
export interface ExportWish {
  readonly to: ExportFormat;
  /** `<output>/<project>.<format>` if absent. */
  readonly out?: string;
  /** Places copies of the clips beside the file, in `<file's name>.media`. */
  readonly copies?: boolean;
  /** The format of the timeline, such as `1920x1080@24`; that of the first clip if absent. */
  readonly sequence?: string;
  readonly markers?: readonly CutMarker[];
  readonly tell?: Tell;
}

/** How a format is written, and how it names files: FCPXML knows only whole URLs. */
const FORMATS: Readonly<
  Record<ExportFormat, { readonly write: WriteCut; readonly place: 'relative' | 'relative-url' | 'url' }>
> = {
  otio: { write: writeOtio, place: 'relative-url' },
  fcpxml: { write: writeFcpxml, place: 'url' },
  edl: { write: writeEdl, place: 'relative' },
  csv: { write: writeCsv, place: 'relative' },
};

/**
 * Writes the current cut, for an editor: the picked takes in the manifest's order, gaps where there is no clip. Buys nothing and
 * sends no requests; makes missing names of clips again. Throws `usage` if a file that is not ours is in its place, if an EDL cannot count
 * the frames of the sequence, or if the text is no sequence; `disk`.
 */
export async function exportCut(project: Project, wish: ExportWish): Promise<ExportedCut> {
  const { paths, manifest } = project;
  const { to, copies = false, markers } = wish;
  const sequence = wish.sequence === undefined ? undefined : sequenceIn(wish.sequence);
  const path = resolve(wish.out ?? join(paths.output, `${manifest.project}.${to}`));
  await assertOurs(project, path);
  // With a shared store, `pull` makes the names.
  if (project.database === undefined) await restoreNames(project, wish.tell);
  const report = await projectStatus(project, wish.tell);
  const cut = cutOf(report, { sequence, ...(markers && { markers }) });
  if (to === 'edl' && !hasTimecode(cut.sequence.rate)) throw noTimecode(cut.sequence);

  const files = new Map(clipsOf(cut).map((take) => [take.key, resolve(paths.output, take.clip.path)]));
  const folder = join(dirname(path), `${baseOf(path)}.media`);
  const placed = copies ? await copyAll(project, cut, { files, folder }) : files;
  const { write, place } = FORMATS[to];
  const placeOf = (take: ShownTake): string => {
    const file = placed.get(take.key) ?? '';
    const way = relative(dirname(path), file).split(sep).join('/');
    return place === 'relative' ? way : fileUrl(place === 'url' ? file.split(sep).join('/') : way);
  };
  await writeMade(project, path, write(cut, placeOf));
  const clips = cut.shots.filter(({ shown }) => shown).length;
  const gaps = cut.shots.length - clips;
  return { path, format: to, clips, gaps, copies: copies ? placed.size : 0, notes: cut.notes };
}

function sequenceIn(text: string): Sequence {
  const sequence = parseSequence(text);
  if (sequence) return sequence;
  throw new DailiesError('usage', `${text} is no format of a timeline`, {
    hint: 'give width, height and frames a second, such as --sequence 1920x1080@24',
  });
}

function clipsOf({ shots }: Cut): ShownTake[] {
  return shots.flatMap((shot) => [...(shot.shown ? [shot.shown] : []), ...otherTakes(shot)]);
}

function baseOf(path: string): string {
  return path.slice(dirname(path).length + 1, path.length - extname(path).length);
}

/** Copies the clips of a cut into a folder, under the keys of their takes; gives their paths. */
async function copyAll(
  project: Project,
  cut: Cut,
  { files, folder }: { readonly files: ReadonlyMap<string, string>; readonly folder: string },
): Promise<ReadonlyMap<string, string>> {
  const copies = new Map<string, string>();
  for (const { key, clip } of clipsOf(cut)) {
    const target = join(folder, `${key}.${clip.container}`);
    copies.set(key, target);
    await assertOurs(project, target);
    const file = files.get(key) ?? '';
    if (lookAtName(file) !== 'file') throw gone(file);
    await noteMade(project, target, clip.sha256);
    await copyOver(file, target);
  }
  return copies;
}

function gone(file: string): DailiesError {
  const hint = 'run the command again: it makes the name again, if the clip is still in the store';
  return new DailiesError('clip-missing', `${file} is gone`, { hint });
}

function noTimecode({ rate }: Sequence): DailiesError {
  const message = `an EDL cannot count frames at ${rateText(rate)} a second`;
  return new DailiesError('usage', message, {
    hint: 'give the format of the timeline, such as --sequence 1920x1080@24',
  });
}
