import { pickOf } from '../../domain/picks.js';
import { nearest } from '../../domain/nearest.js';
import { DailiesError } from '../../errors.js';
import { pickNow } from '../../plan/picks.js';
import type { ProjectAttempts } from '../../store/attempt-store.js';
import { openState } from '../batch/state.js';
import { survey } from '../plan/survey.js';
import { clipsOf } from '../project/state-home.js';
import type { Project } from '../project/project.js';

/** One pick. */
export interface Choice {
  readonly shot: string;
  /** The number of a take, not yet checked; null takes the pick of the shot back. */
  readonly take: unknown;
  /** The origin of the pick, for messages: a file, or the words of a command line. */
  readonly source: string;
}

/** The picked takes, of the shots that have a pick. */
export type PickedTakes = Readonly<Record<string, number>>;

/**
 * Adds picks to the existing ones; `clear` takes all existing ones back first. Gives all current picks. A pick belongs to a
 * clip: throws `clip-missing` if a take has none yet, and `usage` on anything the manifest does not have; then nothing was picked.
 */
export async function pickTakes(project: Project, wish: PickWish): Promise<PickedTakes> {
  for (const choice of wish.choices) checked(project, choice);
  const { attempts, close } = await openState(project);
  try {
    return await pickIn(project, attempts, wish);
  } finally {
    await close();
  }
}

/** What to pick. */
export interface PickWish {
  readonly choices: readonly Choice[];
  readonly clear?: boolean;
}

/** As `pickTakes`, in a state that is open already: a run's, which nobody else can open meanwhile. */
export async function pickIn(
  project: Project,
  attempts: ProjectAttempts,
  { choices, clear = false }: PickWish,
): Promise<PickedTakes> {
  const chosen = choices.map((choice) => checked(project, choice));
  const { picks, decisions } = await survey({ project, state: attempts, clips: clipsOf(project) });
  const merged = new Map(clear ? [] : Object.entries(picks));
  const missing: string[] = [];
  for (const { shot, take } of chosen) {
    if (take === null) {
      merged.delete(shot);
      continue;
    }
    const pick = pickNow({ shot, take }, decisions);
    if (pick.clip === undefined) missing.push(`${shot}@${take}`);
    merged.set(shot, pick);
  }
  if (missing.length > 0) throw noClip(project, missing);
  const now = Object.fromEntries(merged);
  await attempts.setPicks(now);
  return Object.fromEntries([...merged.keys()].map((shot) => [shot, pickOf(now, shot) ?? 1]));
}

function noClip({ source }: Project, missing: readonly string[]): DailiesError {
  return new DailiesError(
    'clip-missing',
    `there is no clip yet of ${missing.join(', ')}: nothing was picked`,
    {
      hint: `a pick belongs to a clip: render it first; dailies status ${source.file} lists the clips`,
    },
  );
}

/** A choice that the manifest allows. */
function checked(
  { manifest }: Project,
  { shot, take, source }: Choice,
): { readonly shot: string; readonly take: number | null } {
  const takes = manifest.takes.find((one) => one.shot === shot)?.takes;
  if (takes === undefined) {
    const near = nearest(
      shot,
      manifest.takes.map((one) => one.shot),
    );
    throw new DailiesError('usage', `${source} picks a take of ${shot}, and the manifest has no such shot`, {
      hint: near === undefined ? 'dailies status lists the shots of a manifest' : `did you mean ${near}?`,
    });
  }
  if (take === null) return { shot, take };
  if (typeof take !== 'number' || !Number.isInteger(take) || take < 1 || take > takes) {
    throw new DailiesError(
      'usage',
      `${source} picks take ${JSON.stringify(take)} of ${shot}, which has ${takes}`,
      {
        hint: `choose a take from 1 to ${takes}`,
      },
    );
  }
  return { shot, take };
}
