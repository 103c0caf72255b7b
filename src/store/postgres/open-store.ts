import { systemClock, type Clock } from '../../clock.js';
import type { Attempt } from '../../domain/attempt.js';
import type { Picks } from '../../domain/picks.js';
import type { AttemptStore, WorkOrder } from '../attempt-store.js';
import type { Spending } from '../local-attempts.js';
import type { CatalogueSnapshot } from '../shot-state.js';
import { functionsIn, openDatabase, type Database, type Functions } from './connection.js';
import { createAttempts } from './postgres-attempts.js';
import { takeLease, USUAL_LEASE, type Beat, type LeaseTerms } from './lease.js';
import { assertVersion, DEFAULT_SCHEMA, quoted } from './migrate.js';
import { attemptIn, nanoOf } from './row.js';
import { createStanding } from './standing.js';

/** A project that is worked on, and the terms of this enqueue. */
export interface BatchTerms {
  /** 16 digits, hex; random with a project's first enqueue. */
  readonly project: string;
  readonly name: string;
  readonly manifest: string;
  /** Tells this manifest from what it was before: orders of another revision are not bought. */
  readonly revision: string;
  readonly gateway: string;
  /** The name of the account at the gateway. */
  readonly account?: string;
  readonly spending: Spending;
}

export interface PostgresOptions<Order extends WorkOrder> {
  readonly url: string;
  readonly schema?: string;
  /** What the worker is called in logs. */
  readonly name: string;
  /** For stamps and durations; the lease goes by its own. */
  readonly clock: Clock;
  /** A project of one's own, which is known whole; without one a worker takes any work of its accounts, and knows only that. */
  readonly batch?: BatchTerms | undefined;
  /** The accounts whose keys this process has. */
  readonly accounts: readonly { readonly gateway: string; readonly name?: string }[];
  /** Makes an order of a document that anybody may have written; throws on what is none. */
  readonly parseOrder: (document: Readonly<Record<string, unknown>>) => Order;
  readonly lease?: LeaseTerms & { readonly clock?: Clock };
  readonly random?: () => number;
}

/** An attempt store in PostgreSQL, as one process has it. */
export interface PostgresAttempts<Order extends WorkOrder> extends AttemptStore<Order> {
  /** The id under which this process works now. */
  worker(): string;
  /** Resolves when all that was offered is on record. */
  enqueued(): Promise<void>;
  /** Stops as a killed process would: nothing is handed over. */
  vanish(): Promise<void>;
}

/** All that a store's methods work with. */
export interface Link {
  readonly store: Functions;
  readonly database: Database;
  readonly schema: string;
}

/** How long the opening waits for the database. */
const OPENING_MS = 10_000;

/**
 * Opens the store of several machines for one process: signs it up as a worker, and buries the dead. Throws
 * `store-unreachable`, `store-refused`, `store-version` (exit 3 all).
 */
export async function openPostgresAttempts<Order extends WorkOrder>(
  options: PostgresOptions<Order>,
): Promise<PostgresAttempts<Order>> {
  const { url, name, clock, batch } = options;
  const lease: LeaseTerms & { readonly clock?: Clock } = options.lease ?? USUAL_LEASE;
  const schema = quoted(options.schema ?? DEFAULT_SCHEMA);
  const standing = createStanding(clock);
  const database = await openDatabase({
    ...{ url, clock: systemClock, name: `dailies ${name}` },
    async greet(ask) {
      // The first connection finds out about the version; before that there is nothing to greet.
      if (standing.seen().length > 0)
        await ask(`select ${schema}.hello($1)`, [JSON.stringify(standing.seen())]);
    },
  });
  try {
    const store = functionsIn(schema, database);
    await assertVersion(
      (sql, values) => database.insist(sql, values, { forMs: OPENING_MS }),
      options.schema ?? DEFAULT_SCHEMA,
    );
    let onBeat: (beat: Beat) => Promise<void> = () => Promise.resolve();
    let first: Beat | undefined;
    const held = await takeLease(store, {
      ...{ name, clock: lease.clock ?? systemClock, terms: lease },
      onBeat: async (beat) => {
        first ??= beat;
        await onBeat(beat);
      },
    });
    const opened = batch ? await begin(store, batch) : undefined;
    standing.learn(opened?.standing);
    const whole = batch ? await readProject({ store, database, schema }, batch.project) : undefined;
    const attempts = createAttempts<Order>({
      ...{ options, link: { store, database, schema }, lease: held, standing, opened, whole },
      accounts: await accountsOf(store, options),
    });
    onBeat = (beat) => attempts.heard(beat);
    if (first) await attempts.heard(first);
    return attempts;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** What was begun with the opening. */
export interface Opened {
  readonly account: number;
  readonly batch: string;
  readonly standing: unknown;
}

async function begin(store: Functions, terms: BatchTerms): Promise<Opened> {
  const { project, name, manifest, revision, gateway, account = '', spending } = terms;
  const { jobs, perModel, budgetUsd, maxCostUsd } = spending;
  const ceilings = {
    budgetNano: budgetUsd === undefined ? undefined : nanoOf(budgetUsd),
    maxCostNano: maxCostUsd === undefined ? undefined : nanoOf(maxCostUsd),
  };
  const given = { project, name, manifest, revision, gateway, account, jobs, perModel, ...ceilings };
  const [row] = await store.insist('begin_batch', [JSON.stringify(given)], { forMs: OPENING_MS });
  return {
    ...{ account: Number(row?.['account']), batch: String(row?.['batch']) },
    standing: row?.['standing'],
  };
}

/** A project as the database has it. */
export interface WholeProject {
  readonly attempts: readonly Attempt[];
  readonly picks: Picks;
  readonly catalogue: CatalogueSnapshot | undefined;
}

async function readProject({ store, database, schema }: Link, project: string): Promise<WholeProject> {
  const rows = await store.insist('project_state', [project]);
  const [row] = await database.insist(`select picks, catalogue from ${schema}.project where id = $1`, [
    project,
  ]);
  return {
    attempts: rows.map((found) => attemptIn(found['attempt'])),
    picks: (row?.['picks'] ?? {}) as Picks,
    catalogue: (row?.['catalogue'] ?? undefined) as CatalogueSnapshot | undefined,
  };
}

/** The accounts that this process has the keys of, by their numbers; those that nobody has enqueued for yet have none. */
async function accountsOf<Order extends WorkOrder>(
  store: Functions,
  { accounts, batch }: PostgresOptions<Order>,
): Promise<readonly number[]> {
  const wanted = [...accounts, ...(batch ? [{ gateway: batch.gateway, name: batch.account }] : [])];
  const rows = await store.insist('accounts', [
    JSON.stringify(wanted.map(({ gateway, name = '' }) => ({ gateway, name }))),
  ]);
  return rows.map((row) => Number(row['id']));
}
