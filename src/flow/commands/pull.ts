import pLimit from 'p-limit';
import { groupBy } from '../../domain/group-by.js';
import type { View, NamedClip } from '../../plan/view.js';
import type { ClipStore } from '../../store/clip-store.js';
import { withCopies } from '../../store/give-name.js';
import { openAttempts, type LocalAttempts } from '../../store/local-attempts.js';
import { settleClips } from '../clips/find-clips.js';
import { copyHere } from '../batch/export.js';
import { createNameJudge, type NameJudge } from '../clips/names.js';
import { foreignReports } from '../plan/check-files.js';
import { survey, viewFor } from '../plan/survey.js';
import { storedPath } from '../project/paths.js';
import { assertNoErrors, type Project } from '../project/project.js';
import { clipsOf, namesHere, stateHome } from '../project/state-home.js';
import { asDiagnostics, reportOf, type Tell } from './status.js';
import { writeReport, type RenderSheet } from './write-report.js';

/** What was pulled, and what was not. */
export interface Pulled {
  /** How many clips of the project have their names on this machine now. */
  readonly clips: number;
  /** How many of them were fetched from the store. */
  readonly fetched: number;
  readonly fetched_bytes: number;
  /** The names that could not be made, and why. */
  readonly missing: readonly { readonly path: string; readonly message: string }[];
  /** The contact sheet's path. */
  readonly sheet: string | undefined;
}

/** How many clips are fetched at once. */
const AT_ONCE = 4;

/**
 * Makes the names of a project's clips on this machine, and its contact sheet, wherever its state and its clips are. It checks each
 * fetched clip by its sha256; a pull that was interrupted goes on with the clips that are not here yet.
 * Throws `locked-by-another-run`, `disk`, `bucket`, as the database does, and ManifestError if a file that is not ours is in the place of the contact sheet.
 */
export async function pullClips(
  project: Project,
  {
    renderSheet,
    signal,
    tell,
  }: { readonly renderSheet: RenderSheet; readonly signal: AbortSignal; readonly tell?: Tell },
): Promise<Pulled> {
  assertNoErrors(project, await foreignReports(project));
  const clips = withCopies(clipsOf(project));
  // What a database knows is copied into a lockfile, which also knows the names that were made here.
  if (project.database !== undefined) await copyHere(project);
  const attempts = await openAttempts({ home: stateHome(project), clock: project.clock });
  tell?.(asDiagnostics(attempts.repaired));
  try {
    const surveyed = await survey({ project, state: attempts, clips });
    await settleClips(surveyed.found, clips);
    const made = await makeNames({ project, attempts, clips, view: viewFor(project, surveyed), signal });
    const sheet = await writeReport(project, await reportOf(project, { state: attempts }), renderSheet);
    return { ...made, sheet };
  } finally {
    await attempts.close();
  }
}

async function makeNames({
  project,
  attempts,
  clips,
  view,
  signal,
}: {
  readonly project: Project;
  readonly attempts: LocalAttempts;
  readonly clips: ClipStore;
  readonly view: View;
  readonly signal: AbortSignal;
}): Promise<Omit<Pulled, 'sheet'>> {
  const { paths } = project;
  const names = namesHere(project, attempts, clips);
  // Names that no take needs any more go first: they may be in the place of another clip.
  await names.sync(view, () => false);
  const judge = createNameJudge({ paths, clips, attempts: attempts.attempts() });
  const limit = pLimit(AT_ONCE);
  const missing: { path: string; message: string }[] = [];
  const told = { clips: 0, fetched: 0, fetched_bytes: 0 };
  const pull = async (wanted: readonly NamedClip[]): Promise<void> => {
    signal.throwIfAborted();
    const there: NamedClip[] = [];
    for (const clip of wanted) {
      const stat = await clips.stat(clip.output.sha256);
      if (stat) there.push(clip);
      else missing.push({ path: pathOf(paths, clip), message: NOT_IN_STORE });
    }
    if (there.length === 0) return;
    const lacking = await lackingNames(there, { judge, paths });
    const obstacle = await lend(clips, lacking, () => names.show(wanted));
    if (obstacle !== undefined)
      missing.push({
        path: storedPath(paths.folder, obstacle),
        message: 'a file that is not ours is in the way',
      });
    told.clips += there.length - (obstacle === undefined ? 0 : 1);
    told.fetched += lacking.length;
    told.fetched_bytes += lacking.reduce((sum, { output }) => sum + output.bytes, 0);
  };
  const takes = groupBy([...view.values()], ({ attempt }) => attempt.id);
  // The state is open until the last of them has ended, even if one fails: then the others begin nothing more.
  let isFailed = false;
  const all = [...takes.values()].map((wanted) =>
    limit(() => (isFailed ? undefined : pull(wanted))).catch((error: unknown) => {
      isFailed = true;
      throw error;
    }),
  );
  await Promise.allSettled(all);
  await Promise.all(all);
  return { ...told, missing };
}

const NOT_IN_STORE = 'its clip is not in the store; dailies run fetches it again, for free';

function pathOf({ folder, output }: Project['paths'], { name }: NamedClip): string {
  return storedPath(folder, `${output}/${name}`);
}

/** The clips of a take that have no name here yet, and can have it. */
async function lackingNames(
  wanted: readonly NamedClip[],
  { judge, paths }: { readonly judge: NameJudge; readonly paths: Project['paths'] },
): Promise<readonly NamedClip[]> {
  const lacking: NamedClip[] = [];
  for (const clip of wanted) {
    const { kind } = await judge.occupant(`${paths.output}/${clip.name}`, clip.output.sha256);
    if (kind === 'free') lacking.push(clip);
  }
  return lacking;
}

/** Lends several clips as files at once, so that they are fetched in parallel, while their names are made one by one. */
function lend<T>(clips: ClipStore, wanted: readonly NamedClip[], use: () => Promise<T>): Promise<T> {
  const [first, ...others] = wanted;
  return first ? clips.asFile(first.output.sha256, () => lend(clips, others, use)) : use();
}
