import { beforeEach, describe, expect, it } from 'vitest';
import type { Report, ReportTake } from '../../src/domain/report.js';
import { projectStatus } from '../../src/flow/commands/status.js';
import { sheetTake } from '../../src/sheet/sheet-data.js';
import { completeAll, standIn } from '../composition/films.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject, type TestProject } from '../helpers/project.js';

const server = useGateway();
beforeEach(() => completeAll(server));

const shot = (id: string, prompt = id) => `  - { id: ${id}, prompt: ${prompt} }`;
const ABC = [shot('a'), shot('b'), shot('c')].join('\n');

/** What report.json says of a take; `dailies sheet` and `status` know no more than the lockfile, and say the same. */
async function reported(film: TestProject, key: string): Promise<ReportTake | undefined> {
  const { takes } = JSON.parse(await film.read('renders/film/report.json')) as Report;
  const status = await projectStatus(await film.load());
  // Of messages and prices of what is not there a run knows the newer ones.
  const alike = (all: readonly ReportTake[]) => all.map(({ message, estimate, ...take }) => take);
  expect(JSON.parse(JSON.stringify(alike(status.takes)))).toEqual(alike(takes));
  return takes.find((take) => take.key === key);
}

describe('the report', () => {
  it('shows the clip of an edited shot as an earlier one, with its own prompt and cost', async () => {
    const film = await makeProject({ baseUrl: server.baseUrl }, ABC);
    await film.run();
    await film.write(ABC.replace('prompt: c', 'prompt: C2'));
    await film.run({ only: ['a'] });
    const take = await reported(film, 'c');
    expect(take).toMatchObject({
      state: 'missing',
      message: 'prompt changed',
      settings: { prompt: 'C2' },
      outputs: [],
      earlier: { settings: { prompt: 'c' }, cost_usd: 0.12, outputs: [{ path: 'c/c.mp4' }] },
    });
    expect(take?.earlier?.times.delivered).toEqual(expect.any(Number));
    expect(take).not.toHaveProperty('cost_usd');
  });

  it('shows the clip of a shot whose source has a new one as an earlier one', async () => {
    const film = await makeProject(
      { baseUrl: server.baseUrl, env: await standIn() },
      `${shot('a')}\n  - { id: b, prompt: b, first_frame: { from: a } }`,
    );
    await film.run();
    await film.run({ only: ['a'], rerender: ['a'] });
    expect(await reported(film, 'b')).toMatchObject({
      state: 'missing',
      message: 'a gets a new clip',
      earlier: { outputs: [{ path: 'b/b.mp4' }] },
    });
  });

  it('keeps the earlier clip in sight where the new one fails', async () => {
    const film = await makeProject({ baseUrl: server.baseUrl }, shot('a'));
    await film.run();
    await film.write(shot('a', 'A2'));
    server.failNext(400);
    expect(await film.run()).toMatchObject({ exit_code: 1 });
    const take = await reported(film, 'a');
    expect(take).toMatchObject({
      state: 'refused',
      outputs: [],
      earlier: { settings: { prompt: 'a' }, cost_usd: 0.12, outputs: [{ path: 'a/a.mp4' }] },
    });
  });

  it('says of a shot that a run left out why it failed before', async () => {
    const film = await makeProject({ baseUrl: server.baseUrl, top: 'concurrency: 1' }, ABC);
    server.failNext(400);
    await film.run();
    await film.run({ only: ['b'] });
    expect(await reported(film, 'a')).toMatchObject({ state: 'refused', attempts: 1 });
    await film.write(ABC.replace('prompt: a', 'prompt: A2'));
    await film.run({ only: ['b'] });
    expect(await reported(film, 'a')).toMatchObject({ state: 'missing', message: 'prompt changed' });
  });

  it('says of a clip that is gone, and was left out, that the next run fetches it', async () => {
    const film = await makeProject({ baseUrl: server.baseUrl }, ABC);
    await film.run();
    await film.lose('c/c.mp4');
    await film.run({ only: ['a'] });
    expect(await reported(film, 'c')).toMatchObject({ state: 'completed', outputs: [], cost_usd: 0.12 });
    await film.write(ABC.replace('prompt: c', 'prompt: C2'));
    await film.run({ only: ['a'] });
    expect(await reported(film, 'c')).not.toHaveProperty('earlier');
  });

  it('shows a clip once, with the take it serves now', async () => {
    const film = await makeProject({ baseUrl: server.baseUrl }, ABC);
    await film.run();
    await film.write(`${shot('a')}\n${shot('d', 'c')}\n${shot('c', 'C2')}`);
    await film.run({ only: ['a'] });
    expect(await reported(film, 'c')).not.toHaveProperty('earlier');
    const renamed = await reported(film, 'd');
    expect(renamed).toMatchObject({ state: 'delivered', cost_usd: 0.12 });
    expect(renamed && sheetTake(renamed)).toMatchObject({ costUsd: 0.12 });
  });
});
