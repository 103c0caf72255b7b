import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock, type Clock } from '../../src/clock.js';
import type { LockHolder } from '../../src/store/lock-file.js';
import { ownIdentity, whereaboutsOf } from '../../src/store/process-identity.js';
import { acquireRunLock, unlockRun, type RunLock } from '../../src/store/run-lock.js';
import { onTestFinished } from 'vitest';
import { inProcesses } from './compiled.js';
import { AT, lockfileOf, lockOf, newFolder, stillClock } from './fixtures.js';

const TOKEN = '0123456789abcdef';

async function take(folder: string): Promise<RunLock> {
  const lock = await acquireRunLock({ lockfile: lockfileOf(folder), clock: systemClock });
  onTestFinished(() => lock.release());
  return lock;
}

/** A process id that was in use and is no more. */
function deadPid(): number {
  return spawnSync('true').pid;
}

async function holder(changes: Partial<LockHolder> = {}): Promise<LockHolder> {
  return { ...(await ownIdentity()), token: TOKEN, started_at: AT, ...changes };
}

function leaveLock(folder: string, content: object | string): void {
  writeFileSync(lockOf(folder), typeof content === 'string' ? content : JSON.stringify(content));
}

describe('the run lock', () => {
  it('says who holds it: host, boot, process and its start', async () => {
    const folder = newFolder();
    await take(folder);
    const content = JSON.parse(readFileSync(lockOf(folder), 'utf8')) as LockHolder;
    expect(content).toMatchObject({ ...(await ownIdentity()), pid: process.pid });
    expect(Date.parse(content.started_at)).not.toBeNaN();
    expect(readdirSync(folder)).toEqual(['teaser.lock.json.lck']);
  });

  it('is refused to a second run, which is told by whom', async () => {
    const folder = newFolder();
    await take(folder);
    await expect(take(folder)).rejects.toMatchObject({
      code: 'locked-by-another-run',
      exitCode: 3,
      message: expect.stringMatching(new RegExp(`process ${process.pid} on .+, since 2`)) as string,
    });
  });

  it('is free again once it is released, and a release takes nobody else’s', async () => {
    const folder = newFolder();
    const first = await take(folder);
    await first.release();
    expect(existsSync(lockOf(folder))).toBe(false);
    const second = await take(folder);
    await first.release();
    expect(existsSync(lockOf(folder))).toBe(true);
    expect([first.isHeld(), second.isHeld()]).toEqual([false, true]);
  });

  it('knows when it was removed or replaced', async () => {
    const folder = newFolder();
    const first = await take(folder);
    rmSync(lockOf(folder));
    expect(first.isHeld()).toBe(false);
    await take(folder);
    expect(first.isHeld()).toBe(false);
  });

  it('says so where the folder cannot be written', async () => {
    await expect(take(join(newFolder(), 'missing'))).rejects.toMatchObject({ code: 'disk', exitCode: 3 });
  });
});

