import { expect, it } from 'vitest';
import { makeProject } from '../helpers/project.js';
import { useGateway } from '../helpers/gateway.js';
import { completeAll, filesIn } from './films.js';

const server = useGateway();

it('buys nothing again where the names of clips were hashes, and are words of another script now', async () => {
  await completeAll(server);
  const hashed = ['opener.d2b94e', 'opener.f3a1c0', 'Koln'].map(
    (id, n) => `  - { id: ${id}, prompt: p${n} }`,
  );
  const film = await makeProject({ baseUrl: server.baseUrl }, hashed.join('\n'));
  expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 3 } });
  await film.write(
    [
      '  - { id: "opener.{{t}}", prompt: "{{p}}", matrix: { include: [{ t: 夜明け, p: p0 }, { t: рассвет, p: p1 }] } }',
      '  - { id: Köln, prompt: p2 }',
    ].join('\n'),
  );
  expect((await film.plan()).shots.map(({ id, action }) => [id, action])).toEqual([
    ['opener.夜明け', 'reuse'],
    ['opener.рассвет', 'reuse'],
    ['Köln', 'reuse'],
  ]);
  expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0, delivered: 3 } });
  expect(await filesIn(film.folder, 'renders/film')).toEqual(
    expect.arrayContaining(['opener.夜明け.mp4', 'opener.рассвет.mp4', 'Köln.mp4']),
  );
});
