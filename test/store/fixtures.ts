import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock, type Clock } from '../../src/clock.js';
import { errnoOf } from '../../src/disk-error.js';
import type { AttemptEvent, Output } from '../../src/domain/attempt.js';
import { sortedJson } from '../../src/store/sorted-json.js';
import { openShotStore, type ShotStore } from '../../src/store/shot-store.js';

/** A time for everything that happens in these tests. */
export const AT = '2026-10-10T09:00:00.000Z';
export const MS = Date.parse(AT);
export const HASH = '0123456789abcdef'.repeat(4);

/** A clock that stands still until somebody sleeps by it. */
export function stillClock(): Clock {
  let now = MS;
  return {
    now: () => now,
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

/** Opens the store of a folder; it is closed after the test, if the test has not done so. */
export async function openIn(
  folder: string,
  options: Partial<Parameters<typeof openShotStore>[0]> = {},
): Promise<ShotStore> {
  const store = await openShotStore({
    lockfile: lockfileOf(folder),
    project: 'teaser',
    clock: systemClock,
    ...options,
  });
  onTestFinished(() => store.close().catch(() => undefined));
  return store;
}

/** An order for a take of a shot. */
export function order(shot: string, take = 1): Parameters<ShotStore['begin']>[0] {
  return {
    owner: { shot, take },
    fingerprint: HASH,
    request: { model: 'google/veo-3.1-lite', prompt: `the ${shot} at sunrise`, duration: 4 },
    gateway: 'https://openrouter.ai/api/v1',
    estimate: { min_usd: 0.12, expected_usd: 0.12, max_usd: 0.12, sku: 'duration_seconds', inferred: false },
    at: AT,
  };
}

export const output = (shot: string): Output => ({
  path: `renders/teaser/${shot}/${shot}.mp4`,
  bytes: 1_234_567,
  sha256: HASH,
  mtime_ms: MS,
  media: { container: 'mp4', duration_s: 4, width: 1280, height: 720, video_codec: 'avc1.42c01f', fps: 24 },
  warnings: [],
});

/** The steps of a life that ends well, after `begin`. */
export function goodLife(shot: string): AttemptEvent[] {
  return [
    { type: 'submit_started', at: AT },
    { type: 'accepted', at: AT, job: { id: `job-${shot}` } },
    { type: 'progressed', at: AT, status: 'in_progress' },
    { type: 'completed', at: AT, cost_usd: 0.12 },
    { type: 'download_started', at: AT },
    { type: 'delivered', at: AT, outputs: [output(shot)] },
  ];
}

/** Lives a life up to and including its n-th step. */
export async function live(store: ShotStore, shot: string, steps = Infinity): Promise<string> {
  const { id } = store.begin(order(shot));
  for (const event of goodLife(shot).slice(0, steps)) await store.apply(id, event);
  return id;
}

/** The state as text, whatever the order of its keys. */
export function snapshot(store: Pick<ShotStore, 'attempts' | 'picks' | 'catalogue'>): string {
  return sortedJson({ attempts: store.attempts(), picks: store.picks(), catalogue: store.catalogue() });
}
