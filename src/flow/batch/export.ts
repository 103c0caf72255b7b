import { DailiesError } from '../../errors.js';
import { copyIntoLockfile, type Copied } from '../../store/copy-lockfile.js';
import type { WholeProject } from '../../store/postgres/whole-project.js';
import type { Project } from '../project/project.js';
import { stateHome } from '../project/state-home.js';
import { whichProject } from './which-project.js';

/** What a lockfile received from a database. */
export interface Exported extends Copied {
  /** The lockfile's path. */
  readonly lockfile: string;
}

/**
 * Takes a project out of its database: from now on nobody buys for it there, and its lockfile knows all that was bought, so that a run on
 * one machine goes on from it. Throws `usage` if the database has no such project; as the database does, and as a run that opens its lockfile.
 */
export async function exportProject(project: Project): Promise<Exported> {
  const { withdrawProject } = await import('../../store/postgres/read-project.js');
  return copyFrom(project, withdrawProject);
}

/** Copies what a database knows of a project into the lockfile here; others go on meanwhile. Throws as `exportProject`. */
export async function copyHere(project: Project): Promise<Exported> {
  const { readStoredProject } = await import('../../store/postgres/read-project.js');
  return copyFrom(project, readStoredProject);
}

async function copyFrom(
  project: Project,
  read: (url: string, which: ReturnType<typeof whichProject>) => Promise<WholeProject | undefined>,
): Promise<Exported> {
  const which = whichProject(project);
  const found = await read(project.database ?? '', which);
  if (!found) {
    throw new DailiesError('usage', `the store has no project ${which.name} of ${which.manifest}`, {
      hint: 'a project is known there by its name and its manifest’s file name, from its first run or enqueue on',
    });
  }
  const { id: projectId, attempts, picks, catalogue } = found;
  const home = stateHome(project);
  const told = { projectId, attempts, picks, catalogue };
  return { ...(await copyIntoLockfile({ home, clock: project.clock }, told)), lockfile: home.lockfile };
}
