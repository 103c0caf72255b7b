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
  /** What the worker is called in logs; the machine and the process where absent. */
  readonly name?: string;
  /** For stamps and durations; the lease goes by its own. */
  readonly clock: Clock;
  /** The id of a project of one's own, which is known whole; without one a worker takes any work of its accounts, and knows only that. */
  readonly project?: string | undefined;
  /** A batch to begin at once, for its project. */
  readonly batch?: BatchTerms | undefined;
  /** The accounts whose keys this process has. */
  readonly accounts: readonly { readonly gateway: string; readonly name?: string }[];
  /** Makes an order of a document that anybody may have written; throws on what is none. */
  readonly parseOrder: (document: Readonly<Record<string, unknown>>) => Order;
  /** The document of an order; the order itself where absent. */
  readonly documentOf?: (order: Order) => object;
  readonly lease?: LeaseTerms & { readonly clock?: Clock };
  readonly random?: () => number;
  /** Called where some batch is to be planned again, as often as a heartbeat finds that out. */
  readonly onPlans?: () => void;
  /** Called for each job that an event has named, where this process may act on that, with the attempt's document. */
  readonly onHint?: (document: unknown, job: string) => void;
  /** The second record of each purchase; none where absent. */
  readonly receipts?: ReceiptStore | undefined;
}

/** An attempt store in PostgreSQL, as one process has it. */
export interface PostgresAttempts<Order extends WorkOrder> extends ProjectAttempts<Order> {
  /** The id under which this process works now. */
  worker(): string;
  health(): LeaseHealth;
  /** For each fingerprint, which of its wishes have a purchase. */
  copies(): ReadonlyMap<string, ReadonlySet<number>>;
  /** The attempt of a document that came with a hint, as this process has it; undefined if it is no concern of it. */
  told(document: unknown): Attempt | undefined;
  /** Those of some ids that no attempt of the database has, at this moment. */
  unknown(ids: readonly string[]): Promise<readonly string[]>;
  /** From now on work is offered to this batch, and only its own is taken. */
  begin(opened: Opened): void;
  batch(): string | undefined;
  /** Says how far a batch was planned, and how many of its takes wait. */
  planned(batch: string, done: { readonly changes: number; readonly waiting: number }): Promise<void>;
  /** Resolves when all that was offered is on record. */
  enqueued(): Promise<void>;
  /** Stops as a killed process would: nothing is handed over. */
  vanish(): Promise<void>;
}

/** The store of several machines, as one process has it open. */
export interface PostgresStore<Order extends WorkOrder> {
  /** What it works with: of its own project, or of any of its accounts. */
  readonly attempts: PostgresAttempts<Order>;
  /**
   * The project of this name and manifest, which is made where there is none. What has both in common is one project, on whatever
   * machine.
   */
  projectId(which: WhichProject): Promise<string>;
  /**
   * Keeps others from planning a project until the store is closed; lends it whole. Throws `locked-by-another-run` where somebody
   * else has been planning it for a while.
   */
  openProject(id: string): Promise<PostgresAttempts<Order>>;
  /** Begins a batch of a project; from now on its orders of other revisions are outdated. */
  beginBatch(terms: BatchTerms): Promise<Opened>;
  /** A batch of these accounts that is to be planned again. */
  toPlan(): Promise<BatchToPlan | undefined>;
  /** Ends the buying for a batch that cannot be planned. */
  stopBatch(batch: string, why: { readonly message: string }): Promise<void>;
  /**
   * Plans a project that nobody else plans meanwhile: lends it whole, and what is offered goes to `batch`. Undefined where somebody
   * else is at it.
   */
  whilePlanning<T>(
    project: string,
    batch: string,
    work: (attempts: PostgresAttempts<Order>) => Promise<T>,
  ): Promise<T | undefined>;
  close(): Promise<void>;
}

/** A batch is planned anew this often at most, however much is delivered. */
const PLAN_AGAIN_MS = 2_000;

/** As `openPostgresStore`, for who wants the attempts alone: closing them closes all. */
export async function openPostgresAttempts<Order extends WorkOrder>(
  options: PostgresOptions<Order>,
): Promise<PostgresAttempts<Order>> {
  const store = await openPostgresStore(options);
  return { ...store.attempts, close: () => store.close() };
}

/**
 * Opens the store of several machines for one process: signs it up as a worker, and buries the dead. Throws `store-unreachable`,
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
      // The first connection finds out about the version; before that there is nothing to greet.
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

/** What is open, whatever project it is used for. */
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

/** The accounts that this process has the keys of, by their numbers; those that nobody has enqueued for yet have none. */
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
