import { defineConfig } from 'vitest/config';

/** What takes long: each file drives two runs at a time by itself. */
export default defineConfig({
  test: {
    include: ['test/torture/**/*.test.ts'],
    globalSetup: 'test/helpers/temp-folder.ts',
    setupFiles: 'test/helpers/setup.ts',
    testTimeout: 3 * 60 * 60_000,
    fileParallelism: false,
  },
});
