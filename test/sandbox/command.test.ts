import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { cli } from '../helpers/cli.js';
import { temporaryFolder } from './sandbox-client.js';

describe('dailies sandbox', () => {
  it('does not start where its jobs cannot be kept', async () => {
    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, '');
    for (const state of [file, join(file, 'jobs')]) {
      const { exitCode, stdout, stderr } = await cli(['sandbox', '--state', state]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toContain("cannot keep the sandbox's jobs");
      expect(stderr).toContain('--state DIR');
    }
  });
});
