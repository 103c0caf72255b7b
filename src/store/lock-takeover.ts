import { setTimeout as delay } from 'node:timers/promises';
import {
  claimPath,
  createLockFile,
  overwriteLockFile,
  readLockFile,
  removeLockFile,
  type LockHolder,
} from './lock-file.js';
import { whereaboutsOf } from './process-identity.js';

/** A lock file, the holder in it, and the process that wants it. */
interface Takeover {
  readonly path: string;
  readonly found: LockHolder;
  readonly self: LockHolder;
}

/*
 * If two processes find the same dead holder, only one may replace it, and a slow one must not replace the lock that a quick one
 * has just taken. So only the holder of the claim on token T may replace or remove a lock with token T, and only after it has
 * seen T still in place. A claim is a file that is created exclusively. It is a lock like any other: if its holder has died, it is
 * taken over in the same way, by a claim on that holder's token.
 */

/** Replaces a dead holder's lock by ours; false if another process does or did so: look again. */
export async function takeOver(takeover: Takeover): Promise<boolean> {
  return underClaim(takeover, () => overwriteLockFile(takeover.path, takeover.self));
}

/**
 * Does something about a lock while nobody else may, if the lock is still the one that was found.
 * False if it is not, or if another process holds the claim.
 */
export async function underClaim(takeover: Takeover, act: () => Promise<void>): Promise<boolean> {
  const { path, found, self } = takeover;
  const claim = claimPath(lockOf(path), found.token);
  if (!(await takeClaim(claim, takeover))) return false;
  try {
    const current = await readLockFile(path);
    if (current?.holder?.token !== found.token) return false;
    await act();
    return true;
  } finally {
    await removeLockFile(claim, self.token);
  }
}

async function takeClaim(claim: string, { path, self }: Takeover): Promise<boolean> {
  if (await createLockFile(claim, self)) return true;
  const holder = (await readLockFile(claim))?.holder;
  // A claim on itself can only be forged, and would make an endless loop.
  if (holder === undefined || claim === path) return false;
  if (!(await isDead({ path: claim, found: holder, self }))) return false;
  return takeOver({ path: claim, found: holder, self });
}

/** A claim has no heartbeat and is held for a moment only: if one from before a restart stays, its holder is dead. */
async function isDead({ path, found, self }: Takeover): Promise<boolean> {
  const where = await whereaboutsOf(found, self);
  if (where !== 'another_boot') return where === 'dead';
  await delay(LONGEST_CLAIM_MS);
  return (await readLockFile(path))?.holder?.token === found.token;
}

const LONGEST_CLAIM_MS = 1000;

/** The lock itself; `path` may be a claim on it, or a claim on a claim. */
function lockOf(path: string): string {
  return path.replace(/\.[0-9a-f]{16}\.claim$/, '');
}
