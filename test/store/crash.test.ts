import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Attempt, AttemptEvent } from '../../src/domain/attempt.js';
import { volume } from '../helpers/long-pass.js';
import { readShotState } from '../helpers/state.js';
import type { AttemptStore } from '../../src/store/attempt-store.js';
import type { ShotState } from '../../src/store/shot-state.js';
import { sortedJson } from '../../src/store/sorted-json.js';
import {
  accept,
  ask,
  AT,
  folderAfterKill,
  journalOf,
  live,
  lockfileOf,
  newFolder,
  openIn,
  purchase,
  snapshot,
  stillClock,
  turnAway,
} from './fixtures.js';

/** A folder as a kill leaves it in the middle of a run, with one life in the lockfile and more in the journal. */
async function killedFolder(): Promise<{ folder: string; state: string }> {
  const folder = newFolder();
  const store = await openIn(folder);
  await live(store, 'greenhouse');
  await live(store, 'harbor', 2);
  await store.setPicks({ greenhouse: { take: 1 } });
  return { folder: folderAfterKill(folder), state: snapshot(store) };
}

/** The lengths that a file may be cut to: all of them in the long pass, else those about the ends of its lines and a few more. */
function cutsOf(whole: Buffer): number[] {
  const about = volume({ short: (length: number) => isNearLineEnd(whole, length), long: () => true });
  return Array.from({ length: whole.length + 1 }, (_, length) => length).filter(about);
}

function isNearLineEnd(whole: Buffer, length: number): boolean {
  return length % 61 === 0 || whole.subarray(Math.max(0, length - 2), length + 2).includes('\n');
}

