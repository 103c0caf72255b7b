import { expect, it } from 'vitest';
import { makeClip } from '../helpers/clips.js';
import { startGatewayServer } from '../helpers/gateway-server.js';
import { makeProject } from '../helpers/project.js';

it('begins with the longest clips while nothing else tells how long jobs take', async () => {
  const server = await startGatewayServer();
  try {
    server.autoComplete(await makeClip());
    const shots = [4, 8, 6, 8].map(
      (seconds, index) => `  - { id: shot-${index}, prompt: "${index}", duration: ${seconds} }`,
    );
    const film = await makeProject({ baseUrl: server.baseUrl, top: 'concurrency: 1' }, shots.join('\n'));
    await film.run();
    expect(server.submits.map((body) => body['prompt'])).toEqual(['1', '3', '2', '0']);
  } finally {
    await server.close();
  }
});
