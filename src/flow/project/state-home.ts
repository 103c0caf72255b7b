import { basename } from 'node:path';
import { spellLoosely } from '../../catalogue/spelling.js';
import type { Attempt } from '../../domain/attempt.js';
import { isFree } from '../../domain/standing.js';
import type { Take } from '../../domain/take.js';
import { hasSources } from '../../plan/graph.js';
import { picksBehind } from '../../plan/picks.js';
import { orderOf } from '../../plan/sources.js';
import { fingerprint, requestFingerprint } from '../../shot/order.js';
import { openClipFolder } from '../../store/clip-folder.js';
import type { ClipStore } from '../../store/clip-store.js';
import type { LocalAttempts } from '../../store/local-attempts.js';
import type { StateHome } from '../../store/read-state.js';
import { receiptFiles } from '../../store/receipts.js';
import { createNames, type Names } from '../clips/names.js';
import type { Project } from './project.js';

/** Where the state of a project is kept. */
export function stateHome({ manifest, paths, target, inputs }: Project): StateHome {
  return {
    lockfile: paths.lockfile,
    clips: openClipFolder({ root: paths.store }),
    receipts: receiptFiles(paths.store),
    isShared: false,
    place: paths.place,
    cache: paths.cache,
    manifest: basename(paths.manifest),
    project: manifest.project,
    sandbox: target.kind === 'sandbox',
    shots: [...new Set(manifest.takes.map(({ shot }) => shot))],
    picksBehind: (attempts) => picksBehind(attempts, manifest.takes),
    hasBought: (attempts) => hasBought(attempts, manifest.takes, inputs),
  };
}

/**
 * Whether some purchase, or what may be one, is of a clip that the manifest asks for, as far as that can be told without other
 * clips and without a catalogue: what any catalogue could call the same counts as the same.
 */
function hasBought(attempts: readonly Attempt[], takes: readonly Take[], inputs: Project['inputs']): boolean {
  const purchases = attempts.filter((attempt) => !isFree(attempt));
  const bought = new Set(
    purchases.map(({ request }) => requestFingerprint(spellLoosely(request), undefined)),
  );
  if (bought.size === 0) return false;
  const context = { picks: {}, localInput: (path: string) => inputs.get(path), decided: () => undefined };
  return takes.some((take) => {
    const order = hasSources(take) ? undefined : orderOf(take, context);
    return order && bought.has(fingerprint({ ...order, take: { settings: spellLoosely(take.settings) } }));
  });
}

/** The store of a project's clips. */
export function clipsOf({ paths }: Project): ClipStore {
  return openClipFolder({ root: paths.store });
}

/** The names of a project's clips, written down in its state. */
export function namesOf({ paths }: Project, attempts: LocalAttempts, clips: ClipStore): Names {
  return createNames({
    ...{ paths, clips, projectId: attempts.projectId },
    attempts: () => attempts.attempts(),
    get: (id) => attempts.get(id),
    record: (attempt, names) => attempts.named(attempt, names),
  });
}
