import { isoNow, systemClock } from '../../clock.js';
import type { Attempt } from '../../domain/attempt.js';
import type { Picks } from '../../domain/picks.js';
import { isCompleted, isInFlight } from '../../domain/standing.js';
import { DailiesError } from '../../errors.js';
import { attemptAfter, knowsMore, type CatalogueSnapshot } from '../shot-state.js';
import { functionsIn, openDatabase } from './connection.js';
import { assertVersion, DEFAULT_SCHEMA, quoted } from './migrate.js';
import type { Link } from './connection.js';
import { readProject, type WhichProject } from './whole-project.js';
import { planAlone } from './plan-lock.js';
import { stepOf, wholeOf } from './row.js';

/** A database of several machines. */
export interface StorePlace {
  readonly url: string;
  readonly schema?: string;
}

/** Purchases that are on record elsewhere: in receipts, in a lockfile. */
export interface KnownElsewhere extends StorePlace {
  /** The project's name; its id counts if the database has no project of that name. */
  readonly project: WhichProject & { readonly id: string };
  readonly attempts: Iterable<Attempt>;
  /** Used if the database has no pick of the shot, and no catalogue. */
  readonly picks?: Picks;
  readonly catalogue?: CatalogueSnapshot | undefined;
  /** Refuses if another project of the database has some of the purchases: those would be made again for this one. */
  readonly isWhole?: boolean;
}

export interface PutBack {
  /** The project's id in the database. */
  readonly project: string;
  /** How many purchases the database did not have, and of how many it knew less. */
  readonly added: number;
  readonly advanced: number;
  /** Purchases that a worker has in hand: it is left to that worker to record what other records know of them. */
  readonly inHand: number;
}

/**
 * Tells a database of purchases that it has forgotten, or never knew: each counts from now on, its wish is not bought again, and the
 * next worker follows its job. A second call changes nothing more. Throws `store-unreachable`, `store-refused`, `store-version`,
 * `locked-by-another-run`.
 */
export async function putBack(known: KnownElsewhere): Promise<PutBack> {
  return withStore(known, async (link) => {
    const attempts = [...known.attempts].flatMap(atRest);
    if (known.isWhole) await assertNobodyElses(link, known.project, attempts);
    const project = await projectOf(link, known.project);
    const release = await planAlone(link.database, project);
    try {
      return { project, ...(await tell(link, project, { ...known, attempts })) };
    } finally {
      await release();
    }
  });
}

/** Lets an account buy again after the database had gone back in time and `putBack` has told it of all known purchases. */
export async function reconciled(
  where: StorePlace & { readonly gateway: string; readonly account?: string },
): Promise<void> {
  await withStore(where, ({ store }) => store.ask('reconciled', [where.gateway, where.account ?? '']));
}

/** The names of a database's projects, by their ids. */
export async function storedProjects(where: StorePlace): Promise<ReadonlyMap<string, WhichProject>> {
  return withStore(where, async ({ database, schema }) => {
    const rows = await database.ask(`select id, name, manifest, sandbox from ${schema}.project`, []);
    return new Map(
      rows.map(({ id, name, manifest, sandbox }) => [
        String(id),
        { name: String(name), manifest: String(manifest), sandbox: sandbox === true },
      ]),
    );
  });
}

/** How many purchases go in one call. */
const AT_ONCE = 500;

