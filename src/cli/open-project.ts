import { dirname } from 'node:path';
import type { Project } from '../flow/project.js';
import type { CliContext } from './context.js';
import type { ManifestFlags } from './options.js';

/** Reads a manifest by the flags of a command, with the keys that lie beside it. See `loadProject` for what it throws. */
export async function openProject(
  context: CliContext,
  manifest: string,
  flags: ManifestFlags & { readonly concurrency?: number },
): Promise<Project> {
  const { loadProject } = await import('../flow/project.js');
  return loadProject({
    manifest,
    env: await environmentBeside(context.env, dirname(manifest)),
    ...(flags.gateway === undefined ? {} : { gateway: flags.gateway }),
    ...(flags.output === undefined ? {} : { output: flags.output }),
    ...(flags.var === undefined ? {} : { vars: flags.var }),
    ...(flags.allowLargeMatrix === undefined ? {} : { allowLargeMatrix: flags.allowLargeMatrix }),
    ...(flags.concurrency === undefined ? {} : { concurrency: flags.concurrency }),
  });
}

/** The environment, with the keys of a folder's `.env` where it has none of its own. */
export async function environmentBeside(env: NodeJS.ProcessEnv, folder: string): Promise<NodeJS.ProcessEnv> {
  const { readKeyFile } = await import('../store/key-file.js');
  const keys = await readKeyFile(folder);
  const missing = Object.entries(keys).filter(([name]) => !env[name]);
  return { ...env, ...Object.fromEntries(missing) };
}
