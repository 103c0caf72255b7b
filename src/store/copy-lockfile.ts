import type { Clock } from '../clock.js';
import type { Attempt } from '../domain/attempt.js';
import { foldLeft } from './local-attempts.js';
import { readState, type StateHome } from './read-state.js';
import { acquireRunLock } from './run-lock.js';
import { knowsMore, type StateContent } from './shot-state.js';

/** What a lockfile received from elsewhere. */
export interface Copied {
  /** All purchases that it has now, and those that it did not know, or knew less about. */
  readonly purchases: number;
  readonly news: number;
}

/**
 * Adds the state of a project that is kept elsewhere to its lockfile. For each purchase, the record that knows more wins; the names
 * that clips have here stay. If there is no lockfile yet, it becomes one of the project `projectId`. Throws as `openAttempts`.
 */
export async function copyIntoLockfile(
  { home, clock }: { readonly home: StateHome; readonly clock: Clock },
  { projectId, attempts, picks, catalogue }: StateContent & { readonly projectId: string },
): Promise<Copied> {
  const lock = await acquireRunLock({ lockfile: home.lockfile, clock });
  try {
    const found = await readState(home);
    const { state } = found;
    const isNew = state.attempts().length === 0;
    const named = ({ names: _, ...attempt }: Attempt): Attempt => {
      const names = state.find(attempt.id)?.names;
      return names === undefined ? attempt : { ...attempt, names };
    };
    const news = attempts.filter((attempt) => knowsMore(attempt, state.find(attempt.id)));
    state.restore(news.map(named));
    state.apply({ type: 'picked', picks: { ...state.picks(), ...picks } });
    if (catalogue) state.apply({ type: 'catalogued', catalogue });
    const identity = isNew ? { ...found.identity, project_id: projectId } : found.identity;
    await foldLeft({ ...found, identity, isFolded: false }, home);
    return { purchases: state.attempts().length, news: news.length };
  } finally {
    await lock.release();
  }
}
