import type { Attempt } from '../../domain/attempt.js';
import { nearest } from '../../domain/nearest.js';
import type { Take } from '../../domain/take.js';
import { DailiesError } from '../../errors.js';
import { slotKey } from '../../plan/graph.js';
import type { ShotState } from '../../store/shot-state.js';
import { survey } from '../plan/survey.js';
import type { Project } from '../project/project.js';
import { clipsOf } from '../project/state-home.js';

/** An attempt that can be settled, and the take of the manifest that waits for it, if one does. */
export interface Open {
  readonly attempt: Attempt;
  readonly take: Take | undefined;
}

/** The attempts that can be settled: uncertain submits; with `lost`, lost jobs too, which can only be given up. */
export async function findOpen(
  project: Project,
  store: ShotState,
  { lost }: { readonly lost: boolean },
): Promise<readonly Open[]> {
  const isOpen = ({ state }: Attempt) =>
    state.kind === 'uncertain' ||
    (lost && (state.kind === 'lost' || (state.kind === 'delivered' && state.lost !== undefined)));
  const { decisions } = await survey({ project, state: store, clips: clipsOf(project) });
  const served = new Map([...decisions.values()].map(({ attempt, take }) => [attempt?.id, take]));
  return store
    .attempts()
    .filter(isOpen)
    .map((attempt) => ({
      attempt,
      take: served.get(attempt.id) ?? decisions.get(slotKey(attempt.owner))?.take,
    }));
}

/**
 * The attempts that some words name: each a shot or a take of the lockfile or the manifest. The words may name both a shot and its take.
 * Throws `usage` if a word names nothing that can be settled.
 */
export function chooseOpen(open: readonly Open[], words: readonly string[]): readonly Open[] {
  const found = words.flatMap((word) => {
    const named = [
      open.filter(({ attempt: { owner } }) => owner.shot === word || slotKey(owner) === word),
      open.filter(({ take }) => take && [take.shot, take.key, slotKey(take)].includes(word)),
      onlyShot(open, word),
    ];
    return named.find(({ length }) => length > 0) ?? nothingToSettle(open, word);
  });
  return [...new Set(found)];
}

/** Finds attempts by the id in the manifest. If a matrix made several open shots from it, a person has to say which. */
function onlyShot(open: readonly Open[], manifestId: string): readonly Open[] {
  const found = open.filter(({ take }) => take?.manifest_id === manifestId);
  const shots = [...new Set(found.map(({ take }) => take?.shot))];
  if (shots.length < 2) return found;
  throw new DailiesError(
    'usage',
    `${manifestId} is several shots, and ${shots.length} of them have something to settle`,
    { hint: `name the ones you mean: ${shots.join(', ')}` },
  );
}

function nothingToSettle(open: readonly Open[], word: string): never {
  const near = nearest(word, new Set(open.map(({ attempt }) => attempt.owner.shot)));
  const names = open.map(({ attempt }) => slotKey(attempt.owner)).join(', ');
  throw new DailiesError('usage', `${word} has nothing to settle`, {
    hint:
      near !== undefined
        ? `did you mean ${near}?`
        : names === ''
          ? 'no shot has anything to settle'
          : `these have: ${names}`,
  });
}
