import { basename, dirname, join } from 'node:path';
import { readFileSync } from 'node:fs';
import { readState, type StateHome } from '../../src/store/read-state.js';
import type { ShotState } from '../../src/store/shot-state.js';

/** Where the state beside a lockfile is kept, for a project of one manifest in a folder of its own. */
export function homeOf(lockfile: string, changes: Partial<StateHome> = {}): StateHome {
  const cache = join(dirname(lockfile), '.dailies');
  const sandbox = lockfile.endsWith('.sandbox.lock.json');
  return {
    lockfile,
    root: sandbox ? join(cache, 'rehearsal') : cache,
    place: '',
    cache,
    manifest: manifestIn(lockfile) ?? basename(lockfile).replace(/(\.sandbox)?\.lock\.json$/, '.yaml'),
    project: 'film',
    sandbox,
    shots: [],
    picksBehind: () => ({}),
    hasBought: () => false,
    ...changes,
  };
}

/** The state beside a lockfile, as somebody reads it who may come by at any time. */
export async function readShotState(lockfile: string, home: Partial<StateHome> = {}): Promise<ShotState> {
  return (await readState(homeOf(lockfile, home))).state;
}

function manifestIn(lockfile: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(lockfile, 'utf8')) as { manifest: string }).manifest;
  } catch {
    return undefined;
  }
}
