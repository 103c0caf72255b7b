import { randomBytes } from 'node:crypto';
import { constants, fstatSync } from 'node:fs';
import { open, readdir, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isoNow, type Clock } from '../clock.js';
import { DailiesError } from '../errors.js';
import { onDisk, undefinedIfAbsent } from '../disk-error.js';
import { createLockFile, isLeftover, readLockFile, removeLockFile, type LockHolder } from './lock-file.js';
import { takeOver, underClaim } from './lock-takeover.js';
import { ownIdentity, whereaboutsOf } from './process-identity.js';

/** The right to write a project's state, which one run at a time has. */
export interface RunLock {
  /** Whether the lock is still ours; false once somebody has removed it. */
  isHeld(): boolean;
  /** Removes the lock if it is still ours. */
  release(): Promise<void>;
}

const HEARTBEAT_MS = 2_000;
/** How long `unlock` watches for a heartbeat. */
const WATCH_MS = 3 * HEARTBEAT_MS;
/** How long another process may take to replace a lock, or to finish writing it on a disk without links. */
const PATIENCE_MS = 400;
const LOOK_AGAIN_MS = 5;

/** The path of a lockfile's lock. */
export function runLockPath(lockfile: string): string {
  return `${lockfile}.lck`;
}

/** Takes the run lock of a lockfile. See `acquireLock`. */
export function acquireRunLock(options: {
  readonly lockfile: string;
  readonly clock: Clock;
  readonly heartbeatMs?: number;
}): Promise<RunLock> {
  return acquireLock({ ...options, path: runLockPath(options.lockfile) });
}

/**
 * Takes a lock, at once or not at all. A holder that died on this host costs no wait. A holder from before a restart of the machine
 * might be a copy of this machine at work, so its heartbeat is watched for some seconds. Our heartbeat is the modification time of
 * the file, and does not keep the process alive.
 * Throws `locked-by-another-run` with the holder's name, and `disk` (exit 3 both).
 */
export async function acquireLock(options: {
  readonly path: string;
  readonly clock: Clock;
  /** The interval of the heartbeat; two seconds by default. */
  readonly heartbeatMs?: number;
}): Promise<RunLock> {
  const { path, clock, heartbeatMs = HEARTBEAT_MS } = options;
  return onDisk(path, 'taken', async () => {
    const self = await newHolder(clock);
    await take(path, self, clock);
    const handle = await open(path, constants.O_RDWR | constants.O_NOFOLLOW);
    return keep({ path, token: self.token, handle, heartbeatMs });
  });
}

/** Whether a lock is held by a process that is not known to be dead; one from before a restart counts as dead. Throws `disk`. */
export async function isLockHeld(path: string): Promise<boolean> {
  const found = await onDisk(path, 'read', () => readLockFile(path));
  if (!found?.holder) return found !== undefined;
  return !['dead', 'another_boot'].includes(await whereaboutsOf(found.holder, await ownIdentity()));
}

/**
 * Removes a run lock whose holder is gone, for `dailies unlock`. If the holder is on another host, is from before a restart or
 * cannot be read, its heartbeat is watched for some seconds first. Resolves with whether there was a lock.
 * Throws `locked-by-another-run` if the holder lives here, or if its heartbeat continues elsewhere.
 */
export async function unlockRun(options: {
  readonly lockfile: string;
  readonly clock: Clock;
}): Promise<boolean> {
  const path = runLockPath(options.lockfile);
  return onDisk(path, 'removed', async () => {
    const found = await readLockFile(path);
    if (found === undefined) return false;
    const { holder } = found;
    const self = await newHolder(options.clock);
    const where = holder ? await whereaboutsOf(holder, self) : 'elsewhere';
    if (holder && where === 'alive') throw heldBy(holder, { path, where });
    if (where !== 'dead' && (await beats(path, options.clock))) {
      throw holder ? heldBy(holder, { path, where: 'elsewhere' }) : unreadable(path);
    }
    if ((await readLockFile(path)) === undefined) return true;
    if (holder === undefined) await rm(path, { force: true });
    else if (!(await underClaim({ path, found: holder, self }, () => rm(path, { force: true })))) {
      throw heldBy(holder, { path, where });
    }
    return true;
  });
}

