import { isRecord } from '../../domain/is-record.js';
import { DailiesError } from '../../errors.js';
import type { Claim, WorkOrder } from '../attempt-store.js';
import type { Functions, Row } from './connection.js';
import type { HeldAttempts } from './held.js';
import type { Lease } from './lease.js';
import type { PostgresOptions } from './open-store.js';
import { attemptIn } from './row.js';

/** Work that this process has, as the database knows it. */
export interface Taken<Order extends WorkOrder> {
  readonly claim: Claim<Order>;
  readonly order: string;
  readonly batch: string;
  /** The attempt that was begun last for it. */
  attempt: string | undefined;
  /** The word its intent was asked by. */
  once: string | undefined;
}

/** The work that is offered, and that this process has taken. */
export interface TakenWork<Order extends WorkOrder> {
  offer(order: Order): void;
  /** Resolves when all that was offered is on record. */
  enqueued(): Promise<void>;
  claim(most: number, signal: AbortSignal): Promise<readonly Claim<Order>[]>;
  of(claim: Claim): Taken<Order> | undefined;
  drop(claim: Claim): void;
  /** There may be work now. */
  wake(): void;
}

/** Until somebody says that there is work, it is looked for this often. */
const LOOK_AGAIN_MS = 5_000;
const OFFERS_AT_ONCE = 2_000;

export function createTaken<Order extends WorkOrder>({
  options: { parseOrder, clock },
  store,
  lease,
  held,
  accounts,
  batch,
}: {
  readonly options: PostgresOptions<Order>;
  readonly store: Functions;
  readonly lease: Lease;
  readonly held: HeldAttempts;
  readonly accounts: readonly number[];
  readonly batch: string | undefined;
}): TakenWork<Order> {
  const byClaim = new Map<Claim, Taken<Order>>();
  const byOrder = new Map<string, Taken<Order>>();
  let offered: Order[] = [];
  /** The answer of a claim was lost: what it gave is asked for with the next one. */
  let isUnsure = false;
  let news = false;
  const hasNews = () => news;
  let wake: (() => void) | undefined;

  const tell = () => {
    news = true;
    wake?.();
  };
  const sendOffers = async () => {
    if (offered.length === 0) return;
    if (batch === undefined) throw new DailiesError('internal', 'a worker without a project offers no work');
    while (offered.length > 0) {
      const rows = offered.slice(0, OFFERS_AT_ONCE).map((order) => {
        const attempt = 'attempt' in order ? order.attempt : undefined;
        return { key: order.key, model: order.model, rank: String(order.rank), attempt, doc: order };
      });
      offered = offered.slice(OFFERS_AT_ONCE);
      await store.insist('offer', [batch, JSON.stringify(rows)]);
    }
  };
  const ask = async (most: number, signal: AbortSignal): Promise<readonly Row[]> => {
    const known = isUnsure ? [...byOrder.keys()] : null;
    const values = [lease.worker(), most, [...accounts], batch ?? null, known];
    try {
      const rows = await store.ask('claim', values);
      isUnsure = false;
      return rows;
    } catch (error) {
      if (!(error instanceof DailiesError) || error.code !== 'store-unreachable') throw error;
      isUnsure = true;
      await clock.sleep(200, signal);
      return ask(most, signal);
    }
  };
  const take = (row: Row): Claim<Order> | undefined => {
    const order = String(row['id']);
    const attempt = row['attempt'] === null ? undefined : attemptIn(row['attempt']);
    const known = byOrder.get(order);
    if (known) {
      // This worker was taken for dead, and has come back to its own work: whoever is at it goes on.
      if (attempt && (held.find(attempt.id)?.attempt.steps ?? -1) < attempt.steps) held.learn(attempt);
      return undefined;
    }
    const document = isRecord(row['doc']) ? row['doc'] : {};
    const claim = { order: { ...parseOrder(document), rank: Number(row['rank']) }, attempt };
    const own = { claim, order, batch: String(row['batch']), attempt: attempt?.id, once: undefined };
    if (attempt) held.learn(attempt, { order, batch: own.batch });
    for (const given of Array.isArray(row['given_up']) ? row['given_up'] : []) held.learn(attemptIn(given));
    byClaim.set(claim, own);
    byOrder.set(order, own);
    return claim;
  };

  return {
    offer(order) {
      offered.push(order);
      tell();
    },
    enqueued: sendOffers,
    async claim(most, signal) {
      for (;;) {
        signal.throwIfAborted();
        news = false;
        await sendOffers();
        const claims = (await ask(most, signal)).flatMap((row) => take(row) ?? []);
        if (claims.length > 0) return claims;
        if (hasNews() || signal.aborted) continue;
        const calling = new AbortController();
        await new Promise<void>((resolve) => {
          wake = resolve;
          signal.addEventListener('abort', () => resolve(), { once: true, signal: calling.signal });
          const timer = setTimeout(resolve, LOOK_AGAIN_MS);
          calling.signal.addEventListener('abort', () => clearTimeout(timer));
        });
        wake = undefined;
        calling.abort();
      }
    },
    of: (claim) => byClaim.get(claim),
    drop(claim) {
      const own = byClaim.get(claim);
      byClaim.delete(claim);
      if (own) byOrder.delete(own.order);
      tell();
    },
    wake: tell,
  };
}
