import { isRecord } from '../../domain/is-record.js';
import { pickOf } from '../../domain/picks.js';
import { pickNow } from '../../plan/picks.js';
import { nearest } from '../../domain/nearest.js';
import { DailiesError } from '../../errors.js';
import { openState } from '../batch/state.js';
import { survey } from '../plan/survey.js';
import { clipsOf } from '../project/state-home.js';
import { readText } from '../../store/text-file.js';
import type { Project } from '../project/project.js';

/** The version of picks files that this program reads. */
const VERSION = 1;

/**
 * Takes in the picks that the contact sheet exports, `{ "version": 1, "picks": { "<shot>": <take> } }`, on top of
 * those there are; null takes one back. Gives all picks as they are now. Throws `usage` on anything the manifest does not
 * have, on the picks of another project and on a file of a newer version.
 */
export async function pickTakes(project: Project, file: string): Promise<Readonly<Record<string, number>>> {
  const text = await readText(file, {
    ifAbsent: 'check the path: browsers save the exported picks to Downloads',
  });
  const chosen = readPicks(project, text, file);
  const { attempts, close } = await openState(project);
  try {
    const { picks, decisions } = await survey({ project, state: attempts, clips: clipsOf(project) });
    const merged = new Map(Object.entries(picks));
    for (const [shot, take] of chosen) {
      if (take === null) merged.delete(shot);
      else merged.set(shot, pickNow({ shot, take }, decisions));
    }
    const now = Object.fromEntries(merged);
    await attempts.setPicks(now);
    return Object.fromEntries([...merged.keys()].map((shot) => [shot, pickOf(now, shot) ?? 1]));
  } finally {
    await close();
  }
}

function readPicks({ manifest }: Project, text: string, file: string): [string, number | null][] {
  const { picks, project } = picksIn(text, file);
  if (project !== undefined && project !== manifest.project) {
    throw new DailiesError(
      'usage',
      `${file} has the picks of the project ${JSON.stringify(project)}, and the manifest is of "${manifest.project}"`,
      { hint: 'name the manifest of that project, or export the picks from the sheet of this one' },
    );
  }
  const takesOf = new Map(manifest.takes.map(({ shot, takes }) => [shot, takes]));
  return Object.entries(picks).map(([shot, take]): [string, number | null] => {
    const takes = takesOf.get(shot);
    if (takes === undefined) {
      const near = nearest(shot, takesOf.keys());
      throw new DailiesError('usage', `${file} picks a take of ${shot}, and the manifest has no such shot`, {
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
        { hint: `choose a take from 1 to ${takes}` },
      );
    }
    return [shot, take];
  });
}

/** What a picks file holds; its project is undefined where it names none. */
function picksIn(text: string, file: string): { readonly picks: object; readonly project: unknown } {
  const data = parsed(text);
  if (typeof data['version'] === 'number' && data['version'] > VERSION) {
    throw new DailiesError('usage', `${file} was written by a newer dailies (version ${data['version']})`, {
      hint: 'update dailies, then pick again',
    });
  }
  const { picks, project } = data;
  if (data['version'] === VERSION && isRecord(picks)) return { picks, project };
  throw new DailiesError('usage', `${file} has no picks in it`, {
    hint: 'export them from the contact sheet; the form is { "version": 1, "picks": { "<shot>": 1 } }',
  });
}

/** The JSON object of a text; an empty one where it is none. */
function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const data: unknown = JSON.parse(text);
    return isRecord(data) ? data : {};
  } catch {
    return {};
  }
}
