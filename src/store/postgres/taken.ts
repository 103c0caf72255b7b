import { systemClock } from '../../clock.js';
import type { Attempt } from '../../domain/attempt.js';
import { isRecord } from '../../domain/is-record.js';
import { DailiesError, messageOf } from '../../errors.js';
import type { NotDelivered } from '../../events.js';
import type { Claim, Rest, WorkOrder } from '../attempt-store.js';
import type { Functions, Row } from './connection.js';
import type { HeldAttempts } from './held.js';
import { outdatedBy, stoppedBy } from './intents.js';
import type { Lease } from './lease.js';
import type { PostgresOptions } from './open-store.js';
import { attemptIn } from './row.js';
import type { Standing } from './standing.js';

/** Work that this process has, as the database knows it. */
export interface Taken<Order extends WorkOrder> {
  readonly claim: Claim<Order>;
  readonly order: string;
  readonly batch: string;
  readonly project: string;
  /** The number of the work's account. */
  readonly account: string;
  /** The attempt that was begun last for it. */
  attempt: string | undefined;
  /** The token of the request for its intent. */
  once: string | undefined;
}

/** The work that is offered, and that this process has taken. */
export interface TakenWork<Order extends WorkOrder> {
  /** From now on this process offers work to this batch, and takes only the batch's own. */
  begin(batch: string): void;
  batch(): string | undefined;
  offer(order: Order): void;
  /** Resolves when all offers are on record. */
  enqueued(): Promise<void>;
  claim(most: number, signal: AbortSignal): Promise<readonly Claim<Order>[]>;
  withdraw(all: boolean): Promise<void>;
  of(claim: Claim): Taken<Order> | undefined;
  /** As `of`, also for work that this process no longer has. */
  placeOf(claim: Claim): Taken<Order> | undefined;
  /** Whether some work of this process concerns an attempt. */
  has(attempt: string): boolean;
  drop(claim: Claim): void;
  /** There may be work now. */
  wake(): void;
}

/** A heartbeat says when there is work; the process also looks for it this often. */
const LOOK_AGAIN_MS = 30_000;
/** How often a process that waits for others asks how far they are. */
const NEWS_MS = 1_000;
const OFFERS_AT_ONCE = 2_000;