describe('a start after a kill', () => {
  it('folds the journal before it appends', async () => {
    const { folder, state } = await killedFolder();
    const store = await openIn(folder);
    expect(existsSync(journalOf(folder))).toBe(false);
    expect(snapshot(store)).toEqual(state);
    await live(store, 'market');
    await store.close();
    expect((await readShotState(lockfileOf(folder))).attempts()).toHaveLength(3);
  });

  it('finds the state of the last whole line, wherever the journal was cut', async () => {
    const { folder } = await killedFolder();
    // They would know what the cut has taken.
    rmSync(join(folder, '.dailies'), { recursive: true });
    const whole = readFileSync(journalOf(folder));
    const prefixes: string[] = [];
    let before = -1;
    for (const length of cutsOf(whole)) {
      writeFileSync(journalOf(folder), whole.subarray(0, length));
      const state = snapshot(await readShotState(lockfileOf(folder)));
      const cut = whole.subarray(0, length + 1).toString('latin1');
      const lines = cut.split('\n').length - 1;
      if (lines > before) {
        prefixes.push(state);
        before = lines;
      }
      expect(state, `cut at ${length}`).toEqual(prefixes.at(-1));
    }
    // All lines change something.
    expect(new Set(prefixes).size).toBe(prefixes.length);
  });

  it('goes on behind a torn tail as if it had never been', async () => {
    for (const tail of ['{"type":"acc', '\0\0\0\0', '{"type":1}\n{"ty"']) {
      const { folder, state } = await killedFolder();
      writeFileSync(journalOf(folder), tail, { flag: 'a' });
      const store = await openIn(folder);
      expect(snapshot(store)).toEqual(state);
      await live(store, 'market', 3);
      const again = await openIn(folderAfterKill(folder));
      expect(snapshot(again)).toEqual(snapshot(store));
    }
  });

  it('comes to the same state from each step of a fold that was cut short', async () => {
    const { folder, state } = await killedFolder();
    const old = { lockfile: readFileSync(lockfileOf(folder)), journal: readFileSync(journalOf(folder)) };
    await (await openIn(folder)).close();
    const folded = readFileSync(lockfileOf(folder));

    const steps: Record<string, { lockfile: Buffer; journal?: Buffer; temp?: Buffer }> = {
      'the temp file is empty': { ...old, temp: Buffer.alloc(0) },
      'the temp file is half written': { ...old, temp: folded.subarray(0, folded.length / 2) },
      'the temp file is whole': { ...old, temp: folded },
      'the lockfile is renamed': { lockfile: folded, journal: old.journal },
      'the journal is removed': { lockfile: folded },
      'the journal is cut by the removal': { lockfile: folded, journal: old.journal.subarray(0, 100) },
      'all of it is there but the receipts': { ...old, temp: folded },
    };
    for (const [name, step] of Object.entries(steps)) {
      const at = newFolder();
      if (!name.endsWith('receipts'))
        cpSync(join(folder, '.dailies'), join(at, '.dailies'), { recursive: true });
      writeFileSync(lockfileOf(at), step.lockfile);
      if (step.journal) writeFileSync(journalOf(at), step.journal);
      if (step.temp) writeFileSync(`${lockfileOf(at)}.tmp`, step.temp);
      expect(snapshot(await readShotState(lockfileOf(at))), name).toEqual(state);
      const store = await openIn(at);
      expect(snapshot(store), name).toEqual(state);
      await live(store, 'market', 2);
      expect(snapshot(await openIn(folderAfterKill(at))), name).toEqual(snapshot(store));
    }
  });

  it('takes in what a journal that was folded has grown by since', async () => {
    // As where the new lockfile got its name, but the fold failed right after, and the run went on with the old journal.
    const folder = newFolder();
    const store = await openIn(folder);
    await live(store, 'greenhouse');
    const early = folderAfterKill(folder);
    await (await openIn(early)).close();
    await live(store, 'harbor', 4);
    cpSync(journalOf(folder), journalOf(early));
    expect(snapshot(await readShotState(lockfileOf(early)))).toBe(snapshot(store));
    // And then a kill between the next fold and the removal of the journal.
    await (await openIn(early)).close();
    cpSync(journalOf(folder), journalOf(early));
    const last = await openIn(early);
    expect(snapshot(last)).toBe(snapshot(store));
    await live(last, 'market', 2);
    expect(snapshot(await readShotState(lockfileOf(folderAfterKill(early))))).toBe(snapshot(last));
  });

  it('refuses a journal that goes on from what neither lockfile nor receipts know', async () => {
    const folder = newFolder();
    await (await openIn(folder)).close();
    const store = await openIn(folder);
    await live(store, 'sea', 2);
    await store.close();
    const next = await openIn(folder);
    const [sea] = next.attempts();
    if (sea) await next.record(sea, { type: 'completed', at: AT });
    const other = newFolder();
    await live(await openIn(other), 'hill');
    const stray = folderAfterKill(other);
    cpSync(journalOf(folder), journalOf(stray));
    await expect(openIn(stray)).rejects.toMatchObject({ code: 'journal-corrupt', exitCode: 3 });
    const alone = newFolder();
    cpSync(journalOf(folder), journalOf(alone));
    await expect(readShotState(lockfileOf(alone))).rejects.toMatchObject({ code: 'journal-corrupt' });
  });

  it('refuses to guess where a line in the middle is damaged, and writes nothing', async () => {
    const { folder } = await killedFolder();
    const journal = readFileSync(journalOf(folder), 'utf8').replace('"in_progress"', '"in_prog_ess"');
    writeFileSync(journalOf(folder), journal);
    const lockfile = readFileSync(lockfileOf(folder), 'utf8');
    await expect(openIn(folder)).rejects.toMatchObject({
      code: 'journal-corrupt',
      message: expect.stringMatching(/line \d+/) as string,
    });
    expect(readFileSync(journalOf(folder), 'utf8')).toBe(journal);
    expect(readFileSync(lockfileOf(folder), 'utf8')).toBe(lockfile);
  });
});

/** What may happen next to an attempt by itself: every arrow that leads out of its state, but for those of submits. */
function movesFrom({ state }: Attempt): AttemptEvent[] {
  const at = AT;
  switch (state.kind) {
    case 'pending':
    case 'in_progress':
      return [
        { type: 'progressed', at, status: 'in_progress' },
        { type: 'completed', at, cost_usd: 0.1 },
        { type: 'ended', at, status: 'failed', message: 'policy' },
        { type: 'lost', at, message: '404' },
      ];
    case 'completed':
      return [{ type: 'download_started', at }];
    case 'downloading':
      return [{ type: 'download_failed', at, message: 'idle' }];
    case 'delivered':
      return [
        { type: 'lost', at, message: '404' },
        { type: 'pruned', at },
      ];
    case 'lost':
      return [{ type: 'found', at }];
    case 'uncertain':
      return [
        { type: 'resolved', as: 'job', at, job: { id: 'by-hand' } },
        { type: 'resolved', as: 'not_charged', at },
      ];
    default:
      return [];
  }
}

