import { basename, dirname, join } from 'node:path';
import type { Diagnostic } from '../domain/diagnostic.js';
import type { Decision } from '../plan/decision.js';
import { buys } from '../domain/plan.js';
import { isPaid } from '../plan/standing.js';
import { exists } from '../store/clip-file.js';
import { readShotState } from '../store/read-state.js';
import { lockfilesBeside } from './other-projects.js';
import type { Project } from './project.js';

/**
 * Whether what is to be bought was bought under another name of the manifest: this one has no lockfile, and one beside
 * it has no manifest any more, but these very clips.
 */
export async function renamedManifest(
  { paths, target }: Project,
  decisions: readonly Decision[],
): Promise<Diagnostic[]> {
  const toBuy = decisions.filter(({ action }) => buys(action));
  if (toBuy.length === 0 || target.kind === 'sandbox' || exists(paths.lockfile)) return [];
  const wanted = new Set(toBuy.map(({ fingerprint }) => fingerprint));
  for (const { name, hasManifest } of await lockfilesBeside(paths)) {
    if (hasManifest) continue;
    const state = await readShotState(join(paths.folder, name)).catch(() => undefined);
    const bought = (state?.attempts() ?? []).filter((one) => isPaid(one) && wanted.has(one.fingerprint));
    if (bought.length === 0) continue;
    const own = basename(paths.lockfile);
    const count = bought.length === 1 ? 'one of these clips' : `${bought.length} of these clips`;
    return [
      {
        code: 'lockfile-left-behind',
        severity: 'error',
        message: `${name} has no manifest any more, and knows ${count} as bought; this manifest has no lockfile`,
        hint: `if the manifest was renamed, rename ${name} to ${own} too; to buy all of it anew, move ${name} out of ${dirname(paths.lockfile)}`,
      },
    ];
  }
  return [];
}
