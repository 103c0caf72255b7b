import { statSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { acquireRunLock } from '../../src/store/run-lock.js';
import { inProcesses } from '../store/compiled.js';
import { lockfileOf, newFolder } from '../store/fixtures.js';

const KILLS = 100;
const { start } = inProcesses();

it('never do two hold it at once, though holders and takers are killed', async () => {
  const folder = newFolder();
  const log = join(folder, 'log');
  writeFileSync(log, '');
  const script = `
    import { appendFileSync } from 'node:fs';
    import { setTimeout as delay } from 'node:timers/promises';
    import { acquireRunLock } from './store/run-lock.js';
    import { systemClock } from './clock.js';
    const say = (word) => appendFileSync(${JSON.stringify(log)}, word + ' ' + process.pid + '\\n');
    console.log('ready');
    for (;;) {
      try {
        const lock = await acquireRunLock({ lockfile: ${JSON.stringify(lockfileOf(folder))}, clock: systemClock });
        say('in'); await delay(1); say('in'); await delay(1);
        if (!lock.isHeld()) say('LOST');
        say('out');
        await lock.release();
      } catch (error) { if (error.code !== 'locked-by-another-run') say('ERROR ' + error.message); await delay(1); }
    }`;
  const children = Array.from({ length: 4 }, () => start(script));
  await Promise.all(children.map((child) => child.line()));
  for (let kill = 0; kill < KILLS; kill++) {
    const grown = statSync(log).size + 200;
    while (statSync(log).size < grown) await new Promise(setImmediate);
    const slot = kill % children.length;
    await children[slot]?.kill();
    const next = start(script);
    children[slot] = next;
    await next.line();
  }
  await Promise.all(children.map((child) => child.kill()));
  const said = readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  expect(said.filter(([word]) => word !== 'in' && word !== 'out')).toEqual([]);
  // Once a process has the lock, no other may be heard of until it lets go; if it was killed, it is heard of no more.
  const gone = new Set<string>();
  let current: string | undefined;
  for (const [word, pid = ''] of said) {
    expect(gone.has(pid), `process ${pid} held the lock together with ${current ?? ''}`).toBe(false);
    if (current !== undefined && current !== pid) gone.add(current);
    current = word === 'out' ? undefined : pid;
  }
  const lock = await acquireRunLock({ lockfile: lockfileOf(folder), clock: systemClock });
  await lock.release();
});
