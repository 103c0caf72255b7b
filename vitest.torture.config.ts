import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import type { TestModule } from 'vitest/node';

/** What takes long: each file of test/torture drives two runs at a time by itself. */
export default defineConfig({
  test: {
    include: ['test/torture/**/*.test.ts', ...triesMoreHere()],
    env: { LONG_PASS: '1' },
    globalSetup: 'test/helpers/temp-folder.ts',
    setupFiles: ['test/helpers/setup.ts', 'test/helpers/last-words.ts'],
    reporters: ['default', { onTestRunEnd: nameTheDead }],
    testTimeout: 3 * 60 * 60_000,
    fileParallelism: false,
  },
});

/** The files that try more of something in the long pass. */
function triesMoreHere(): string[] {
  return readdirSync('test', { recursive: true, encoding: 'utf8' })
    .map((name) => `test/${name}`)
    .filter(
      (path) => path.endsWith('.test.ts') && readFileSync(path, 'utf8').includes('helpers/long-pass.js'),
    );
}

/** Says which files did not come to their end; helpers/last-words.ts says why, unless a signal left no time for it. */
function nameTheDead(files: readonly TestModule[]): void {
  for (const file of files) {
    if (!['pending', 'queued'].includes(file.state())) continue;
    console.error(
      `${file.relativeModuleId} did not come to its end: its process died, by a signal if nothing above says of what`,
    );
  }
}
