import { hostname } from 'node:os';
import { systemClock, type Clock } from '../../clock.js';
import type { Attempt } from '../../domain/attempt.js';
import type { ProjectAttempts, WorkOrder } from '../attempt-store.js';
import type { ReceiptStore } from '../receipt-store.js';
import { batchIn, beginBatch, type BatchTerms, type BatchToPlan, type Opened } from './batches.js';
import { functionsIn, openDatabase, OPENING_MS, type Link } from './connection.js';
import { createAttempts } from './postgres-attempts.js';
import { takeLease, USUAL_LEASE, type Beat, type Lease, type LeaseHealth, type LeaseTerms } from './lease.js';
import { assertVersion, DEFAULT_SCHEMA, quoted } from './migrate.js';
import { planAlone, tryPlanLock } from './plan-lock.js';
import { createReceiptQueue } from './receipt-queue.js';
import { createStanding, type Standing } from './standing.js';
import { ownerOf, projectIdIn, readProject, type WhichProject, type WholeProject } from './whole-project.js';

export interface PostgresOptions<Order extends WorkOrder> {
  readonly url: string;
  readonly schema?: string;
  /** The worker's name in logs; the machine and the process if absent. */
  readonly name?: string;
  /** For timestamps and durations; the lease has a clock of its own. */
  readonly clock: Clock;
  /** The id of the process's own project, which it reads whole; without one, a worker takes any work of its accounts, and knows only that work. */
  readonly project?: string | undefined;
  /** A batch to begin at once, for its project. */
  readonly batch?: BatchTerms | undefined;
  /** The accounts whose keys this process has. */
  readonly accounts: readonly { readonly gateway: string; readonly name?: string }[];
  /** Makes an order from a document that anybody may have written; throws if the document is not an order. */
  readonly parseOrder: (document: Readonly<Record<string, unknown>>) => Order;
  /** The document of an order; the order itself if absent. */
  readonly documentOf?: (order: Order) => object;
  readonly lease?: LeaseTerms & { readonly clock?: Clock };
  readonly random?: () => number;
  /** Called each time a heartbeat finds a batch to plan again. */
  readonly onPlans?: () => void;
  /** Called for each job that an event has named, with the attempt's document, if this process may act on it. */
  readonly onHint?: (document: unknown, job: string) => void;
  /** The second record of each purchase; none if absent. */
  readonly receipts?: ReceiptStore | undefined;
}

/** An attempt store in PostgreSQL, as one process uses it. */
export interface PostgresAttempts<Order extends WorkOrder> extends ProjectAttempts<Order> {
  /** The id under which this process works now. */
  worker(): string;
  health(): LeaseHealth;
  /** For each fingerprint, which of its wishes have a purchase. */
  copies(): ReadonlyMap<string, ReadonlySet<number>>;
  /** The attempt of a document that came with a hint, as this process has it; undefined if this process does not need it. */
  told(document: unknown): Attempt | undefined;
  /** Tells which of some ids no attempt of the database has, at this moment. */
  unknown(ids: readonly string[]): Promise<readonly string[]>;
  /** From now on this process offers work to this batch, and takes only the batch's own. */
  begin(opened: Opened): void;
  batch(): string | undefined;
  /** Records how far a batch was planned, and how many of its takes wait. */
  planned(batch: string, done: { readonly changes: number; readonly waiting: number }): Promise<void>;
  /** Resolves when all offers are on record. */
  enqueued(): Promise<void>;
  /** Stops as a killed process would: nothing is handed over. */
  vanish(): Promise<void>;
}

/** The store of several machines, opened by one process. */
export interface PostgresStore<Order extends WorkOrder> {
  /** The attempts that it works with: of its own project, or of any of its accounts. */
  readonly attempts: PostgresAttempts<Order>;
  /**
   * The project of this name and manifest, which is made if there is none. The same name and manifest mean the same project on every
   * machine.
   */
  projectId(which: WhichProject): Promise<string>;
  /**
   * Keeps others from planning a project until the store is closed; lends it whole. Throws `locked-by-another-run` if somebody
   * else has been planning it for a while.
   */
  openProject(id: string): Promise<PostgresAttempts<Order>>;
  /** Begins a batch of a project; from now on its orders of other revisions are outdated. */
  beginBatch(terms: BatchTerms): Promise<Opened>;
  /** A batch of these accounts that has to be planned again. */
  toPlan(): Promise<BatchToPlan | undefined>;
  /** Ends the buying for a batch that cannot be planned. */
  stopBatch(batch: string, why: { readonly message: string }): Promise<void>;
  /**
   * Plans a project that nobody else plans meanwhile: lends it whole, and offers go to `batch`. Undefined if somebody
   * else is planning it.
   */
  whilePlanning<T>(
    project: string,
    batch: string,
    work: (attempts: PostgresAttempts<Order>) => Promise<T>,
  ): Promise<T | undefined>;
  close(): Promise<void>;
}

/** A batch is planned again at most this often, even if many takes are delivered. */
const PLAN_AGAIN_MS = 2_000;

