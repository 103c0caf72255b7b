import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { isRecord } from '../../domain/is-record.js';
import { DailiesError } from '../../errors.js';
import { hashFile, lookAtName } from '../../store/name-file.js';
import { readJson, writeText } from '../../store/text-file.js';
import { storedPath } from '../project/paths.js';
import type { Project } from '../project/project.js';

/*
 * Films, timelines and captions can be made again at any time, so dailies replaces them in place. A note keeps the hash of what was made
 * last: a file in such a place with other bytes is somebody else's.
 */

/** Throws `usage` if the file at a path is not the one that we made there last. */
export async function assertOurs(project: Project, target: string): Promise<void> {
  const what = lookAtName(target);
  if (what === 'none') return;
  const known = (await readNote(project))[storedPath(project.paths.folder, target)];
  if (what === 'file' && known !== undefined && (await hashFile(target)) === known) return;
  throw new DailiesError('usage', `${target} is in the way, and is not what dailies made there last`, {
    hint: 'move it away, or name another place or project',
  });
}

/** Notes a file before it is made at a path, so that after a kill we do not take our own file for somebody else's. */
export async function noteMade(project: Project, target: string, sha256: string): Promise<void> {
  const note = { ...(await readNote(project)), [storedPath(project.paths.folder, target)]: sha256 };
  await writeText(notePath(project), JSON.stringify(note, null, 1));
}

/** Writes a text that can be made again, over what we made there last and over nothing else. Throws `usage`, `disk`. */
export async function writeMade(project: Project, target: string, text: string): Promise<void> {
  await assertOurs(project, target);
  await noteMade(project, target, createHash('sha256').update(text).digest('hex'));
  await writeText(target, text);
}

function notePath({ paths }: Project): string {
  return join(paths.cache, 'made.json');
}

async function readNote(project: Project): Promise<Readonly<Record<string, unknown>>> {
  const note = await readJson(notePath(project));
  return isRecord(note) ? note : {};
}
