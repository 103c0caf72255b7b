import type { Clock } from '../../clock.js';
import { functionsIn, openDatabase } from './connection.js';
import { assertVersion, DEFAULT_SCHEMA, quoted } from './migrate.js';

/** A database that hints are left in, for the workers that have the jobs. */
export interface HintBox {
  /** Leaves the job that an event has named under a token; false if no submit had that token. Rejects with `store-unreachable`. */
  leave(token: string, job: string): Promise<boolean>;
  close(): Promise<void>;
}

/** Opens the store for hints alone: this process is no worker. Throws `store-unreachable`, `store-refused`, `store-version`. */
export async function openHintBox({
  url,
  clock,
  schema = DEFAULT_SCHEMA,
}: {
  readonly url: string;
  readonly clock: Clock;
  readonly schema?: string;
}): Promise<HintBox> {
  const database = await openDatabase({ url, clock, name: 'dailies hook' });
  try {
    await assertVersion((sql, values) => database.insist(sql, values, { forMs: OPENING_MS }), schema);
  } catch (error) {
    await database.close();
    throw error;
  }
  const store = functionsIn(quoted(schema), database);
  return {
    async leave(token, job) {
      const [row] = await store.ask('hint', [token, job]);
      return row?.['hint'] === true;
    },
    close: () => database.close(),
  };
}

/** How long the opening waits for the database. */
const OPENING_MS = 10_000;
