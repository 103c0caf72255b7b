import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../clock.js';
import { DailiesError } from '../errors.js';
import { ownFolder } from './own-folder.js';
import { acquireLock, isLockHeld, type RunLock } from './run-lock.js';

/*
 * A process writes the receipt of a clip before it puts the clip. So it is enough if a put waits while clips are being removed:
 * the remover either reads that receipt and leaves the clip, or has removed the clip before the put looks.
 */

/** Takes the lock under which clips are removed from a store. Throws `locked-by-another-run` and `disk`. */
export async function lockStore(root: string, clock: Clock): Promise<RunLock> {
  ownFolder(root, join(root, 'clips'));
  const path = lockPath(root);
  try {
    return await acquireLock({ path, clock });
  } catch (error) {
    if (!(error instanceof DailiesError) || error.code !== 'locked-by-another-run') throw error;
    const hint = `wait for the other prune to end; if its machine is gone, remove ${path}`;
    throw new DailiesError(error.code, error.message, { hint, cause: error });
  }
}

/**
 * Waits while another process removes clips from a store. If its lock shows no heartbeat for `patienceMs`, the wait ends: at worst
 * the clip is removed together with one of the same bytes, and downloaded again.
 */
export async function waitForStoreLock(root: string, { patienceMs = PATIENCE_MS } = {}): Promise<void> {
  const path = lockPath(root);
  let beat: number | undefined;
  let sinceMs = performance.now();
  while (await isLockHeld(path)) {
    const latest = lstatSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (latest !== beat) sinceMs = performance.now();
    else if (performance.now() - sinceMs > patienceMs) return;
    beat = latest;
    await delay(LOOK_AGAIN_MS);
  }
}

const LOOK_AGAIN_MS = 20;
/** The heartbeat of a lock comes every two seconds. */
const PATIENCE_MS = 10_000;

function lockPath(root: string): string {
  return join(root, 'clips', 'prune.lck');
}