describe('a lock left behind', () => {
  it.each([
    ['by a process that has ended', () => ({ pid: deadPid() })],
    ['by a process whose id another one bears now', () => ({ process_started: '1' })],
  ])('%s is no obstacle and costs no wait', async (_, changes) => {
    const folder = newFolder();
    leaveLock(folder, await holder(changes()));
    const clock: Clock = { ...systemClock, sleep: () => Promise.reject(new Error('it waited')) };
    const lock = await acquireRunLock({ lockfile: lockfileOf(folder), clock });
    expect(lock.isHeld()).toBe(true);
    expect(readdirSync(folder)).toEqual(['teaser.lock.json.lck']);
    await lock.release();
  });

  const BEFORE_RESTART = { boot: 'another-boot' };

  it.each([
    ['as it stopped', Date.parse(AT) / 1000],
    ['as of tomorrow, by a clock that was wrong', Date.now() / 1000 + 86_400],
  ])(
    'before the machine was started anew is no obstacle once its heart stands still, %s',
    async (_, beat) => {
      const folder = newFolder();
      leaveLock(folder, await holder({ ...BEFORE_RESTART, pid: process.pid }));
      utimesSync(lockOf(folder), beat, beat);
      const lock = await acquireRunLock({ lockfile: lockfileOf(folder), clock: stillClock() });
      expect(lock.isHeld()).toBe(true);
      await lock.release();
    },
  );

  it.each([
    ['forward', 2],
    ['back, because its clock was set', -86_400],
  ])('by a copy of this machine is its lock while its heart beats, %s', async (_, step) => {
    const folder = newFolder();
    const copy = await holder({ ...BEFORE_RESTART, pid: deadPid() });
    leaveLock(folder, copy);
    let beat = Date.now() / 1000;
    const clock: Clock = {
      ...systemClock,
      sleep() {
        beat += step;
        utimesSync(lockOf(folder), beat, beat);
        return Promise.resolve();
      },
    };
    const refusal = {
      code: 'locked-by-another-run',
      hint: expect.stringContaining('dailies unlock') as string,
    };
    await expect(acquireRunLock({ lockfile: lockfileOf(folder), clock })).rejects.toMatchObject(refusal);
    await expect(unlockRun({ lockfile: lockfileOf(folder), clock })).rejects.toMatchObject(refusal);
    expect(JSON.parse(readFileSync(lockOf(folder), 'utf8'))).toEqual(copy);
  });

  it('is taken over where the machine was started anew while somebody else did so', async () => {
    const folder = newFolder();
    leaveLock(folder, await holder(BEFORE_RESTART));
    const claim = await holder({ ...BEFORE_RESTART, token: '1111111111111111' });
    writeFileSync(`${lockOf(folder)}.${TOKEN}.claim`, JSON.stringify(claim));
    const lock = await acquireRunLock({ lockfile: lockfileOf(folder), clock: stillClock() });
    expect(readdirSync(folder)).toEqual(['teaser.lock.json.lck']);
    await lock.release();
  });

  it('by a zombie is no obstacle either', async () => {
    // The shell's child has ended, and the sleep that takes the shell's place never asks for its end.
    const shell = spawn('bash', ['-c', 'sleep 0.2 & echo $!; exec sleep 60']);
    onTestFinished(() => void shell.kill('SIGKILL'));
    const pid = await new Promise<number>((resolve) =>
      shell.stdout.once('data', (data) => resolve(Number(data))),
    );
    const self = await ownIdentity();
    while ((await whereaboutsOf({ ...self, pid }, self)) === 'alive') await new Promise(setImmediate);
    expect(() => process.kill(pid, 0)).not.toThrow();
    const folder = newFolder();
    leaveLock(folder, await holder({ pid }));
    await take(folder);
  });

  it.each([
    ['on another host', { host: 'render-2' }],
    ['on another machine of this name', { machine: 'ffff' }],
    ['in another container', { pid_namespace: 'pid:[1]' }],
  ])('%s counts as alive, however old it is', async (_, changes) => {
    const folder = newFolder();
    leaveLock(folder, await holder({ pid: deadPid(), ...changes }));
    utimesSync(lockOf(folder), 1, 1);
    await expect(take(folder)).rejects.toMatchObject({
      code: 'locked-by-another-run',
      hint: expect.stringContaining('dailies unlock') as string,
    });
  });

  it.each([
    ['half of itself', '{"host":"vm","pid":'],
    [
      'a way out of the folder',
      JSON.stringify({ host: 'h', pid: 1, started_at: AT, token: '../../../etc/passwd' }),
    ],
  ])('that says %s is left alone, and explained', async (_, content) => {
    const folder = newFolder();
    leaveLock(folder, content);
    await expect(take(folder)).rejects.toMatchObject({
      code: 'locked-by-another-run',
      message: expect.stringContaining('does not say who holds it') as string,
      hint: expect.stringContaining('dailies unlock') as string,
    });
    expect(readFileSync(lockOf(folder), 'utf8')).toBe(content);
  });

  it('that is not written to its end, on a disk without hard links, says who died over it', async () => {
    const folder = newFolder();
    const dead = JSON.stringify(await holder({ pid: deadPid() }), null, 2);
    for (const length of [0, 20]) {
      leaveLock(folder, dead.slice(0, length));
      writeFileSync(`${lockOf(folder)}.${TOKEN}.tmp`, dead);
      await (await take(folder)).release();
    }
    leaveLock(folder, 'not the beginning of it');
    writeFileSync(`${lockOf(folder)}.${TOKEN}.tmp`, dead);
    await expect(take(folder)).rejects.toMatchObject({ code: 'locked-by-another-run' });
  });

  it('is taken over even where those who tried before died over it', async () => {
    const folder = newFolder();
    const died = async (token: string) => JSON.stringify(await holder({ pid: deadPid(), token }));
    const [first, second, third] = ['1111111111111111', '2222222222222222', '3333333333333333'] as const;
    leaveLock(folder, await died(first));
    writeFileSync(`${lockOf(folder)}.${first}.claim`, await died(second));
    writeFileSync(`${lockOf(folder)}.${second}.claim`, await died(third));
    writeFileSync(`${lockOf(folder)}.${third}.tmp`, await died(third));
    await take(folder);
    expect(readdirSync(folder)).toEqual(['teaser.lock.json.lck']);
  });

  it('that leads round in circles ends in a refusal', async () => {
    const folder = newFolder();
    const dead = await holder({ pid: deadPid() });
    leaveLock(folder, dead);
    writeFileSync(`${lockOf(folder)}.${TOKEN}.claim`, JSON.stringify(dead));
    await expect(take(folder)).rejects.toMatchObject({ code: 'locked-by-another-run' });
  });
});

