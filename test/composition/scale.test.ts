import { expect, it } from 'vitest';
import { useGateway } from '../helpers/gateway.js';
import { makeProject } from '../helpers/project.js';
import { standIn } from './films.js';

const server = useGateway();
const LENGTH = 1000;

it.each(['in order', 'written backwards'])('plans a chain of a thousand shots, %s', async (order) => {
  const shots = Array.from({ length: LENGTH }, (_, index) =>
    index === 0
      ? '  - { id: s0, prompt: p }'
      : `  - { id: s${index}, prompt: p, first_frame: { from: s${index - 1} } }`,
  );
  const lines = order === 'in order' ? shots : shots.toReversed();
  const film = await makeProject({ baseUrl: server.baseUrl, env: await standIn() }, lines.join('\n'));
  const plan = await film.plan();
  expect(plan.total).toMatchObject({ max_usd: 120 });
  expect(plan.shots.find(({ id }) => id === 's999')).toMatchObject({
    action: 'render',
    reasons: ['new'],
    depends_on: ['s998'],
  });
  expect((await film.plan({ until: 's499' })).shots).toHaveLength(500);
  // Of shots with one take each there is none to choose.
  expect((await film.plan({ approve: true })).total).toMatchObject({ max_usd: 120 });
  expect(server.counters.posts).toBe(0);
});
