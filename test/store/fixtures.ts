import { createHash, randomUUID } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../src/clock.js';
import { errnoOf } from '../../src/disk-error.js';
import type { Attempt, Output } from '../../src/domain/attempt.js';
import type { AttemptStore, Claim, Purchase, Verdict } from '../../src/store/attempt-store.js';
import type { JournalEntry } from '../../src/store/journal-line.js';
import { openAttempts, type LocalAttempts, type OpenOptions } from '../../src/store/local-attempts.js';
import type { ProjectIdentity } from '../../src/store/lockfile-text.js';
import type { ShotState } from '../../src/store/shot-state.js';
import { sortedJson } from '../../src/store/sorted-json.js';
import { homeOf, type HomeChanges } from '../helpers/state.js';

/** A time for everything that happens in these tests. */
export const AT = '2026-10-10T09:00:00.000Z';
export const MS = Date.parse(AT);
export const HASH = '0123456789abcdef'.repeat(4);

/** Which project a lockfile is of that no run has written. */
export const IDENTITY: ProjectIdentity = {
  project: 'teaser',
  project_id: '0123456789abcdef',
  manifest: 'teaser.yaml',
  sandbox: false,
};

/** A clock that stands still until somebody sleeps by it. */
export function stillClock(): Clock {
  let now = MS;
  return {
    now: () => now,
    elapsed: () => now,
    sleep(ms) {
      now += ms;
      return Promise.resolve();
    },
  };
}

/** An empty folder that is gone after the test. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dailies-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What a power cut or a kill at this moment would leave: the folder as it is, without the lock of the living. */
export function folderAfterKill(folder: string): string {
  const copy = newFolder();
  try {
    cpSync(folder, copy, { recursive: true });
  } catch (error) {
    // A file was renamed between the look into the folder and the copy.
    if (errnoOf(error) !== 'ENOENT') throw error;
    return folderAfterKill(folder);
  }
  rmSync(lockOf(copy), { force: true });
  return copy;
}

export const lockfileOf = (folder: string) => join(folder, 'teaser.lock.json');
export const journalOf = (folder: string) => join(folder, 'teaser.lock.journal');
export const lockOf = (folder: string) => join(folder, 'teaser.lock.json.lck');

/** Opens the state of a folder for writing; it is closed after the test, if the test has not done so. */
export async function openIn(
  folder: string,
  { home, ...options }: Partial<Omit<OpenOptions, 'home'>> & { readonly home?: HomeChanges } = {},
): Promise<LocalAttempts> {
  const store = await openAttempts({
    home: homeOf(lockfileOf(folder), { project: 'teaser', ...home }),
    clock: stillClock(),
    ...options,
  });
  onTestFinished(() => store.close().catch(() => undefined));
  return store;
}

/** What is to be bought for a take of a shot. */
export function purchase(shot: string, changes: Partial<Purchase> = {}): Purchase {
  return {
    owner: { shot, take: 1 },
    fingerprint: createHash('sha256').update(`the wish of ${shot}`).digest('hex'),
    request: { model: 'google/veo-3.1-lite', prompt: `the ${shot} at sunrise`, duration: 4 },
    gateway: 'https://openrouter.ai/api/v1',
    estimate: { min_usd: 0.12, expected_usd: 0.12, max_usd: 0.12, sku: 'duration_seconds', inferred: false },
    giveUp: [],
    ...changes,
  };
}

/** The line that begins an attempt at a shot. */
export function begunLine(shot: string, id: string): Extract<JournalEntry, { readonly type: 'begun' }> {
  const { giveUp: _, replaces: __, rerender: ___, copy: ____, callback: _____, ...order } = purchase(shot);
  return { type: 'begun', id, at: AT, ...order, fingerprint: HASH };
}

/** The one clip of a shot, with bytes unlike those of any other's. */
export const output = (shot: string): Output => ({
  bytes: 1_234_567,
  sha256: createHash('sha256').update(shot).digest('hex'),
  media: { container: 'mp4', duration_s: 4, width: 1280, height: 720, video_codec: 'avc1.42c01f', fps: 24 },
  warnings: [],
});

/** Puts clips of shots where a store has them, as far as a look at their names goes. */
export function putClips(folder: string, ...shots: readonly string[]): void {
  for (const { sha256 } of shots.map(output)) {
    const shelf = join(folder, '.dailies/clips', sha256.slice(0, 2));
    mkdirSync(shelf, { recursive: true });
    writeFileSync(join(shelf, `${sha256}.mp4`), '');
  }
}

/** Some work for a purchase, or what is left to do of it where an attempt was not accepted. */
export function claimOf({ owner: { shot, take }, request: { model } }: Purchase, attempt?: Attempt): Claim {
  return { order: { key: `${shot}@${take}`, model, rank: 0 }, attempt };
}

/** Asks for a purchase, or to go on with one that was not accepted. */
export function ask(store: AttemptStore, wanted: Purchase, again?: Attempt): Promise<Verdict> {
  return store.intend(claimOf(wanted, again), wanted, randomUUID());
}

/** Begins a purchase, or goes on with one that was not accepted; the intent is on the disk. */
export async function send(store: AttemptStore, wanted: Purchase, again?: Attempt): Promise<Attempt> {
  const verdict = await ask(store, wanted, again);
  if (verdict.kind !== 'go') throw new Error(`the store says ${verdict.kind}`);
  return verdict.attempt;
}

/** The gateway takes a submit on. */
export function accept(store: AttemptStore, attempt: Attempt, id: string): Promise<Attempt> {
  return store.settle(attempt, { kind: 'accepted', job: { id }, status: 'pending' }, MS);
}

/** The gateway wants nothing for now. */
export function turnAway(store: AttemptStore, attempt: Attempt, message = '429'): Promise<Attempt> {
  return store.settle(attempt, { kind: 'not_accepted', reason: 'rate_limited', message }, MS);
}

type Step = (store: AttemptStore, attempt: Attempt) => Promise<Attempt>;

/** The steps of a life that ends well, after the first, which is to be sent. */
const GOOD_LIFE: readonly Step[] = [
  (store, attempt) => accept(store, attempt, `job-${attempt.owner.shot}`),
  (store, attempt) => store.record(attempt, { type: 'progressed', at: AT, status: 'in_progress' }),
  (store, attempt) => store.record(attempt, { type: 'completed', at: AT, cost_usd: 0.12 }),
  (store, attempt) => store.record(attempt, { type: 'download_started', at: AT }),
  (store, attempt) => store.deliver(attempt, [output(attempt.owner.shot)], () => Promise.resolve()),
];

/** Lives a life up to and including its n-th step: sent, accepted, in progress, completed, downloading, delivered. */
export async function live(store: AttemptStore, shot: string, steps = Infinity): Promise<Attempt> {
  let attempt = await send(store, purchase(shot));
  for (const step of GOOD_LIFE.slice(0, steps - 1)) attempt = await step(store, attempt);
  return attempt;
}

/** The state as text, whatever the order of its keys. */
export function snapshot(store: Pick<ShotState, 'attempts' | 'picks' | 'catalogue'>): string {
  return sortedJson({ attempts: store.attempts(), picks: store.picks(), catalogue: store.catalogue() });
}
