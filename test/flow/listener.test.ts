import { beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/events.js';
import { run } from '../../src/index.js';
import { orderedClip } from '../helpers/clips.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject } from '../helpers/project.js';

const server = useGateway();
const clip = await orderedClip();
beforeEach(() => server.autoComplete(clip, { cost: 0.12 }));

const project = () => makeProject({ baseUrl: server.baseUrl }, '  - { id: sea, prompt: waves }');

/** Runs with a listener that throws at events of one type; gives the error of the run and what was told. */
async function runThrowing(type: RunEvent['type'], isAsync: boolean) {
  const film = await project();
  const told: RunEvent['type'][] = [];
  const complain = (event: RunEvent): void => {
    told.push(event.type);
    if (event.type === type) throw new Error(`not at ${type}`);
  };
  const onEvent = isAsync
    ? // Rejects when the run has gone on.
      (event: RunEvent) => Promise.resolve().then(() => complain(event))
    : complain;
  const error: unknown = await run(await film.load(), { onEvent: (event) => onEvent(event) }).catch(
    (thrown: unknown) => thrown,
  );
  return { film, told, error };
}

describe('a listener that fails', () => {
  it.each(
    (['run.started', 'shot.submitting', 'shot.submitted', 'shot.delivered', 'run.finished'] as const).flatMap(
      (type) => [[type, false] as const, [type, true] as const],
    ),
  )('at %s (async: %s) harms no shot, and its error is thrown when all is on disk', async (type, isAsync) => {
    const { film, told, error } = await runThrowing(type, isAsync);
    expect(error).toEqual(new Error(`not at ${type}`));
    expect(told.at(-1)).toBe('run.finished');
    expect(server.counters.posts).toBe(1);
    expect(JSON.parse(await film.read('renders/film/report.json'))).toMatchObject({ spent_usd: 0.12 });
    // Nothing is held, asked for again or bought twice.
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { reused: 1, submitted: 0 } });
  });

  it('does not hide why a run was not begun', async () => {
    const film = await project();
    await film.write('  - { id: sea, prompt: waves, duration: 5 }');
    const onEvent = () => {
      throw new Error('mine');
    };
    await expect(run(await film.load(), { onEvent })).rejects.toMatchObject({ code: 'manifest-invalid' });
  });

  it('may fail at the stopping of a run that is interrupted', async () => {
    const film = await project();
    const controller = new AbortController();
    const onEvent = ({ type }: RunEvent) => {
      if (type === 'shot.submitted') controller.abort();
      if (type === 'run.stopping') throw new Error('not now');
    };
    const running = run(await film.load(), { onEvent, signal: controller.signal });
    await expect(running).rejects.toThrow('not now');
    expect(await film.run()).toMatchObject({ exit_code: 0, counts: { submitted: 0 } });
  });
});