export function createTaken<Order extends WorkOrder>({
  options: { parseOrder, clock, documentOf = (order) => order },
  store,
  lease,
  held,
  accounts,
  standing,
  onNews,
}: {
  readonly options: Pick<PostgresOptions<Order>, 'parseOrder' | 'documentOf' | 'clock'>;
  readonly store: Functions;
  readonly lease: Lease;
  readonly held: HeldAttempts;
  readonly accounts: readonly number[];
  readonly standing: Standing;
  /** Called for each attempt for this batch that any worker has finished. */
  readonly onNews: (attempt: Attempt) => void;
}): TakenWork<Order> {
  const byClaim = new Map<Claim, Taken<Order>>();
  const byOrder = new Map<string, Taken<Order>>();
  const everTaken = new WeakMap<Claim, Taken<Order>>();
  /** Work that was offered here and is not finished, by key. */
  const awaited = new Map<string, Order>();
  let batch: string | undefined;
  let offered: Order[] = [];
  /** The answer to a claim was lost: the next claim asks for its work again. */
  let isUnsure = false;
  let isWithdrawn = false;
  let isLeft = false;
  let newsSince: unknown = null;
  let newsMs = -Infinity;
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
        return {
          key: order.key,
          model: order.model,
          rank: String(order.rank),
          attempt,
          doc: documentOf(order),
        };
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
    const project = String(row['project']);
    const account = String(row['account']);
    const attempt = row['attempt'] === null ? undefined : attemptIn(row['attempt']);
    const known = byOrder.get(order);
    if (known) {
      // This worker was taken for dead, and has come back to its own work: the task that has it continues.
      if (attempt && (held.find(attempt.id)?.attempt.steps ?? -1) < attempt.steps) held.learn(attempt);
      return undefined;
    }
    const document = isRecord(row['doc']) ? row['doc'] : {};
    const parsed = { ...parseOrder(document), rank: Number(row['rank']) };
    const claim = { order: parsed, attempt, tries: Number(row['tries']) };
    const place = { order, batch: String(row['batch']), project, account };
    const own = { claim, ...place, attempt: attempt?.id, once: undefined };
    if (attempt) held.learn(attempt, place);
    for (const given of Array.isArray(row['given_up']) ? row['given_up'] : []) held.learn(attemptIn(given));
    byClaim.set(claim, own);
    everTaken.set(claim, own);
    byOrder.set(order, own);
    return claim;
  };
  /** A user of the tables can write a row that is no order: it is put aside, with the reason. */
  const takeSafely = async (row: Row): Promise<Claim<Order> | undefined> => {
    try {
      return take(row);
    } catch (error) {
      const note = { outcome: 'failed', message: `the order is not valid: ${messageOf(error)}` };
      await store.insist('leave', [lease.worker(), row['id'], FOREVER_MS, JSON.stringify(note)]);
      return undefined;
    }
  };

  /** Work that others have finished, and work that nobody will finish. */
  const ended = async (): Promise<readonly Claim<Order>[]> => {
    const others = awaited.size - byOrder.size;
    if (batch === undefined || (others <= 0 && !isWithdrawn)) return [];
    if (systemClock.elapsed() - newsMs < NEWS_MS && !isWithdrawn) return [];
    newsMs = systemClock.elapsed();
    const [row] = await store.insist('batch_news', [batch, newsSince]);
    newsSince = row?.['at'] ?? newsSince;
    standing.learn(row?.['account']);
    const own = new Set([...byOrder.values()].map(({ claim }) => claim.order.key));
    const claims: Claim<Order>[] = [];
    const end = (key: string, rest: { readonly attempt?: Attempt | undefined; readonly end: Rest }) => {
      const order = awaited.get(key);
      if (!order || own.has(key)) return;
      awaited.delete(key);
      claims.push({ order, ...rest });
    };
    for (const one of listIn(row?.['rested'])) {
      const { key, state, note } = one;
      const attempt = isRecord(one['attempt']) ? attemptIn(one['attempt']) : undefined;
      if (attempt && typeof key === 'string' && awaited.has(key) && !own.has(key)) {
        held.learn(attempt);
        onNews(attempt);
      }
      if (typeof key === 'string') end(key, { attempt, end: restOf(state, note) });
    }
    const busy = new Set(isLeft || !Array.isArray(row?.['busy']) ? [] : row['busy']);
    const why = row?.['stopped'];
    if (!isRecord(why) && !isWithdrawn) return claims;
    const stopped = isRecord(why) ? { stopped: stoppedBy(why) } : {};
    for (const key of [...awaited.keys()]) {
      if (busy.has(key)) continue;
      end(key, { end: isLeft ? { outcome: 'waiting', message: LEFT } : stopped });
    }
    return claims;
  };

  return {
    begin(id) {
      batch = id;
    },
    batch: () => batch,
    offer(order) {
      offered.push(order);
      awaited.set(order.key, order);
      tell();
    },
    enqueued: sendOffers,
    async claim(most, signal) {
      for (;;) {
        signal.throwIfAborted();
        news = false;
        await sendOffers();
        const rows = isWithdrawn ? [] : await ask(most, signal);
        const claims = await Promise.all(rows.map(takeSafely));
        const found = [...claims.flatMap((claim) => claim ?? []), ...(await ended())];
        if (found.length > 0) return found;
        if (hasNews() || signal.aborted) continue;
        const calling = new AbortController();
        await new Promise<void>((resolve) => {
          wake = resolve;
          signal.addEventListener('abort', () => resolve(), { once: true, signal: calling.signal });
          const timer = setTimeout(resolve, awaited.size > byOrder.size ? NEWS_MS : LOOK_AGAIN_MS);
          calling.signal.addEventListener('abort', () => clearTimeout(timer));
        });
        wake = undefined;
        calling.abort();
      }
    },
    async withdraw(all) {
      isWithdrawn = true;
      isLeft ||= all;
      if (batch !== undefined) await store.insist('withdraw', [batch]);
      tell();
    },
    of: (claim) => byClaim.get(claim),
    placeOf: (claim) => everTaken.get(claim),
    has: (attempt) => [...byOrder.values()].some((own) => own.attempt === attempt),
    drop(claim) {
      const own = byClaim.get(claim);
      byClaim.delete(claim);
      if (own) byOrder.delete(own.order);
      awaited.delete(claim.order.key);
    },
    wake: tell,
  };
}

const FOREVER_MS = 100 * 365 * 86_400_000;
const LEFT = 'another worker has it, and continues';

function listIn(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** How an order ended, from its row. */
function restOf(state: unknown, note: unknown): Rest {
  if (!isRecord(note)) return {};
  if (state === 'outdated') return { outcome: 'not_submitted', message: outdatedBy(note['outdated']) };
  const { outcome, message } = note;
  return {
    ...(isNotDelivered(outcome) ? { outcome } : {}),
    ...(typeof message === 'string' ? { message } : {}),
  };
}

function isNotDelivered(word: unknown): word is NotDelivered {
  const words: readonly unknown[] = ['failed', 'refused', 'held', 'blocked', 'waiting', 'not_submitted'];
  return words.includes(word);
}
