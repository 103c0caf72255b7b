import { existsSync, mkdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readShotState } from '../helpers/state.js';
import type { Attempt } from '../../src/domain/attempt.js';
import type { LocalAttempts } from '../../src/store/local-attempts.js';
import {
  AT,
  folderAfterKill,
  journalOf,
  live,
  lockfileOf,
  newFolder,
  openIn,
  purchase,
  send,
  snapshot,
  stillClock,
  turnAway,
} from './fixtures.js';

const DAY_MS = 86_400_000;

/** Sends an attempt so many times, and is turned away each time; the patience of a day is free. */
async function storm(
  store: LocalAttempts,
  { clock, turns, each }: { clock: ReturnType<typeof stillClock>; turns: number; each?: () => unknown },
): Promise<void> {
  let attempt: Attempt | undefined;
  for (let turn = 0; turn < turns; turn++) {
    await clock.sleep(DAY_MS);
    attempt = await turnAway(store, await send(store, purchase('storm'), attempt), `turn ${turn}`);
    each?.();
  }
}

describe('folding', () => {
  it('happens on the way where a journal has grown far beyond its lockfile', async () => {
    const [folder, clock] = [newFolder(), stillClock()];
    const store = await openIn(folder, { foldFloorBytes: 4_000, clock });
    let largest = 0;
    const look = () => {
      largest = Math.max(largest, existsSync(journalOf(folder)) ? statSync(journalOf(folder)).size : 0);
    };
    await storm(store, { clock, turns: 60, each: look });
    expect(largest).toBeGreaterThan(3_700);
    expect(largest).toBeLessThan(4_500);
    expect(snapshot(await openIn(folderAfterKill(folder)))).toEqual(snapshot(store));
  });

  it('does not happen on the way of ordinary lives, however many, so that each costs the same', async () => {
    const folder = newFolder();
    const store = await openIn(folder, { foldFloorBytes: 1_000 });
    await Promise.all(Array.from({ length: 200 }, (_, shot) => live(store, `shot-${shot}`)));
    expect(readFileSync(journalOf(folder), 'utf8').match(/"type":"delivered"/g)).toHaveLength(200);
  });

  it('loses no line that comes while the lockfile is being written', async () => {
    const [folder, clock] = [newFolder(), stillClock()];
    const store = await openIn(folder, { foldFloorBytes: 1, clock });
    const lives: Promise<unknown>[] = [];
    const job = await live(store, 'sea', 2);
    const chatter = () => {
      // What goes out together with a fold, right before it, and while it is on.
      for (const status of ['pending', 'in_progress'] as const)
        lives.push(store.record(job, { type: 'progressed', at: AT, status }));
      setImmediate(() => store.named(job, [`renders/${lives.length}.mp4`]));
    };
    await storm(store, { clock, turns: 100, each: chatter });
    await Promise.all(lives);
    await new Promise(setImmediate);
    await store.setPicks({});
    expect(snapshot(await openIn(folderAfterKill(folder)))).toEqual(snapshot(store));
    await store.close();
    expect(snapshot(await readShotState(lockfileOf(folder)))).toEqual(snapshot(store));
  });

  it('goes on with the journal where the lockfile cannot be rewritten on the way', async () => {
    const [folder, clock] = [newFolder(), stillClock()];
    const store = await openIn(folder, { foldFloorBytes: 1, clock });
    await live(store, 'greenhouse', 2);
    mkdirSync(`${lockfileOf(folder)}.tmp`);
    await storm(store, { clock, turns: 10 });
    rmdirSync(`${lockfileOf(folder)}.tmp`);
    expect(snapshot(await openIn(folderAfterKill(folder)))).toEqual(snapshot(store));
  });
});
