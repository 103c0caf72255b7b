import type { Diagnostic } from '../../domain/diagnostic.js';
import { DailiesError } from '../../errors.js';
import { createFiles } from '../../store/create-file.js';
import { validateProject, type PlanOptions } from '../plan/plan.js';
import { loadProject, type ProjectOptions } from '../project/project.js';

/**
 * Writes a new manifest, once it is valid; gives its warnings. Throws ManifestError for one with mistakes, `usage` if it names a gateway
 * by its address (a person does that), `disk` if the file exists already: it overwrites nothing.
 */
export async function createManifest(
  options: ProjectOptions,
  text: string,
  checks: PlanOptions = {},
): Promise<readonly Diagnostic[]> {
  const content = Buffer.from(text);
  const project = await loadProject(options, { draft: content });
  if (project.manifest.gateway.kind === 'custom' && options.gateway === undefined) {
    throw new DailiesError('usage', 'the manifest names a gateway by its address', {
      hint: 'name openrouter, modelgates or sandbox; only a person writes another gateway into a manifest',
    });
  }
  const diagnostics = await validateProject(project, checks);
  await createFiles(new Map([[options.manifest, content]]));
  return diagnostics;
}
