import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Attempt } from '../domain/attempt.js';
import type { FoundLockfile } from './lockfile.js';
import type { StateHome } from './read-state.js';
import { STORE_PLACE, type ReceiptsOwner } from './receipt-store.js';
import { knowsMore } from './shot-state.js';

/** What the receipts of a store know of a project. */
export interface KnownReceipts {
  /** All known purchases of the project. */
  readonly attempts: ReadonlyMap<string, Attempt>;
  /** The purchases in the project's own receipts; the others will be added to these. */
  readonly own: ReadonlyMap<string, Attempt>;
  /** The owner that these receipts name. */
  readonly owner: ReceiptsOwner | undefined;
}

/**
 * What the receipts know of a project, by its id and by the manifest they were made for. If two branches each made a first run,
 * each has its own id, and a merge keeps only one: only the receipts know what was bought under the other id.
 */
export async function knownReceipts(
  home: StateHome,
  stored: FoundLockfile | undefined,
): Promise<KnownReceipts> {
  const { receipts } = home;
  const id = stored?.identity.project_id;
  const book = id === undefined ? undefined : await receipts.read(id);
  let own = book?.attempts ?? new Map<string, Attempt>();
  let owner = book?.owner;
  const attempts = new Map(own);
  const add = (told: ReadonlyMap<string, Attempt>) => {
    for (const attempt of told.values())
      if (knowsMore(attempt, attempts.get(attempt.id))) attempts.set(attempt.id, attempt);
  };
  if (stored?.theirs) add((await receipts.read(stored.theirs.identity.project_id)).attempts);
  for (const other of await receipts.list({ besides: id })) {
    const told = await readIfOurs(other, { home, isFirst: !stored });
    if (!told) continue;
    add(told);
    // Receipts of another place stay another project's: its purchases are not bought again, and both projects keep their clips.
    if (stored || other.place !== home.place || (owner && told.size < own.size)) continue;
    own = told;
    owner = other;
  }
  return { attempts, own, owner };
}

/**
 * Receipts that were made for this manifest: under its former name, if the project has no lockfile; and, if several machines use
 * the store, in any folder. Undefined if they are another's.
 */
async function readIfOurs(
  owner: ReceiptsOwner,
  { home, isFirst }: { readonly home: StateHome; readonly isFirst: boolean },
): Promise<ReadonlyMap<string, Attempt> | undefined> {
  if (owner.sandbox !== home.sandbox) return undefined;
  const isOfName = owner.manifest === home.manifest;
  const isHere = owner.place === home.place;
  const read = async () => (await home.receipts.read(owner.project_id)).attempts;
  if (isHere && isOfName) return read();
  if (!isFirst) return undefined;
  if (isHere) {
    const names: string[] = await readdir(dirname(home.lockfile)).catch(() => []);
    if (names.includes(owner.manifest)) return undefined;
  } else if (!(home.isShared || owner.place === STORE_PLACE) || !isOfName) return undefined;
  const told = await read();
  return home.hasBought([...told.values()]) ? told : undefined;
}
