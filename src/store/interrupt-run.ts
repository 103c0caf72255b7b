import { onDisk } from '../disk-error.js';
import { DailiesError } from '../errors.js';
import { readLockFile } from './lock-file.js';
import { ownIdentity, whereaboutsOf } from './process-identity.js';
import { runLockPath } from './run-lock.js';

/**
 * Interrupts the run that holds the lock of a lockfile, as Ctrl-C does; false if there is none. Throws `locked-by-another-run` if it is
 * on another machine, or in another container.
 */
export async function interruptRun(lockfile: string): Promise<boolean> {
  const path = runLockPath(lockfile);
  const found = await onDisk(path, 'read', () => readLockFile(path));
  if (!found?.holder) return false;
  const { holder } = found;
  const self = await ownIdentity();
  const where = await whereaboutsOf(holder, self);
  if (where === 'dead' || where === 'another_boot') return false;
  if (where === 'elsewhere') {
    throw new DailiesError(
      'locked-by-another-run',
      `the run is on ${holder.host}, and cannot be stopped from here`,
      {
        hint: `press Ctrl-C there, or send SIGINT to process ${holder.pid} there`,
      },
    );
  }
  // This very process may hold it, for a pick.
  if (holder.pid !== self.pid) process.kill(holder.pid, 'SIGINT');
  return holder.pid !== self.pid;
}
