import { onTestFinished } from 'vitest';
import { isRecord } from '../../../src/domain/is-record.js';
import type { AttemptStore, Claim, WorkOrder } from '../../../src/store/attempt-store.js';
import type { Spending } from '../../../src/store/local-attempts.js';
import type { BatchTerms } from '../../../src/store/postgres/batches.js';
import {
  openPostgresAttempts,
  type PostgresAttempts,
  type PostgresOptions,
} from '../../../src/store/postgres/open-store.js';
import { sharedPostgres, type TestDatabase } from '../../helpers/postgres.js';
import { MS, stillClock } from '../fixtures.js';

export const GATEWAY = 'https://openrouter.ai/api/v1';
export const FREELY: Spending = { jobs: 8, perModel: {} };

/** A database of a test's own; its time stands still. */
export async function stillDatabase(): Promise<TestDatabase> {
  const database = await (await sharedPostgres()).database({ stillAt: MS });
  onTestFinished(() => database.close());
  return database;
}

export function termsOf(changes: Partial<BatchTerms> = {}): BatchTerms {
  return {
    ...{ project: '0123456789abcdef', manifest: 'teaser.yaml', revision: 'r1' },
    name: changes.project === undefined ? 'teaser' : `teaser of ${changes.project}`,
    ...{ gateway: GATEWAY, spending: FREELY, ...changes },
  };
}

export function parseOrder(document: unknown): WorkOrder & { readonly attempt?: string } {
  if (!isRecord(document)) throw new Error('no order');
  const { key, model, ...rest } = document;
  return { ...rest, key: String(key), model: String(model), rank: 0 };
}

/** Opens a store; it is closed after the test, if the test has not done so. */
export async function openHere(
  { url }: TestDatabase,
  changes: Partial<PostgresOptions<WorkOrder>> = {},
): Promise<PostgresAttempts<WorkOrder>> {
  const store = await openPostgresAttempts<WorkOrder>({
    ...{ url, name: 'tester', clock: stillClock(), batch: termsOf(), accounts: [], parseOrder },
    ...changes,
  });
  onTestFinished(() => store.close().catch(() => undefined));
  return store;
}

let count = 0;

/** The same store, which offers and takes the work by itself for whatever a test asks to buy. */
export function claiming<Store extends AttemptStore>(store: Store): Store {
  const real = new Map<Claim, Claim>();
  const ofAttempt = new Map<string, Claim>();
  const { signal } = new AbortController();
  let turn: Promise<unknown> = Promise.resolve();
  const claimOf = (claim: Claim): Promise<Claim> => {
    const before = real.get(claim) ?? ofAttempt.get(claim.attempt?.id ?? '');
    if (before) return Promise.resolve(before);
    const taken = turn.then(async () => {
      store.offer({ ...claim.order, key: `${claim.order.key} ${++count}` });
      const [made = claim] = await store.claim(1, signal);
      real.set(claim, made);
      return made;
    });
    turn = taken;
    return taken;
  };
  return {
    ...store,
    pace: (claim) => store.pace(real.get(claim) ?? ofAttempt.get(claim.attempt?.id ?? '') ?? claim),
    async claim(most, calling) {
      const claims = await store.claim(most, calling);
      for (const claim of claims) real.set(claim, claim);
      return claims;
    },
    async intend(claim, purchase, once) {
      const own = await claimOf(claim);
      if (own.end?.stopped) return { kind: 'ceiling', ...own.end.stopped };
      const verdict = await store.intend(own, purchase, once);
      if (verdict.kind === 'go') ofAttempt.set(verdict.attempt.id, own);
      return verdict;
    },
  };
}
