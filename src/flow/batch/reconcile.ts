import type { Reconciled, ReconciledProject } from '../../domain/reconciled.js';
import type { WhichProject } from '../../store/postgres/whole-project.js';
import { STORE_PLACE, type ReceiptsOwner, type ReceiptStore } from '../../store/receipt-store.js';

/**
 * Tells a database all that the receipts of its projects know: forgotten purchases count again and serve their wishes, and
 * the next worker follows their jobs. After that, accounts that were stopped because the database had gone back in time buy
 * again. A second call changes nothing more. Throws as the receipts and the database do; then the accounts stay stopped.
 */
export async function reconcileStore(url: string, books: readonly ReceiptStore[]): Promise<Reconciled> {
  const [{ putBack, reconciled, storedProjects }, { openAccounts }] = await Promise.all([
    import('../../store/postgres/put-back.js'),
    import('../../store/postgres/accounts.js'),
  ]);
  const known = await storedProjects({ url });
  const projects: ReconciledProject[] = [];
  const unnamed: string[] = [];
  for (const receipts of books) {
    for (const owner of await receipts.list()) {
      const id = owner.project_id;
      const which = known.get(id) ?? whichIn(owner);
      if (!which) {
        if (owner.place === STORE_PLACE) unnamed.push(id);
        continue;
      }
      const { attempts } = await receipts.read(id);
      const { added, advanced, inHand } = await putBack({
        ...{ url, project: { id, ...which } },
        attempts: [...attempts.values()],
      });
      const { name: project, manifest, sandbox } = which;
      projects.push({ project, manifest, sandbox, added, advanced, in_hand: inHand });
    }
  }
  const accounts = await openAccounts(url);
  try {
    const stopped = (await accounts.list()).filter((account) => account.stopped === 'went-back');
    for (const { gateway, name } of stopped) await reconciled({ url, gateway, account: name });
    return { projects, unnamed, resumed: stopped.map(({ gateway, name }) => ({ gateway, name })) };
  } finally {
    await accounts.close();
  }
}

/** A project that the database has lost altogether gets its name from its receipts; receipts of a lockfile do not count. */
function whichIn({ place, project, manifest, sandbox }: ReceiptsOwner): WhichProject | undefined {
  if (place !== STORE_PLACE || project === undefined || manifest === '') return undefined;
  return { name: project, manifest, sandbox };
}
