import { randomBytes } from 'node:crypto';
import type { Attempt } from '../../domain/attempt.js';
import { defined } from '../../domain/defined.js';
import { isRecord } from '../../domain/is-record.js';
import type { Picks } from '../../domain/picks.js';
import { DailiesError } from '../../errors.js';
import { lockfileProblem } from '../lockfile-problem.js';
import { STORE_PLACE, type ReceiptsOwner } from '../receipt-store.js';
import type { CatalogueSnapshot } from '../shot-state.js';
import { OPENING_MS, type Link } from './connection.js';
import { attemptIn } from './row.js';

/** How to find a project. */
export interface WhichProject {
  readonly name: string;
  /** The manifest's file name. */
  readonly manifest: string;
  readonly sandbox: boolean;
}

/** The id of a project; a new one if there is none. */
export async function projectIdIn({ store }: Link, which: WhichProject): Promise<string> {
  const given = { ...which, id: newProjectId() };
  const [row] = await store.insist('project_of', [JSON.stringify(given)], { forMs: OPENING_MS });
  return String(row?.['project_of']);
}

/** The owner of a project's receipts: not a folder, so that no lockfile takes them for its own. */
export async function ownerOf({ database, schema }: Link, project: string): Promise<ReceiptsOwner> {
  const sql = `select name, manifest, sandbox from ${schema}.project where id = $1`;
  const [row = {}] = await database.insist(sql, [project]);
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const which = {
    name: text(row['name']),
    manifest: text(row['manifest']),
    sandbox: row['sandbox'] === true,
  };
  return storeOwner(project, which);
}

/** The owner of the receipts of a project that several machines share. */
export function storeOwner(id: string, { name, manifest, sandbox }: WhichProject): ReceiptsOwner {
  return { project_id: id, project: name, manifest, sandbox, place: STORE_PLACE };
}

/** A project, as stored in the database. */
export interface WholeProject {
  readonly id: string;
  readonly attempts: readonly Attempt[];
  readonly picks: Picks;
  readonly catalogue: CatalogueSnapshot | undefined;
  /** For each fingerprint, which of its wishes have a purchase. */
  readonly copies: ReadonlyMap<string, ReadonlySet<number>>;
}

/** The id of a new project. */
function newProjectId(): string {
  return randomBytes(8).toString('hex');
}

/**
 * Reads a project's current state; an empty one if there is none. Throws `store-refused` on rows that are no attempts, and as the
 * database does.
 */
export async function readProject({ store, database, schema }: Link, id: string): Promise<WholeProject> {
  const rows = await store.insist('project_state', [id]);
  const [row] = await database.insist(`select picks, catalogue from ${schema}.project where id = $1`, [id]);
  const copies = new Map<string, Set<number>>();
  const attempts = rows.map((found) => {
    const attempt = attemptIn(found['attempt']);
    const taken = copies.get(attempt.fingerprint) ?? new Set();
    // An attempt about to be sent for the first time is no purchase yet: the first sender gets the wish.
    if (typeof found['copy'] === 'number' && attempt.state.kind !== 'planned')
      copies.set(attempt.fingerprint, taken.add(found['copy']));
    return attempt;
  });
  return {
    ...{ id, attempts, copies },
    ...settingsIn(row?.['picks'] ?? {}, row?.['catalogue'] ?? undefined),
  };
}

/** Picks and catalogue of a project, checked by the same rules as those of a lockfile. Throws `store-refused`. */
function settingsIn(picks: unknown, catalogue: unknown): Pick<WholeProject, 'picks' | 'catalogue'> {
  const picked = isRecord(picks)
    ? Object.entries(picks).map(([shot, pick]) => [shot, { takes: {}, pick }])
    : [];
  const problem = lockfileProblem({
    ...{ version: 1, project: '', project_id: '0'.repeat(16), manifest: '', sandbox: false },
    shots: Object.fromEntries(picked) as object,
    ...defined({ catalogue }),
  });
  if (problem === undefined && isRecord(picks))
    return { picks: picks as Picks, catalogue: catalogue as CatalogueSnapshot | undefined };
  throw new DailiesError(
    'store-refused',
    `the store has invalid picks or an invalid catalogue: ${problem ?? 'picks'}`,
    {
      hint: 'something else wrote to its tables: check the row of the project, and who may write there',
    },
  );
}
