import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeClip } from '../helpers/clips.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject, type TestProject } from '../helpers/project.js';

const server = useGateway();

/** Shots for the real catalogue, in a folder with the clip `walk.mp4` of 2 s and 640x360. */
async function film(...shots: readonly string[]): Promise<TestProject> {
  const project = await makeProject(
    { baseUrl: server.baseUrl },
    shots.map((shot) => `  - { ${shot} }`).join('\n'),
  );
  await writeFile(join(project.folder, 'walk.mp4'), await makeClip({ width: 640, height: 360, seconds: 2 }));
  return project;
}

const OPEN = 'duration: null, resolution: null, generate_audio: null';
const WALK = 'references: [{ video: walk.mp4 }]';

describe('the price of a shot that is made from a clip', () => {
  it('is told of a clip in the folder', async () => {
    const project = await film(
      `id: large, model: black-forest-labs/flux-video-upscale, upscale_factor: 2, creativity: 0, ${WALK}, ${OPEN}`,
      `id: snow, model: black-forest-labs/flux-video-edit, prompt: snow falls, ${WALK}, ${OPEN}`,
      `id: both, model: black-forest-labs/flux-video-edit, prompt: snow falls, ${OPEN}, references: [{ video: walk.mp4 }, { video: walk.mp4 }]`,
    );
    const { shots, diagnostics, total } = await project.plan();
    expect(shots.map(({ estimate }) => estimate?.max_usd)).toEqual([0.13824, 0.06, 0.12]);
    expect(total.unpriced).toBe(0);
    expect(diagnostics.filter(({ code }) => code === 'price-unknown')).toEqual([]);
  });

  it('is held to the budget before the clip is sent', async () => {
    const project = await film(
      `id: large, model: black-forest-labs/flux-video-upscale, upscale_factor: 2, creativity: 0, ${WALK}, ${OPEN}`,
    );
    expect(await project.run({ maxCostUsd: 0.13 })).toMatchObject({
      exit_code: 3,
      stopped: { kind: 'budget' },
    });
    expect(server.counters.posts).toBe(0);
  });

  it('is unknown while the clip is elsewhere, or cannot be read', async () => {
    const project = await film(
      `id: far, model: black-forest-labs/flux-video-edit, prompt: snow, ${OPEN}, references: [{ video: "https://example.com/walk.mp4" }]`,
      `id: half, model: black-forest-labs/flux-video-edit, prompt: snow, ${OPEN}, references: [{ video: half.mp4 }]`,
    );
    const half = (await makeClip()).subarray(0, -100);
    await writeFile(join(project.folder, 'half.mp4'), half);
    const { shots } = await project.plan({ preflight: false });
    expect(shots.map(({ estimate }) => estimate)).toEqual([null, null]);
  });
});
