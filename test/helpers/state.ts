import { basename, dirname, join } from 'node:path';
import { readFileSync } from 'node:fs';
import { openClipFolder } from '../../src/store/clip-folder.js';
import { readState, type StateHome } from '../../src/store/read-state.js';
import { receiptFiles } from '../../src/store/receipts.js';
import type { ShotState } from '../../src/store/shot-state.js';

/** What is unlike the usual; `root`: the folder of clips and receipts. */
export type HomeChanges = Partial<StateHome> & { readonly root?: string };

/** Where the state beside a lockfile is kept, for a project of one manifest in a folder of its own. */
export function homeOf(lockfile: string, { root, ...changes }: HomeChanges = {}): StateHome {
  const cache = join(dirname(lockfile), '.dailies');
  const sandbox = lockfile.endsWith('.sandbox.lock.json');
  const place = root ?? (sandbox ? join(cache, 'rehearsal') : cache);
  return {
    lockfile,
    clips: openClipFolder({ root: place }),
    receipts: receiptFiles(place),
    isShared: false,
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
export async function readShotState(lockfile: string, home: HomeChanges = {}): Promise<ShotState> {
  return (await readState(homeOf(lockfile, home))).state;
}

function manifestIn(lockfile: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(lockfile, 'utf8')) as { manifest: string }).manifest;
  } catch {
    return undefined;
  }
}
