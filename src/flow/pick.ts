import type { Picks } from '../plan/graph.js';
import { nearest } from '../domain/nearest.js';
import { DailiesError } from '../errors.js';
import { openShotStore } from '../store/shot-store.js';
import { readText } from '../store/text-file.js';
import type { Project } from './project.js';

/**
 * Takes in the picks that the contact sheet exports, `{ "version": 1, "picks": { "<shot>": <take> } }`, on top of
 * those there are; null takes one back. Gives all picks as they are now. Throws `usage` on anything the manifest does not have.
 */
export async function pickTakes(project: Project, file: string): Promise<Picks> {
  const chosen = readPicks(project, await readText(file), file);
  const store = await openShotStore({
    lockfile: project.paths.lockfile,
    project: project.manifest.project,
    clock: project.clock,
  });
  try {
    const merged = new Map(Object.entries(store.picks()));
    for (const [shot, take] of chosen) {
      if (take === null) merged.delete(shot);
      else merged.set(shot, take);
    }
    await store.setPicks(Object.fromEntries(merged));
    return store.picks();
  } finally {
    await store.close();
  }
}

function readPicks({ manifest }: Project, text: string, file: string): [string, number | null][] {
  const picks = picksIn(text, file);
  const takesOf = new Map(manifest.takes.map(({ shot, takes }) => [shot, takes]));
  return Object.entries(picks).map(([shot, take]): [string, number | null] => {
    const takes = takesOf.get(shot);
    if (takes === undefined) {
      const near = nearest(shot, takesOf.keys());
      throw new DailiesError('usage', `${file} picks a take of ${shot}, and the manifest has no such shot`, {
        exitCode: 2,
        hint:
          near === undefined
            ? 'export the picks again from the sheet of this manifest'
            : `did you mean ${near}?`,
      });
    }
    if (take === null) return [shot, null];
    if (typeof take !== 'number' || !Number.isInteger(take) || take < 1 || take > takes) {
      throw new DailiesError(
        'usage',
        `${file} picks take ${JSON.stringify(take)} of ${shot}, which has ${takes}`,
        {
          exitCode: 2,
          hint: `choose a take from 1 to ${takes}`,
        },
      );
    }
    return [shot, take];
  });
}

function picksIn(text: string, file: string): object {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    data = undefined;
  }
  if (typeof data === 'object' && data !== null && 'picks' in data) {
    const { picks } = data;
    if (typeof picks === 'object' && picks !== null && !Array.isArray(picks)) return picks;
  }
  throw new DailiesError('usage', `${file} has no picks in it`, {
    exitCode: 2,
    hint: 'export them from the contact sheet; the form is { "version": 1, "picks": { "<shot>": 1 } }',
  });
}