/** What a submit may come to. */
const ANSWERS: readonly ((store: AttemptStore, attempt: Attempt) => Promise<Attempt>)[] = [
  (store, attempt) => accept(store, attempt, `job-${attempt.id}`),
  (store, attempt) => turnAway(store, attempt),
  (store, attempt) => store.settle(attempt, { kind: 'refused', status: 400, message: 'no' }, 0),
  (store, attempt) => store.settle(attempt, { kind: 'uncertain', message: 'reset' }, 0),
];

/** One random step of a run; resolves when it is acknowledged. Undefined where nothing is promised. */
function step(store: AttemptStore, [choice, which]: readonly [number, number]): Promise<unknown> | undefined {
  const attempt = store.attempts()[which % Math.max(1, store.attempts().length)];
  if (attempt === undefined || choice % 8 === 0) {
    const owner = { shot: `shot-${which % 5}`, take: (which % 3) + 1 };
    return ask(store, purchase(owner.shot, { owner }));
  }
  if (choice % 8 === 1) return store.assign(attempt, { shot: `renamed-${which % 3}`, take: 1 });
  if (choice % 16 === 2) return store.setPicks({ [`shot-${which % 5}`]: { take: (which % 3) + 1 } });
  if (choice % 16 === 3) {
    store.named(attempt, [`renders/${which % 7}.mp4`]);
    return undefined;
  }
  if (attempt.state.kind === 'submitting') return ANSWERS[choice % ANSWERS.length]?.(store, attempt);
  if (attempt.state.kind === 'planned') return ask(store, purchase(attempt.owner.shot), attempt);
  const moves = movesFrom(attempt);
  const move = moves[choice % Math.max(1, moves.length)];
  return move && store.record(attempt, move);
}

/**
 * The state but for attempts of which nothing was ever sent, for a write can end between the beginning and the intent; and
 * without names, of which receipts do not know.
 */
function sentIn(state: ShotState): string {
  const sent = state.attempts().filter(({ steps }) => steps > 0);
  return sortedJson([sent.map(({ names: _, ...attempt }) => attempt), state.picks()]);
}

describe('whatever happens, and whenever it is cut short', () => {
  it('a start finds a moment of the run, and none before the last that was acknowledged', async () => {
    const action = fc.tuple(fc.nat(), fc.nat());
    const pauses = fc.constantFrom('none', 'turn', 'done');
    const run = fc.array(fc.tuple(action, pauses, fc.boolean()), { minLength: 5, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(run, fc.constantFrom(1, 2_000, 1_000_000), async (steps, foldFloorBytes) => {
        const folder = newFolder();
        const clock = stillClock();
        const store = await openIn(folder, { foldFloorBytes, clock });
        const moments = [sentIn(store)];
        let acknowledged = 0;
        for (const [what, pause, isCut] of steps) {
          // Whatever patience the gateway has asked for is over.
          await clock.sleep(3_600_000);
          const done = step(store, what);
          const moment = moments.push(sentIn(store)) - 1;
          const settled = done?.then(() => {
            acknowledged = Math.max(acknowledged, moment);
          });
          if (pause === 'turn') await new Promise(setImmediate);
          if (pause === 'done') await settled;
          if (isCut && what[0] % 4 === 0) {
            const least = acknowledged;
            const found = await readShotState(lockfileOf(folderAfterKill(folder)));
            expect(moments.lastIndexOf(sentIn(found))).toBeGreaterThanOrEqual(least);
          }
        }
        await store.close();
        expect(sentIn(await readShotState(lockfileOf(folder)))).toBe(moments.at(-1));
      }),
      { numRuns: volume({ short: 12, long: 200 }), endOnFailure: true },
    );
  }, 60_000);
});
