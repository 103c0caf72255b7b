import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/torture/**'],
    globalSetup: 'test/helpers/temp-folder.ts',
    setupFiles: 'test/helpers/setup.ts',
    testTimeout: 20_000,
    // More than half of a test's time is spent waiting: for a disk, a poll, a process.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    // No test replaces a module or leaves a global changed, and loading them anew for each file takes half of the time.
    isolate: false,
  },
});
