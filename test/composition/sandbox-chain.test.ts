import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import type { FramePosition } from '../../src/domain/take.js';
import type { RunEvent } from '../../src/events.js';
import { planProject } from '../../src/flow/plan/plan.js';
import { loadProject } from '../../src/flow/project/project.js';
import { runProject, type RunOptions } from '../../src/flow/commands/run.js';
import { ffmpeg, filesIn, frameOf, standIn } from './films.js';

/** Four shots on the sandbox, each from the last frame of the one before; small and short, so that they are quick. */
async function chain(tool: NodeJS.ProcessEnv) {
  const folder = await mkdtemp(join(tmpdir(), 'dailies-chain-'));
  const manifest = join(folder, 'film.yaml');
  const env = { ...tool, DAILIES_SANDBOX_SPEED: '1000' };
  const load = () => loadProject({ manifest, env });
  return {
    folder,
    write: (second: string) =>
      writeFile(
        manifest,
        `version: 1
gateway: sandbox
poll: { interval: 0.02 }
defaults: { model: x-ai/grok-imagine-video-1.5-lite, duration: 1, size: 192x108 }
shots:
  - { id: one, prompt: The ferry leaves }
  - { id: two, prompt: ${second}, first_frame: { from: one, at: last } }
  - { id: three, prompt: The skerries, first_frame: { from: two, at: last } }
  - { id: four, prompt: The open sea, first_frame: { from: three, at: last } }
`,
      ),
    plan: async () => planProject(await load()),
    run: async (options?: RunOptions) => runProject(await load(), options),
    /** How many jobs the sandbox has taken in. */
    jobs: async () => (await filesIn(folder, '.dailies/sandbox/jobs')).length,
    frame: (shot: string, at: FramePosition): Promise<PNG> =>
      frameOf(join(folder, `renders/film.sandbox/${shot}/${shot}.mp4`), at),
  };
}

/** How far two pictures of one size are apart: the mean over all parts of all pixels, of 255. */
function distance(one: PNG, other: PNG): number {
  expect([one.width, one.height]).toEqual([other.width, other.height]);
  let sum = 0;
  for (let at = 0; at < one.data.length; at++) sum += Math.abs((one.data[at] ?? 0) - (other.data[at] ?? 0));
  return sum / (one.width * one.height * 3);
}

const ALL = ['one', 'two', 'three', 'four'] as const;

describe('four shots in a chain on the sandbox', () => {
  it.skipIf(!ffmpeg)(
    'each open on the frame that the one before ended on (skipped without ffmpeg)',
    async () => {
      const film = await chain({ PATH: process.env['PATH'] });
      await film.write('A deck in the wind');
      expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 4 } });
      let before: PNG | undefined;
      for (const shot of ALL) {
        const last = await film.frame(shot, 'last');
        if (before) {
          // An encoder leaves a little; two slates are further apart, however near their colours are.
          const left = distance(before, await film.frame(shot, 'first'));
          expect(left).toBeLessThan(3);
          expect(distance(before, last)).toBeGreaterThan(2 * left);
        }
        before = last;
      }
    },
  );

  it('are rendered anew from the edited one on', async () => {
    const film = await chain(await standIn());
    await film.write('A deck in the wind');
    await film.run();
    await film.write('A deck in the rain');
    const plan = await film.plan();
    expect(plan.shots.map(({ action }) => action)).toEqual(['reuse', 'rerender', 'rerender', 'rerender']);
    expect(plan.shots.map(({ reasons }) => reasons[0])).toEqual([
      ...['delivered', 'prompt changed', 'two gets a new clip', 'three gets a new clip'],
    ]);
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 3, reused: 1 } });
    expect((await film.plan()).shots.map(({ action }) => action)).toEqual(Array(4).fill('reuse'));
    expect(await film.jobs()).toBe(7);
  });

  it.each(['shot.submitted', 'shot.completed', 'shot.delivered'] as const)(
    'are taken up after an interruption at %s of the second, and each is rendered once',
    async (type) => {
      const film = await chain(await standIn());
      await film.write('A deck in the wind');
      const controller = new AbortController();
      const onEvent = (event: RunEvent) => {
        if (event.type === type && event.id === 'two') controller.abort();
      };
      const first = await film.run({ onEvent, signal: controller.signal });
      expect(first).toMatchObject({ exit_code: 130, stopped: { kind: 'interrupted' } });
      expect(await film.run()).toMatchObject({ exit_code: 0, counts: { delivered: 4 } });
      expect(await film.jobs()).toBe(4);
    },
  );
});
