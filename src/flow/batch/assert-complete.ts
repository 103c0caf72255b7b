import { basename } from 'node:path';
import type { Attempt } from '../../domain/attempt.js';
import { isLive } from '../../domain/standing.js';
import { DailiesError } from '../../errors.js';
import type { ShotState } from '../../store/shot-state.js';
import { readState } from '../../store/read-state.js';
import { STORE_PLACE, type ReceiptStore } from '../../store/receipt-store.js';
import type { Project } from '../project/project.js';
import { receiptsOf, stateHome } from '../project/state-home.js';
import { whichProject } from './which-project.js';

/**
 * Compares a database's record of a project with the records beside it: the receipts, each written after its purchase
 * was in the database, and the lockfile that the project may have had before. Throws `store-behind` if they have a purchase that the
 * database does not know: if the database alone decided, it would be made once more.
 */
export async function assertComplete(
  project: Project,
  attempts: ShotState & {
    readonly projectId: string;
    /** Which of some ids no purchase of the database has, at this moment. */
    unknown(ids: readonly string[]): Promise<readonly string[]>;
  },
): Promise<void> {
  const { name } = whichProject(project);
  const known = new Set(attempts.attempts().map(({ id }) => id));
  const unknownOf = async (ids: Iterable<string>): Promise<readonly string[]> => {
    const left = [...ids].filter((id) => !known.has(id));
    // Others may have bought since the database was read.
    return left.length === 0 ? left : attempts.unknown(left);
  };
  const receipts = receiptsOf(project);
  for (const id of known.size > 0 ? [attempts.projectId] : await booksOf(project, receipts)) {
    const unknown = await unknownOf(await receipts.ids(id));
    if (unknown.length === 0) continue;
    const told = (await receipts.read(id)).attempts;
    const lost = unknown.filter((one) => isPurchase(told.get(one)));
    if (lost.length > 0) {
      throw behind(lost, `the receipts of ${name}`, {
        hint: 'the database has gone back in time, or is another one: dailies store reconcile restores it from the receipts',
      });
    }
  }
  const bought = (await readState(stateHome(project))).state.attempts().filter(isPurchase);
  const lost = await unknownOf(bought.map(({ id }) => id));
  if (lost.length === 0) return;
  throw behind(lost, basename(project.paths.lockfile), {
    hint: 'dailies store import adds them, and buys nothing; if the lockfile is obsolete, move it away',
  });
}

/** A database without any purchase of a project may have forgotten the whole project, and its id too. */
async function booksOf(project: Project, receipts: ReceiptStore): Promise<readonly string[]> {
  const { name, manifest, sandbox } = whichProject(project);
  const owners = await receipts.list();
  const own = owners.filter(
    (one) =>
      one.place === STORE_PLACE &&
      one.project === name &&
      one.manifest === manifest &&
      one.sandbox === sandbox,
  );
  return own.map(({ project_id }) => project_id);
}

/** An attempt that bought nothing does not count: buying it again is right. */
function isPurchase(attempt: Attempt | undefined): boolean {
  return attempt !== undefined && isLive(attempt);
}

function behind(lost: readonly string[], what: string, { hint }: { readonly hint: string }): DailiesError {
  const purchases = lost.length === 1 ? 'a purchase' : `${lost.length} purchases`;
  return new DailiesError('store-behind', `${what} record ${purchases} that the store does not know`, {
    hint,
  });
}