async function tell(
  link: Link,
  project: string,
  {
    attempts,
    picks = {},
    catalogue,
  }: Pick<KnownElsewhere, 'picks' | 'catalogue'> & { readonly attempts: readonly Attempt[] },
): Promise<Omit<PutBack, 'project'>> {
  const { store, database, schema } = link;
  // A dead worker has nothing in hand.
  await store.ask('bury_lapsed', []);
  const before = await readProject(link, project);
  const there = new Map(before.attempts.map((attempt) => [attempt.id, attempt]));
  const result = { added: 0, advanced: 0, inHand: 0 };
  const rows: object[] = [];
  const accounts = new Map<string, number>();
  for (const attempt of attempts) {
    const known = there.get(attempt.id);
    if (known && knowsMore(attempt, known)) {
      const steps = Math.max(attempt.steps, known.steps + 1);
      const step = stepOf({ ...attempt, steps }, known.steps);
      const [answer] = await store.ask('record', [null, JSON.stringify(step)]);
      if (answer?.['verdict'] === 'ok') result.advanced++;
      else if (answer?.['verdict'] === 'moved') result.inHand++;
    }
    if (known && !isUnderWay(attempt)) continue;
    const { gateway, id, request } = attempt;
    const account = accounts.get(gateway) ?? (await accountOf(link, gateway));
    accounts.set(gateway, account);
    const follow = { kind: 'follow', key: `job ${id}`, model: request.model, attempt: id };
    rows.push({ ...wholeOf(attempt, 0, null), wish: true, account, follow });
  }
  for (let from = 0; from < rows.length; from += AT_ONCE) {
    const told = JSON.stringify(rows.slice(from, from + AT_ONCE));
    const [answer] = await store.ask('put_back', [project, told]);
    result.added += Number(answer?.['put_back']);
  }
  const missing = Object.keys(picks).filter((shot) => !Object.hasOwn(before.picks, shot));
  if (missing.length > 0)
    await store.ask('set_picks', [project, JSON.stringify({ ...picks, ...before.picks })]);
  if (catalogue && !before.catalogue)
    await database.ask(`update ${schema}.project set catalogue = $2 where id = $1`, [
      project,
      JSON.stringify(catalogue),
    ]);
  return result;
}

/** The id of a project in the database, which makes the project if needed. */
async function projectOf({ store }: Link, project: KnownElsewhere['project']): Promise<string> {
  const [row] = await store.ask('project_of', [JSON.stringify(project)]);
  const id = row?.['project_of'];
  if (typeof id === 'string') return id;
  throw new DailiesError(
    'store-refused',
    `the store has the project ${project.id} as one that cannot be ${project.name}`,
    {
      hint: 'a project and its rehearsal are two: check whether a lockfile was copied from one to the other',
    },
  );
}

async function accountOf({ store }: Link, gateway: string): Promise<number> {
  const [row] = await store.ask('accounts', [JSON.stringify([{ gateway, name: '' }])]);
  return Number(row?.['id']);
}

/** A purchase belongs to one project: if another project has it, it would be bought again here. */
async function assertNobodyElses(
  { database, schema }: Link,
  { name, manifest, sandbox, id }: KnownElsewhere['project'],
  attempts: readonly Attempt[],
): Promise<void> {
  const [row] = await database.ask(
    `select p.name, p.manifest, count(*)::int as n from ${schema}.attempt a join ${schema}.project p on p.id = a.project
       where a.id = any ($1) and a.project <> coalesce(
         (select o.id from ${schema}.project o where o.name = $2 and o.manifest = $3 and o.sandbox = $4), $5)
       group by 1, 2 order by 1, 2 limit 1`,
    [attempts.map((attempt) => attempt.id), name, manifest, sandbox, id],
  );
  if (!row) return;
  throw new DailiesError(
    'store-refused',
    `${Number(row['n'])} of these purchases are on record in the store with ${String(row['name'])} (${String(row['manifest'])})`,
    {
      hint: 'a purchase is of one project, and would be made again for another: go on with that one, under its name',
    },
  );
}

/** Whether the job of an attempt has to be followed, or its clip fetched. */
function isUnderWay(attempt: Attempt): boolean {
  return isInFlight(attempt) || isCompleted(attempt);
}

/**
 * A purchase as another machine may know it: names belong to the machine that made them. If an attempt was about to be sent, its sender
 * is unknown here, so perhaps it was charged; an attempt that was never sent is left out.
 */
function atRest({ names: _, ...attempt }: Attempt): readonly Attempt[] {
  if (attempt.state.kind === 'planned') return [];
  if (attempt.state.kind !== 'submitting') return [attempt];
  const lost = { type: 'answer_lost', at: isoNow(systemClock), message: FORGOTTEN } as const;
  return [attemptAfter(() => attempt, { ...lost, id: attempt.id, step: attempt.steps + 1 }) ?? attempt];
}

const FORGOTTEN = 'the program ended before the answer came';

async function withStore<T>(
  { url, schema = DEFAULT_SCHEMA }: StorePlace,
  work: (link: Link) => Promise<T>,
): Promise<T> {
  const database = await openDatabase({ url, clock: systemClock, name: 'dailies store' });
  try {
    await assertVersion(database.ask, schema);
    return await work({ store: functionsIn(quoted(schema), database), database, schema: quoted(schema) });
  } finally {
    await database.close();
  }
}
