import { readFile } from 'node:fs/promises';
import { expect, it, onTestFinished } from 'vitest';
import { orderedClip } from '../helpers/clips.js';
import { fastClock } from '../helpers/clock.js';
import { startGatewayServer } from '../helpers/gateway-server.js';
import { makeProject } from '../helpers/project.js';

it('expects on its first run what the catalogue says of the length of jobs, and does not keep it', async () => {
  const { data } = JSON.parse(await readFile('src/sandbox/models.json', 'utf8')) as { data: object[] };
  const server = await startGatewayServer({
    models: { data: data.map((entry) => ({ ...entry, latency_last_30m: { p50: 61.5 } })) },
  });
  onTestFinished(() => server.close());
  server.autoComplete(await orderedClip());
  const film = await makeProject(
    { baseUrl: server.baseUrl, clock: fastClock(200) },
    '  - { id: sea, prompt: waves }',
  );
  const { events, exit_code } = await film.run();
  expect(exit_code).toBe(0);
  const planned = events.find(({ type }) => type === 'shot.planned');
  expect(planned).toMatchObject({ expected_ms: expect.closeTo(61_500) as number });
  expect(await film.read('film.lock.json')).not.toContain('latency');
});
