import { describe } from 'vitest';
import { noPostgres, type TestDatabase } from '../../helpers/postgres.js';
import { describeAttemptStore, type StoredProject } from '../contracts/attempt-store.js';
import { stillClock } from '../fixtures.js';
import { claiming, FREELY, openHere, stillDatabase, termsOf } from './fixtures.js';

function projectIn(database: Promise<TestDatabase>, isAfterKill = false): StoredProject {
  const clock = stillClock();
  return {
    async open({ spending = FREELY, ...options } = {}) {
      const there = await database;
      // Whoever was there is silent from now on.
      if (isAfterKill) await there.query(`update dailies.worker set lease_until = '-infinity'`);
      return claiming(await openHere(there, { clock, batch: termsOf({ spending }), ...options }));
    },
    async pass(ms) {
      await (await database).pass(ms);
      await clock.sleep(ms);
    },
    afterKill: () => projectIn(database, true),
  };
}

describe.skipIf(noPostgres)('PostgreSQL', () => {
  describeAttemptStore('PostgreSQL', () => projectIn(stillDatabase()));
});
