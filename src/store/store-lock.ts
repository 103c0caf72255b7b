import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../clock.js';
import { ownFolder } from './own-folder.js';
import { acquireLock, isLockHeld, type RunLock } from './run-lock.js';

/*
 * Whoever puts a clip into a store has written its receipt before. So it is enough that a put waits while clips are
 * being removed: the remover either reads that receipt and leaves the clip, or has removed it before the put looks.
 */

/** Takes the lock under which clips are removed from a store. Throws `locked-by-another-run` and `disk`. */
export async function lockStore(root: string, clock: Clock): Promise<RunLock> {
  return acquireLock({ path: join(ownFolder(root, clipsIn(root)), LOCK), clock });
}

/** Waits while somebody removes clips from a store. */
export async function waitForStoreLock(root: string): Promise<void> {
  while (await isLockHeld(join(clipsIn(root), LOCK))) await delay(LOOK_AGAIN_MS);
}

const LOOK_AGAIN_MS = 20;

const LOCK = 'prune.lck';

function clipsIn(root: string): string {
  return join(root, 'clips');
}
