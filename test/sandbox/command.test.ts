import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';

import { startSandbox } from '../../src/sandbox/server.js';
import { cli, writeManifest } from '../helpers/cli.js';
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

  it('is rendered on by the very command that its help shows', async () => {
    const stateDir = await temporaryFolder();
    const sandbox = await startSandbox({ stateDir, speed: 1000 });
    onTestFinished(() => sandbox.close());
    const { stdout: help } = await cli(['sandbox', '--help']);
    const [, variable = '', key, options = ''] =
      /(\w+)=(\S+) dailies run teaser\.yaml (.*\/api\/v1)/.exec(help) ?? [];
    const { manifest } = await writeManifest(sandbox.baseUrl, '  - { id: sea, prompt: waves }');
    const words = options.replace(/http\S+/, sandbox.baseUrl).split(' ');
    await writeFile(
      manifest,
      (await readFile(manifest, 'utf8')).replace(/^gateway:.*$/m, 'gateway: openrouter'),
    );
    const { exitCode, stderr } = await cli(['run', manifest, ...words], { env: { [variable]: key } });
    expect(exitCode, stderr).toBe(0);
  });
});
