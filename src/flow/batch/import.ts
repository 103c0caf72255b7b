import pLimit from 'p-limit';
import type { Attempt, Output } from '../../domain/attempt.js';
import { isDelivered } from '../../domain/standing.js';
import { DailiesError } from '../../errors.js';
import type { ClipStore } from '../../store/clip-store.js';
import type { PutBack } from '../../store/postgres/put-back.js';
import { readState, type StateHome, type StateOnDisk } from '../../store/read-state.js';
import { essenceOf } from '../../store/receipt-essence.js';
import type { ReceiptStore } from '../../store/receipt-store.js';
import { acquireRunLock } from '../../store/run-lock.js';
import { knowsMore } from '../../store/shot-state.js';
import type { Project } from '../project/project.js';
import { clipsOf, receiptsOf, stateHome } from '../project/state-home.js';
import { whichProject } from './which-project.js';

/** What a database received from a lockfile. */
export interface Imported extends PutBack {
  readonly purchases: number;
  /** Clips that were copied to the shared place, and those that were not found. */
  readonly clips: number;
  readonly missing: number;
}

/** How many clips are copied at once. */
const AT_ONCE = 4;

/**
 * Tells a database of all that a project has bought by its lockfile, journal and receipts, with its picks and its catalogue. The clips are
 * copied to the place that all machines share, and so are the receipts. Neither lockfile nor journal changes; nobody else runs the
 * project meanwhile. `local`: the project as a run without a database, and without a shared place for clips, sees it. Throws `usage`
 * if there is nothing to import, and as the lockfile and the database do.
 */
export async function importProject(
  project: Project,
  { local, signal }: { readonly local: Project; readonly signal: AbortSignal },
): Promise<Imported> {
  const { clock, database = '' } = project;
  const { database: _, ...shared } = project;
  const lock = await acquireRunLock({ lockfile: project.paths.lockfile, clock });
  try {
    const { state, identity } = await readBoth(stateHome(shared), stateHome(local));
    const attempts = state.attempts();
    if (attempts.length === 0) {
      throw new DailiesError(
        'usage',
        'there is nothing to import: no lockfile and no receipts know of a purchase',
        {
          hint: 'run or enqueue the manifest with --store: a new project needs no import',
        },
      );
    }
    const copied = await copyClips(attempts, { from: clipsOf(local), to: clipsOf(shared), signal });
    const { putBack } = await import('../../store/postgres/put-back.js');
    const which = whichProject(project);
    const told = await putBack({
      ...{ url: database, project: { ...which, id: identity.project_id }, attempts },
      ...{ picks: state.picks(), catalogue: state.catalogue(), isWhole: true },
    });
    // After the database: it has to know every purchase that the receipts know.
    const { storeOwner } = await import('../../store/postgres/whole-project.js');
    const owner = storeOwner(told.project, which);
    await keepReceipts(receiptsOf(shared), { owner, attempts });
    return { ...told, ...copied, purchases: attempts.length };
  } finally {
    await lock.release();
  }
}

/** The state from one home, and what the clips and receipts of another home add to it. */
async function readBoth(home: StateHome, other: StateHome): Promise<StateOnDisk> {
  const [one, beside] = [await readState(home), await readState(other)];
  if (one.state.attempts().length === 0) return beside;
  one.state.restore(beside.state.attempts().filter((told) => knowsMore(told, one.state.find(told.id))));
  return one;
}

/** Copies the clips that are only on this machine to the place that all machines share. */
async function copyClips(
  attempts: readonly Attempt[],
  { from, to, signal }: { readonly from: ClipStore; readonly to: ClipStore; readonly signal: AbortSignal },
): Promise<Pick<Imported, 'clips' | 'missing'>> {
  const outputs = attempts.filter((one) => isDelivered(one) && !one.state.pruned).flatMap(outputsIn);
  const wanted = new Map(outputs.map((output) => [output.sha256, output]));
  const limit = pLimit(AT_ONCE);
  const result = { clips: 0, missing: 0 };
  const copy = async ({ sha256, bytes, media }: Output): Promise<void> => {
    signal.throwIfAborted();
    if (await to.stat(sha256)) return;
    // A clip that is gone or changed is fetched again from the gateway, as on one machine.
    if ((await from.stat(sha256))?.bytes !== bytes) result.missing++;
    else {
      const isCopied = await to
        .put(await from.read(sha256), { sha256, bytes, container: media.container })
        .then(() => true, unusable);
      if (isCopied) result.clips++;
      else result.missing++;
    }
  };
  await Promise.all([...wanted.values()].map((output) => limit(() => copy(output))));
  return result;
}

function outputsIn({ state }: Attempt): readonly Output[] {
  return state.kind === 'delivered' ? state.outputs : [];
}

function unusable(error: unknown): false {
  if (error instanceof DailiesError && error.code === 'file-unusable') return false;
  throw error;
}

async function keepReceipts(
  receipts: ReceiptStore,
  {
    owner,
    attempts,
  }: { readonly owner: Parameters<ReceiptStore['open']>[0]; readonly attempts: readonly Attempt[] },
): Promise<void> {
  const known = (await receipts.read(owner.project_id)).attempts;
  const book = receipts.open(owner, (id) => known.get(id));
  try {
    const lacking = attempts.flatMap(({ names: _, ...attempt }) => {
      const before = known.get(attempt.id);
      const isKept = before && (essenceOf(before) === essenceOf(attempt) || knowsMore(before, attempt));
      return isKept || attempt.state.kind === 'planned' ? [] : [{ type: 'restored', attempt } as const];
    });
    await book.append(lacking);
    await book.own();
  } finally {
    await book.close();
  }
}
