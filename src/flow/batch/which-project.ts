import { basename } from 'node:path';
import type { WhichProject } from '../../store/postgres/whole-project.js';
import type { Project } from '../project/project.js';

/** How all machines name a project. */
export function whichProject({ manifest, paths, target }: Project): WhichProject {
  return {
    ...{ name: manifest.project, manifest: basename(paths.manifest) },
    sandbox: target.kind === 'sandbox',
  };
}
