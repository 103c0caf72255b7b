import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../src/clock.js';
import { loadProject } from '../../src/flow/project.js';
import { runProject, type RunOptions } from '../../src/flow/run.js';
import { renderSheet } from '../../src/sheet/render.js';
import { KEY } from './command.js';
import { makeFilm, promptOf, type Film } from './film.js';

/** A project and a run to come that changes the disk in ways of its own. */
export interface Scenario {
  readonly name: string;
  make(): Promise<Film>;
}

const TOP = 'concurrency: 1';

export const SCENARIOS: readonly Scenario[] = [
  { name: 'two shots are rendered', make: () => makeFilm(['a', 'b'], { top: TOP }) },
  {
    name: 'two shots swap their clips, a third is renamed, and a fourth is rendered anew',
    async make() {
      const film = await makeFilm(['a', 'b', 'c', 'd'], { top: TOP });
      await runHere(film);
      await film.write([
        { id: 'a', prompt: promptOf('b') },
        { id: 'b', prompt: promptOf('a') },
        { id: 'e', prompt: promptOf('c') },
        { id: 'd', prompt: 'another prompt' },
      ]);
      return film;
    },
  },
  {
    name: 'what an interrupted run has left is taken up',
    async make() {
      const film = await makeFilm(['a', 'b', 'c'], { top: 'concurrency: 3' });
      const stopping = new AbortController();
      film.stage.onRequest = ({ endpoint }) => {
        if (endpoint === 'poll' && film.server.jobs.length === 3) stopping.abort();
      };
      await runHere(film, { signal: stopping.signal });
      film.stage.onRequest = () => undefined;
      return film;
    },
  },
  {
    name: 'the lockfile is gone, and the sidecars vouch for the clips',
    async make() {
      const film = await makeFilm(['a', 'b'], { top: TOP });
      await runHere(film);
      await rename(film.lockfile, join(film.folder, 'lost'));
      return film;
    },
  },
];

/** Runs a film within the test's own process. */
export async function runHere(
  film: Film,
  { clock, ...options }: RunOptions & { readonly clock?: Clock } = {},
) {
  const env = { TEST_KEY: KEY };
  const project = await loadProject({ manifest: film.manifest, env, ...(clock ? { clock } : {}) });
  return runProject(project, { renderSheet, ...options });
}
