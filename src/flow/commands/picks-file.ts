import { isRecord } from '../../domain/is-record.js';
import { DailiesError } from '../../errors.js';
import { readText } from '../../store/text-file.js';
import type { Project } from '../project/project.js';
import type { Choice } from './pick.js';

/** The version of picks files that this program reads. */
const VERSION = 1;

/**
 * Reads the picks that the contact sheet exports, `{ "version": 1, "picks": { "<shot>": <take> } }`; null takes one back.
 * Throws `usage` on the picks of another project, on a file of a newer version, and on anything else.
 */
export async function readPicksFile({ manifest }: Project, file: string): Promise<Choice[]> {
  const text = await readText(file, {
    ifAbsent: manifest.takes.some(({ shot }) => shot === file)
      ? `to pick a take of the shot, name it: ${file}@1`
      : 'check the path: browsers save the exported picks to Downloads',
  });
  const { picks, project } = picksIn(text, file);
  if (project !== undefined && project !== manifest.project) {
    throw new DailiesError(
      'usage',
      `${file} has the picks of the project ${JSON.stringify(project)}, and the manifest is of "${manifest.project}"`,
      { hint: 'name the manifest of that project, or export the picks from the sheet of this one' },
    );
  }
  return Object.entries(picks).map(([shot, take]: [string, unknown]) => ({ shot, take, source: file }));
}

/** What a picks file holds; its project is undefined if it names none. */
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

/** The JSON object of a text; an empty one if the text is none. */
function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const data: unknown = JSON.parse(text);
    return isRecord(data) ? data : {};
  } catch {
    return {};
  }
}