async function newHolder(clock: Clock): Promise<LockHolder> {
  return { ...(await ownIdentity()), token: randomBytes(8).toString('hex'), started_at: isoNow(clock) };
}

async function take(path: string, self: LockHolder, clock: Clock): Promise<void> {
  let giveUpAt = performance.now() + PATIENCE_MS;
  let watched: string | undefined;
  while (!(await createLockFile(path, self))) {
    const found = await readLockFile(path);
    if (found === undefined) continue;
    const { holder } = found;
    const where = holder && (await whereaboutsOf(holder, self));
    if (holder && where === 'another_boot' && watched !== holder.token) {
      if (await beats(path, clock)) throw heldBy(holder, { path, where: 'elsewhere' });
      watched = holder.token;
      // The time for watching is not part of the patience with others.
      giveUpAt = performance.now() + PATIENCE_MS;
      continue;
    }
    const isDead = where === 'dead' || where === 'another_boot';
    if (holder && isDead && (await takeOver({ path, found: holder, self }))) {
      await tidy(path);
      return;
    }
    if (holder && where !== undefined && !isDead) throw heldBy(holder, { path, where });
    if (performance.now() > giveUpAt)
      throw holder ? heldBy(holder, { path, where: 'alive' }) : unreadable(path);
    await delay(LOOK_AGAIN_MS);
  }
}

/** Removes what processes left that were killed while they took the lock. Only the holder may. */
async function tidy(path: string): Promise<void> {
  const folder = dirname(path);
  const names = await readdir(folder);
  const leftovers = names.filter((name) => isLeftover(name, basename(path)));
  await Promise.all(leftovers.map((name) => rm(join(folder, name), { force: true })));
}

function keep(held: {
  readonly path: string;
  readonly token: string;
  readonly handle: FileHandle;
  readonly heartbeatMs: number;
}): RunLock {
  const { path, token, handle } = held;
  const beat = () => {
    const now = new Date();
    // A missed heartbeat is no reason to stop: the disk may be full, or the lock gone, which `isHeld` shows.
    handle.utimes(now, now).catch(() => undefined);
  };
  const heart = setInterval(beat, held.heartbeatMs).unref();
  return {
    isHeld() {
      try {
        return fstatSync(handle.fd).nlink > 0;
      } catch {
        return false;
      }
    },
    async release() {
      clearInterval(heart);
      await handle.close().catch(() => undefined);
      // If it cannot be removed, it names a process that is dead soon, and then nobody waits for it.
      await removeLockFile(path, token).catch(() => undefined);
    },
  };
}

/** Whether somebody touches the lock while we watch. */
async function beats(path: string, clock: Clock): Promise<boolean> {
  const before = await lastBeat(path);
  for (let watchedMs = 0; watchedMs < WATCH_MS; watchedMs += HEARTBEAT_MS / 2) {
    await clock.sleep(HEARTBEAT_MS / 2);
    const beat = await lastBeat(path);
    if (beat !== before) return beat !== undefined;
  }
  return false;
}

/** Reads through an open file, because network drives cache what they know of names. */
async function lastBeat(path: string): Promise<number | undefined> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(undefinedIfAbsent);
  if (handle === undefined) return undefined;
  try {
    return (await handle.stat()).mtimeMs;
  } finally {
    await handle.close();
  }
}

function heldBy(
  holder: LockHolder,
  lock: { readonly path: string; readonly where: Awaited<ReturnType<typeof whereaboutsOf>> },
): DailiesError {
  const { host, pid, started_at: since } = holder;
  const message = `another run holds ${basename(lock.path)}: process ${pid} on ${host}, since ${since}`;
  const hint =
    lock.where === 'elsewhere'
      ? 'wait for it or stop it there; if that machine or container is gone: dailies unlock MANIFEST'
      : `wait for it to end, or stop it: kill ${pid}`;
  return new DailiesError('locked-by-another-run', message, { hint });
}

function unreadable(path: string): DailiesError {
  return new DailiesError(
    'locked-by-another-run',
    `${basename(path)} is in the way, and does not say who holds it: no run of this version wrote it`,
    { hint: 'if no run is active for this project: dailies unlock MANIFEST' },
  );
}