/** As `openPostgresStore`, for callers that want only the attempts: closing them closes all. */
export async function openPostgresAttempts<Order extends WorkOrder>(
  options: PostgresOptions<Order>,
): Promise<PostgresAttempts<Order>> {
  const store = await openPostgresStore(options);
  return { ...store.attempts, close: () => store.close() };
}

/**
 * Opens the store of several machines for one process: signs it up as a worker, and cleans up after the dead. Throws `store-unreachable`,
 * `store-refused`, `store-version` (exit 3 all).
 */
export async function openPostgresStore<Order extends WorkOrder>(
  options: PostgresOptions<Order>,
): Promise<PostgresStore<Order>> {
  const { url, name = `${hostname()}-${process.pid}`, clock, batch, project = batch?.project } = options;
  const terms: LeaseTerms & { readonly clock?: Clock } = options.lease ?? USUAL_LEASE;
  const schema = quoted(options.schema ?? DEFAULT_SCHEMA);
  const standing = createStanding(clock);
  const database = await openDatabase({
    ...{ url, clock: systemClock, name: `dailies ${name}` },
    async greet(ask) {
      // The first connection checks the version; before that there is nothing to greet.
      if (standing.seen().length > 0)
        await ask(`select ${schema}.hello($1)`, [JSON.stringify(standing.seen())]);
    },
  });
  try {
    const link: Link = { store: functionsIn(schema, database), database, schema };
    await assertVersion(
      (sql, values) => database.insist(sql, values, { forMs: OPENING_MS }),
      options.schema ?? DEFAULT_SCHEMA,
    );
    const listeners = new Set<(beat: Beat) => Promise<void>>();
    let first: Beat | undefined;
    const lease = await takeLease(link.store, {
      ...{ name, clock: terms.clock ?? systemClock, terms },
      onBeat: async (beat) => {
        first ??= beat;
        for (const listener of listeners) await listener(beat);
        if (beat.hasPlans) options.onPlans?.();
        for (const { attempt, job } of beat.hints)
          if (typeof job === 'string') options.onHint?.(attempt, job);
      },
    });
    const parts: Parts<Order> = { options, link, lease, standing, accounts: await accountsOf(link, options) };
    const opened = batch ? await beginBatch(link, batch) : undefined;
    const whole = project === undefined ? undefined : await readProject(link, project);
    const attempts = openProject(parts, whole);
    if (opened) attempts.begin(opened);
    listeners.add((beat) => attempts.heard(beat));
    if (first) await attempts.heard(first);
    const locks: (() => Promise<void>)[] = [];
    let isClosed = false;
    return {
      attempts: {
        ...attempts,
        async vanish() {
          await attempts.vanish();
          await lease.stop();
          await database.close();
        },
      },
      projectId: (which) => projectIdIn(link, which),
      async openProject(id) {
        locks.push(await planAlone(database, id));
        return openProject(parts, await readProject(link, id));
      },
      beginBatch: (next) => beginBatch(link, next),
      async toPlan() {
        const [row] = await link.store.ask('to_plan', [[...parts.accounts], PLAN_AGAIN_MS]);
        return row && batchIn(row);
      },
      async stopBatch(id, why) {
        await link.store.insist('stop_batch', [id, JSON.stringify(why)]);
      },
      whilePlanning: (id, of, work) =>
        database.alone(async (ask) => {
          if (!(await tryPlanLock(ask, id))) return undefined;
          const planning = openProject(parts, await readProject(link, id));
          planning.begin({ batch: of, standing: undefined });
          try {
            return await work(planning);
          } finally {
            await planning.close();
          }
        }),
      async close() {
        if (isClosed) return;
        isClosed = true;
        try {
          await attempts.close();
          for (const release of locks) await release();
          await lease.stop();
          await link.store.ask('farewell', [lease.worker()]).catch(() => undefined);
        } finally {
          await database.close();
        }
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** What is open, for all projects. */
interface Parts<Order extends WorkOrder> {
  readonly options: PostgresOptions<Order>;
  readonly link: Link;
  readonly lease: Lease;
  readonly standing: Standing;
  readonly accounts: readonly number[];
}

function openProject<Order extends WorkOrder>(
  { options, link, lease, standing, accounts }: Parts<Order>,
  whole: WholeProject | undefined,
) {
  const { receipts: store } = options;
  const receipts = store && createReceiptQueue(store, (project) => ownerOf(link, project));
  return createAttempts<Order>({ options, link, lease, standing, whole, accounts, receipts });
}

/** The accounts whose keys this process has, by their numbers; an account has no number before the first enqueue for it. */
async function accountsOf<Order extends WorkOrder>(
  { store }: Link,
  { accounts, batch }: PostgresOptions<Order>,
): Promise<readonly number[]> {
  const wanted = [...accounts, ...(batch ? [{ gateway: batch.gateway, name: batch.account }] : [])];
  const rows = await store.insist('accounts', [
    JSON.stringify(wanted.map(({ gateway, name = '' }) => ({ gateway, name }))),
  ]);
  return rows.map((row) => Number(row['id']));
}
