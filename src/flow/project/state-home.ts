import { basename, join } from 'node:path';
import { spellLoosely } from '../../catalogue/spelling.js';
import type { Attempt } from '../../domain/attempt.js';
import { isFree } from '../../domain/standing.js';
import type { Take } from '../../domain/take.js';
import { hasSources } from '../../plan/graph.js';
import { picksBehind } from '../../plan/picks.js';
import { orderOf } from '../../plan/sources.js';
import { fingerprint, requestFingerprint } from '../../shot/order.js';
import { belowAddress } from '../../store/bucket/address.js';
import { openBucket } from '../../store/bucket/open.js';
import { openClipFolder } from '../../store/clip-folder.js';
import type { ClipStore } from '../../store/clip-store.js';
import type { ProjectAttempts } from '../../store/attempt-store.js';
import type { StateHome } from '../../store/read-state.js';
import { NO_RECEIPTS, type ReceiptStore } from '../../store/receipt-store.js';
import { receiptFiles } from '../../store/receipts.js';
import { createNames, NO_NAMES, type Names } from '../clips/names.js';
import type { ProjectPaths } from './paths.js';
import type { Project } from './project.js';

/** Where the state of a project is; with a database this is a copy, and the receipts are for the buying machine. */
export function stateHome(project: Project): StateHome {
  const { manifest, paths, target, inputs, database } = project;
  return {
    lockfile: paths.lockfile,
    ...storesOf(project),
    ...(database === undefined ? {} : { receipts: NO_RECEIPTS }),
    isShared: paths.bucket !== undefined,
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
 * Whether a purchase, or a possible one, is of a clip that the manifest asks for, as far as this is known without other clips
 * and without a catalogue: spellings that any catalogue could call the same count as the same.
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
export function clipsOf(project: Project): ClipStore {
  return storesOf(project).clips;
}

/** The second record of a project's purchases. */
export function receiptsOf(project: Project): ReceiptStore {
  return storesOf(project).receipts;
}

/** The store of the local files that other machines send with submits. */
export function inputsOf({ paths: { store, bucket }, clock }: Pick<Project, 'paths' | 'clock'>): ClipStore {
  const root = join(store, 'inputs');
  if (!bucket) return openClipFolder({ root, clock });
  return openBucket(belowAddress(bucket, 'inputs'), { work: root, clock }).clips;
}

/** Everything that machines share besides the database. */
export function sharedStores(home: Pick<Project, 'paths' | 'clock'>) {
  return { ...storesOf(home), inputs: inputsOf(home) };
}

/** Where clips and receipts are. */
type Stores = Pick<StateHome, 'clips' | 'receipts'>;

/** A bucket is opened once for a project, so that its connections and what is known of it are shared. */
const buckets = new WeakMap<ProjectPaths, Stores>();

function storesOf({ paths, clock }: Pick<Project, 'paths' | 'clock'>): Stores {
  const { store: root, bucket } = paths;
  if (!bucket) return { clips: openClipFolder({ root, clock }), receipts: receiptFiles(root) };
  const stores = buckets.get(paths) ?? openBucket(bucket, { work: root, clock });
  buckets.set(paths, stores);
  return stores;
}

/** Whether only `pull` makes names: the clips are in a bucket, or several machines share them. */
export function namesByPull({ paths, database }: Pick<Project, 'paths' | 'database'>): boolean {
  return paths.bucket !== undefined || database !== undefined;
}

/** The names of a project's clips, recorded in its state. If only `pull` makes names, this makes none. */
export function namesOf(project: Project, attempts: ProjectAttempts, clips: ClipStore): Names {
  return namesByPull(project) ? NO_NAMES : namesHere(project, attempts, clips);
}

/** As `namesOf`, for any store of clips: `withCopies` makes names of copies. */
export function namesHere({ paths }: Project, attempts: ProjectAttempts, clips: ClipStore): Names {
  return createNames({
    ...{ paths, clips, projectId: attempts.projectId },
    attempts: () => attempts.attempts(),
    get: (id) => attempts.get(id),
    record: (attempt, names) => attempts.named(attempt, names),
  });
}
