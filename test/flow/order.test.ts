import { expect, it } from 'vitest';
import { makeClip } from '../helpers/clips.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject } from '../helpers/project.js';

const server = useGateway();

it('begins with the longest clips while nothing else tells how long jobs take', async () => {
  server.autoComplete(await makeClip());
  const shots = [4, 8, 6, 8].map(
    (seconds, index) => `  - { id: shot-${index}, prompt: "${index}", duration: ${seconds} }`,
  );
  const film = await makeProject({ baseUrl: server.baseUrl, top: 'concurrency: 1' }, shots.join('\n'));
  await film.run();
  expect(server.submits.map((body) => body['prompt'])).toEqual(['1', '3', '2', '0']);
});
