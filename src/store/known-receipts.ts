import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Attempt } from '../domain/attempt.js';
import type { FoundLockfile } from './lockfile.js';
import type { StateHome } from './read-state.js';
import { readOwnedReceipts, readReceipts, receiptsIn, receiptsPath, type ReceiptsOwner } from './receipts.js';
import { knowsMore } from './shot-state.js';

/** What the receipts of this machine know of a project. */
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
  const path = stored && receiptsPath(home.root, stored.identity.project_id);
  const book = path === undefined ? undefined : await readOwnedReceipts(path);
  let own = book?.attempts ?? new Map<string, Attempt>();
  let owner = book?.owner;
  const attempts = new Map(own);
  const add = (told: ReadonlyMap<string, Attempt>) => {
    for (const attempt of told.values())
      if (knowsMore(attempt, attempts.get(attempt.id))) attempts.set(attempt.id, attempt);
  };
  if (stored?.theirs) add(await readReceipts(receiptsPath(home.root, stored.theirs.identity.project_id)));
  for (const other of await receiptsIn(home.root, { besides: path })) {
    const told = await readIfOurs(other, { home, isRenamed: !stored });
    if (!told) continue;
    add(told);
    if (stored || (owner && told.size < own.size)) continue;
    own = told;
    owner = other.owner;
  }
  return { attempts, own, owner };
}

/** Receipts that were made for a manifest, perhaps under its former name; undefined where they are another's. */
async function readIfOurs(
  { path, owner }: { readonly path: string; readonly owner: ReceiptsOwner },
  { home, isRenamed }: { readonly home: StateHome; readonly isRenamed: boolean },
): Promise<ReadonlyMap<string, Attempt> | undefined> {
  if (owner.sandbox !== home.sandbox || owner.place !== home.place) return undefined;
  if (owner.manifest === home.manifest) return readReceipts(path);
  if (!isRenamed) return undefined;
  const names: string[] = await readdir(dirname(home.lockfile)).catch(() => []);
  if (names.includes(owner.manifest)) return undefined;
  const told = await readReceipts(path);
  return home.hasBought([...told.values()]) ? told : undefined;
}
