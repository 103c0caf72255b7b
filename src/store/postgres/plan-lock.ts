import { systemClock } from '../../clock.js';
import { DailiesError } from '../../errors.js';
import type { Database } from './connection.js';

/** The first half of the key of the lock on a project's plan. */
const PLANNING = 1_702;
/** How long to wait for somebody else's planning. */
const PATIENCE_MS = 10_000;
const AGAIN_MS = 200;

/** Tries to be alone in planning a project, on a connection that keeps the lock until it is closed. */
export async function tryPlanLock(ask: Database['ask'], project: string): Promise<boolean> {
  const [row] = await ask('select pg_try_advisory_lock($1, hashtext($2)) as is_mine', [PLANNING, project]);
  return row?.['is_mine'] === true;
}

/**
 * Keeps others from planning a project, by a connection of its own; returns a function that lets them again. Throws `locked-by-another-run` if somebody
 * else has been planning it for a while.
 */
export function planAlone(database: Database, project: string): Promise<() => Promise<void>> {
  return new Promise((resolve, reject) => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((end) => (release = end));
    const held = database.alone(async (ask) => {
      const sinceMs = systemClock.elapsed();
      while (!(await tryPlanLock(ask, project))) {
        if (systemClock.elapsed() - sinceMs > PATIENCE_MS)
          throw new DailiesError('locked-by-another-run', 'another process plans or runs this project now', {
            hint: 'wait for it to end, or stop it: workers continue with what is enqueued',
          });
        await systemClock.sleep(AGAIN_MS);
      }
      resolve(async () => {
        release();
        await held.catch(() => undefined);
      });
      await released;
    });
    held.catch(reject);
  });
}