describe('unlocking', () => {
  const unlock = (folder: string, options: { clock?: Clock } = {}) =>
    unlockRun({ lockfile: lockfileOf(folder), clock: stillClock(), ...options });

  it('finds nothing to do where there is no lock', async () => {
    expect(await unlock(newFolder())).toBe(false);
  });

  it('is refused while the holder lives here', async () => {
    const folder = newFolder();
    const lock = await take(folder);
    await expect(unlock(folder)).rejects.toMatchObject({
      code: 'locked-by-another-run',
      hint: expect.stringContaining(`kill ${process.pid}`) as string,
    });
    expect(lock.isHeld()).toBe(true);
  });

  it.each([
    ['a holder that has died here', async () => holder({ pid: deadPid() })],
    ['one of another host whose heart has stopped', async () => holder({ host: 'render-2' })],
    ['one that nobody can read', () => Promise.resolve('{')],
  ])('removes %s', async (_, content) => {
    const folder = newFolder();
    leaveLock(folder, await content());
    expect(await unlock(folder)).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is refused while a heart beats on another host', async () => {
    const folder = newFolder();
    leaveLock(folder, await holder({ host: 'render-2' }));
    let beat = 1;
    const clock: Clock = {
      ...systemClock,
      sleep() {
        utimesSync(lockOf(folder), beat, beat);
        beat += 2;
        return Promise.resolve();
      },
    };
    await expect(unlock(folder, { clock })).rejects.toMatchObject({
      message: expect.stringContaining('render-2') as string,
    });
    expect(existsSync(lockOf(folder))).toBe(true);
  });

  it('has nothing to refuse where the holder lets go meanwhile', async () => {
    const folder = newFolder();
    leaveLock(folder, await holder({ host: 'render-2' }));
    const clock: Clock = {
      ...systemClock,
      sleep() {
        rmSync(lockOf(folder), { force: true });
        return Promise.resolve();
      },
    };
    expect(await unlock(folder, { clock })).toBe(true);
  });
});

describe('between processes', () => {
  const { start } = inProcesses();

  it('exactly one of many gets a lock whose holder has died', { timeout: 60_000 }, async () => {
    const rounds = newFolder();
    const script = `
      import { createInterface } from 'node:readline';
      import { acquireRunLock } from './store/run-lock.js';
      import { systemClock } from './clock.js';
      let lock;
      for await (const line of createInterface({ input: process.stdin })) {
        const [word, lockfile] = line.split(' ');
        if (word === 'release') { await lock?.release(); lock = undefined; console.log('released'); continue; }
        try { lock = await acquireRunLock({ lockfile, clock: systemClock }); console.log('won'); }
        catch (error) { console.log(error.code); }
      }`;
    const children = Array.from({ length: 6 }, () => start(script));
    for (let round = 0; round < 25; round++) {
      const folder = join(rounds, String(round));
      mkdirSync(folder);
      const dead = await holder({ pid: deadPid(), token: `${TOKEN.slice(0, 14)}${round + 10}` });
      leaveLock(folder, dead);
      // Every third time somebody else has died in the middle of taking it over.
      if (round % 3 === 0)
        writeFileSync(`${lockOf(folder)}.${dead.token}.claim`, JSON.stringify({ ...dead, token: TOKEN }));
      for (const child of children) child.say(`take ${lockfileOf(folder)}`);
      const answers = await Promise.all(children.map((child) => child.line()));
      expect(answers.toSorted(), `round ${round}`).toEqual([
        ...Array<string>(5).fill('locked-by-another-run'),
        'won',
      ]);
      for (const child of children) child.say('release');
      await Promise.all(children.map((child) => child.line()));
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  it('does not keep a process alive, and beats', async () => {
    const folder = newFolder();
    const child = start(`
      import { acquireRunLock } from './store/run-lock.js';
      import { systemClock } from './clock.js';
      await acquireRunLock({ lockfile: ${JSON.stringify(lockfileOf(folder))}, clock: systemClock });
    `);
    await child.ended;
    expect(existsSync(lockOf(folder))).toBe(true);
    const lock = await acquireRunLock({ lockfile: lockfileOf(folder), clock: systemClock, heartbeatMs: 5 });
    utimesSync(lockOf(folder), 1, 1);
    while (statSync(lockOf(folder)).mtimeMs === 1000) await new Promise(setImmediate);
    await lock.release();
  });
});
