// Evaluated before each file of the long pass, in its process: when that dies, somebody has to say of what.
import { writeSync } from 'node:fs';
import { relative } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';

let file: string | undefined;
beforeAll(() => {
  file = relative(process.cwd(), expect.getState().testPath ?? '');
});
afterAll(() => {
  file = undefined;
});

process.on('uncaughtExceptionMonitor', (error, origin) => {
  say(`${origin}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
});
process.on('exit', (code) => {
  if (file !== undefined) say(`its process ends with ${code} before its tests have`);
});

/** At once: what is written later may not be. */
function say(words: string): void {
  writeSync(2, `\n${file ?? 'after the last test'}: ${words}\n`);
}
