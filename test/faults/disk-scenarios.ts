import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../src/clock.js';
import { loadProject } from '../../src/flow/project/project.js';
import { runProject, type RunOptions } from '../../src/flow/commands/run.js';
import { renderSheet } from '../../src/sheet/render.js';
import { KEY } from './command.js';
import { makeFilm, promptOf, type Film } from './film.js';

/** A project and a command to come that changes the disk in ways of its own. */
export interface Scenario {
  readonly name: string;
  readonly command: 'run' | 'prune';
  make(): Promise<Film>;
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'two shots are rendered',
    command: 'run',
    make: () => makeFilm(['a', 'b'], { top: 'concurrency: 1' }),
  },
  {
    name: 'clips are swapped and renamed',
    command: 'run',
    async make() {
      const film = await makeFilm(['a', 'b', 'c', 'd'], { top: 'concurrency: 1' });
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
    name: 'a run is taken up',
    command: 'run',
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
    name: 'the lockfile is gone',
    command: 'run',
    async make() {
      const film = await makeFilm(['a', 'b'], { top: 'concurrency: 1' });
      await runHere(film);
      await rename(film.lockfile, join(film.folder, 'lost'));
      return film;
    },
  },
  {
    name: 'the store is gone, and the names are there',
    command: 'run',
    async make() {
      const film = await makeFilm(['a', 'b'], { top: 'concurrency: 1' });
      await runHere(film);
      await rm(film.store, { recursive: true });
      return film;
    },
  },
  {
    name: 'clips are pruned',
    command: 'prune',
    async make() {
      const film = await makeFilm(['a', 'b', 'c'], { top: 'concurrency: 1' });
      await runHere(film);
      await film.write(['a']);
      return film;
    },
  },
];

/** Runs a film within the test's own process. */
export async function runHere(
  film: Film,
  {
    clock,
    env = {},
    ...options
  }: RunOptions & { readonly clock?: Clock; readonly env?: NodeJS.ProcessEnv } = {},
) {
  const project = await loadProject({
    manifest: film.manifest,
    env: { TEST_KEY: KEY, ...env },
    ...(clock ? { clock } : {}),
  });
  return runProject(project, { renderSheet, ...options });
}
