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

/** A lock file, the holder it was found with, and who wants it. */
interface Takeover {
  readonly path: string;
  readonly found: LockHolder;
  readonly self: LockHolder;
}

/*
 * Two that find the same dead holder must not both replace it, nor may a slow one replace the lock that a
 * quick one has just taken. So a lock with token T is replaced or removed only by who holds the claim on T,
 * a file created exclusively, and only after another look has shown T still in place. A claim is a lock like
 * any other: where its holder has died, it is taken over in the same way, by a claim on that holder's token.
 */

/** Puts our lock in a dead holder's place; false if somebody else is at it or was: look again. */
export async function takeOver(takeover: Takeover): Promise<boolean> {
  return underClaim(takeover, () => overwriteLockFile(takeover.path, takeover.self));
}

/**
 * Does something about a lock while nobody else may, provided that it is still the one that was found.
 * False where it is not, or where somebody else holds the claim.
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
  // A claim on itself can only be forged, and would lead round in circles.
  if (holder === undefined || claim === path) return false;
  if (!(await isDead({ path: claim, found: holder, self }))) return false;
  return takeOver({ path: claim, found: holder, self });
}

/** A claim has no heartbeat, and is held for a moment: one from before a restart that stays is a dead one's. */
async function isDead({ path, found, self }: Takeover): Promise<boolean> {
  const where = await whereaboutsOf(found, self);
  if (where !== 'another_boot') return where === 'dead';
  await delay(LONGEST_CLAIM_MS);
  return (await readLockFile(path))?.holder?.token === found.token;
}

const LONGEST_CLAIM_MS = 1000;

/** The lock itself, of which `path` may be a claim: claims on claims lie beside it too. */
function lockOf(path: string): string {
  return path.replace(/\.[0-9a-f]{16}\.claim$/, '');
}
