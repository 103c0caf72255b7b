import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as later } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { loadManifest, run } from '../../src/index.js';

const MANIFEST = `
version: 1
gateway: sandbox
concurrency: 12
shots: [{ id: sea, prompt: waves, takes: 12, duration: 4, model: google/veo-3.1-lite }]
`;

it('lets any number of jobs wait at once without a word from Node', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dailies-flow-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const manifest = join(folder, 'film.yaml');
  await writeFile(manifest, MANIFEST);
  const heard: string[] = [];
  const listen = (warning: Error) => heard.push(warning.message);
  process.on('warning', listen);
  onTestFinished(() => void process.off('warning', listen));

  const { signal } = new AbortController();
  const project = await loadManifest(manifest, { env: { DAILIES_SANDBOX_SPEED: '20' } });
  expect((await run(project, { signal })).counts.delivered).toBe(12);
  await later(0);
  expect(heard).toEqual([]);
}, 60_000);
