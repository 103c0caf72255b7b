import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Copies a folder as a sudden death of the program would leave it. It blocks the thread, so that the program gets no
 * further; what it had asked of the disk already is waited for, as a kernel would see it through.
 */
export function copyAsKilled(
  folder: string,
  { target, lockfile }: { readonly target: string; readonly lockfile: string },
): void {
  for (let before = ''; ;) {
    const now = listing(folder);
    if (now === before) break;
    before = now;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4);
  }
  // A clip and its names are one file.
  execFileSync('cp', ['-a', folder, target]);
  const lock = join(target, `${lockfile}.lck`);
  if (existsSync(lock)) writeFileSync(lock, ofTheDead(readFileSync(lock, 'utf8')));
}

function listing(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => {
      const found = statSync(join(folder, name), { throwIfNoEntry: false });
      return `${name} ${found?.ino} ${found?.size} ${found?.mtimeMs} ${found?.ctimeMs}`;
    })
    .join('\n');
}

/** The holder's process id is ours, and alive; no process has started at this time. */
function ofTheDead(lock: string): string {
  const holder = JSON.parse(lock) as Record<string, unknown>;
  return JSON.stringify({ ...holder, process_started: '0' });
}
