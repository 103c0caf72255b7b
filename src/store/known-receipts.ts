import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Attempt } from '../domain/attempt.js';
import type { FoundLockfile } from './lockfile.js';
import type { StateHome } from './read-state.js';
import { STORE_PLACE, type ReceiptsOwner } from './receipt-store.js';
import { knowsMore } from './shot-state.js';

/** What the receipts of a store know of a project. */
export interface KnownReceipts {
  /** All that is known of the project's purchases. */
  readonly attempts: ReadonlyMap<string, Attempt>;
  /** What the project's own receipts have of it, to which the rest will be added. */
  readonly own: ReadonlyMap<string, Attempt>;
  /** Whose those are by their own word. */
  readonly owner: ReceiptsOwner | undefined;
}

/**
 * What the receipts tell of a project: by its id, and by the manifest they were made for. Branches that have each made a first
 * run have an id each, and a merge leaves one of them: what was bought under the other is known by its receipts alone.
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
    // Those of another place stay another project's: what it has bought is not bought again, and both keep their clips.
    if (stored || other.place !== home.place || (owner && told.size < own.size)) continue;
    own = told;
    owner = other;
  }
  return { attempts, own, owner };
}

/**
 * Receipts that were made for a manifest: under its former name, where the project has no lockfile; and where the store is one
 * that several machines use, in whatever folder it lay there. Undefined if they are another's.
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
