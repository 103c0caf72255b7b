import { createServer } from 'node:http';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as later } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadManifest, plan, run } from '../../src/index.js';

/** A manifest of one shot for the sandbox, in a folder of its own. */
async function film(shot: string, top = ''): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dailies-flow-'));
  const manifest = join(folder, 'film.yaml');
  const defaults = 'defaults: { model: google/veo-3.1-lite, duration: 4 }';
  const shots = `shots: [{ id: sea, ${shot} }]`;
  await writeFile(manifest, ['version: 1', 'gateway: sandbox', defaults, top, shots].join('\n'));
  return manifest;
}

describe('a run on the sandbox', () => {
  it('lets any number of jobs wait at once without a word from Node', async () => {
    const small = 'model: x-ai/grok-imagine-video-1.5-lite, duration: 1, size: 192x108';
    const shot = `prompt: waves, takes: 12, ${small}`;
    const manifest = await film(shot, 'concurrency: 12');
    const heard: string[] = [];
    const listen = (warning: Error) => heard.push(warning.message);
    process.on('warning', listen);
    onTestFinished(() => void process.off('warning', listen));

    const project = await loadManifest(manifest, { env: { DAILIES_SANDBOX_SPEED: '40' } });
    const { signal } = new AbortController();
    expect((await run(project, { signal })).counts.delivered).toBe(12);
    await later(0);
    expect(heard).toEqual([]);
  }, 60_000);

  it.each(['fail', 'no credits', 'refuse'])(
    'hears the words of the sandbox as they are: [sandbox: %s]',
    async (marker) => {
      const manifest = await film(`prompt: "waves [sandbox: ${marker}]"`);
      const project = await loadManifest(manifest, { env: { DAILIES_SANDBOX_SPEED: '1000' } });
      const { shots } = await run(project);
      expect(shots[0]?.message).toMatch(/sandbox/);
      expect(shots[0]?.message).not.toContain('[key]');
    },
  );

  it('needs no network for inputs that lie elsewhere, and says what it draws instead', async () => {
    const manifest = await film('prompt: waves, first_frame: "http://127.0.0.1:1/a.png?token=secret"');
    const project = await loadManifest(manifest, { env: { DAILIES_SANDBOX_SPEED: '1000' } });
    const { diagnostics } = await plan(project);
    expect(diagnostics).toMatchObject([
      {
        code: 'url-unreachable',
        severity: 'warning',
        message: expect.stringMatching(/^http:\/\/127\.0\.0\.1:1\/a\.png cannot be fetched/) as string,
        hint: expect.stringContaining('the sandbox draws') as string,
      },
    ]);
    const { counts, shots } = await run(project);
    expect(counts.delivered).toBe(1);
    expect(shots[0]?.outputs[0]?.warnings).toEqual([]);
  });

  it('still says of an input that is not there that it is not', async () => {
    const site = createServer((_, response) => response.writeHead(404).end());
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void site.close());
    const address = site.address();
    const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    const project = await loadManifest(await film(`prompt: waves, first_frame: "${origin}/a.png"`));
    await expect(plan(project)).rejects.toMatchObject({
      diagnostics: [{ code: 'url-unreachable', severity: 'error' }],
    });
  });

  it.each(['abc', '0', '-1', 'Infinity'])('takes no speed that is none: %s', async (speed) => {
    const manifest = await film('prompt: waves');
    await expect(loadManifest(manifest, { env: { DAILIES_SANDBOX_SPEED: speed } })).rejects.toMatchObject({
      code: 'usage',
      exitCode: 2,
      message: `DAILIES_SANDBOX_SPEED must be a number above 0, not ${speed}`,
    });
  });

  it('says by its prices what an interrupted run has bought, the jobs in flight counted in', async () => {
    const manifest = await film(
      'prompt: waves, takes: 4, resolution: 720p, generate_audio: false',
      'concurrency: 4',
    );
    const project = await loadManifest(manifest, { env: { DAILIES_SANDBOX_SPEED: '0.01' } });
    const controller = new AbortController();
    let submitted = 0;
    const summary = await run(project, {
      signal: controller.signal,
      onEvent: ({ type }) => {
        if (type === 'shot.submitted' && ++submitted === 4) controller.abort();
      },
    });
    expect(summary).toMatchObject({ exit_code: 130, cost_usd: 0, on_paper_usd: 0.48 });
    expect(summary.shots.map(({ outcome }) => outcome)).toEqual(Array(4).fill('waiting'));
  });

  it('goes at the usual speed where the variable is empty', async () => {
    const manifest = await film('prompt: waves');
    const project = await loadManifest(manifest, { env: { DAILIES_SANDBOX_SPEED: '' } });
    expect(project.target.speed).toBe(1);
  });
});
