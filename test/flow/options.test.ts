import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunOptions } from '../../src/flow/run.js';
import { makeClip } from '../helpers/clips.js';
import { startGatewayServer, type GatewayServer } from '../helpers/gateway-server.js';
import { makeProject } from '../helpers/project.js';

let server: GatewayServer;

beforeEach(async () => {
  server = await startGatewayServer();
  server.autoComplete(await makeClip({ width: 1280, height: 720, seconds: 4, fps: 4 }));
});
afterEach(() => server.close());

const project = () => makeProject({ baseUrl: server.baseUrl }, '  - { id: sea, prompt: waves }');

/** An option as plain JavaScript may give it. */
const plain = (name: string, value: unknown) => ({ [name]: value }) as RunOptions;

describe('the options of a run', () => {
  it.each([NaN, -1, Infinity, '5', null])(
    'hold no ceiling that is no amount of money: %s is refused before anything is asked or written',
    async (maxCostUsd) => {
      const film = await project();
      await expect(film.run(plain('maxCostUsd', maxCostUsd))).rejects.toMatchObject({
        code: 'usage',
        exitCode: 2,
        message: expect.stringMatching(
          /^maxCostUsd has to be US dollars, a number from 0 up, not /,
        ) as string,
      });
      expect(server.requests).toEqual([]);
      expect(await readdir(film.folder)).toEqual(['film.yaml']);
    },
  );

  it('take 0 as a ceiling, and undefined as none', async () => {
    const film = await project();
    await expect(film.run({ maxCostUsd: 0 })).rejects.toMatchObject({ code: 'budget' });
    expect(await film.run(plain('maxCostUsd', undefined))).toMatchObject({ exit_code: 0 });
  });
});
