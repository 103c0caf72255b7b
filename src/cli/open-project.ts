import type { Project } from '../flow/project/project.js';
import type { CliContext } from './context.js';
import type { ManifestFlags } from './options.js';

/** Reads a manifest by the flags of a command. See `loadProject` for what it throws. */
export async function openProject(
  context: CliContext,
  manifest: string,
  flags: ManifestFlags & { readonly concurrency?: number },
  reading: { readonly soundPart?: boolean } = {},
): Promise<Project> {
  const { loadProject } = await import('../flow/project/project.js');
  const options = {
    manifest,
    env: context.env,
    ...(flags.gateway === undefined ? {} : { gateway: flags.gateway }),
    ...(flags.output === undefined ? {} : { output: flags.output }),
    ...(flags.var === undefined ? {} : { vars: flags.var }),
    ...(flags.allowLargeMatrix === undefined ? {} : { allowLargeMatrix: flags.allowLargeMatrix }),
    ...(flags.concurrency === undefined ? {} : { concurrency: flags.concurrency }),
  };
  return loadProject(options, reading);
}
