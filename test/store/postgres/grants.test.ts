import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PostgresAttempts } from '../../../src/store/postgres/open-store.js';
import type { WorkOrder } from '../../../src/store/attempt-store.js';
import { cli } from '../../helpers/cli.js';
import { noPostgres, type TestDatabase } from '../../helpers/postgres.js';
import { accept, AT, output, purchase, send } from '../fixtures.js';
import { claiming, GATEWAY, openHere, stillDatabase } from './fixtures.js';

const page = readFileSync(resolve(import.meta.dirname, '../../../docs/scale.md'), 'utf8');
const grants = [...page.matchAll(/```sql\n([^]*?)```/g)].map(([, sql = '']) => sql);

/** A database whose owner has done what the page says. */
async function granted(): Promise<TestDatabase> {
  const database = await stillDatabase();
  for (const sql of grants) await database.query(sql);
  onTestFinished(async () => {
    await database.query('drop owned by dailies_worker, dailies_reader');
    await database.query('drop role dailies_worker, dailies_reader');
  });
  return database;
}

const as = (role: string, database: TestDatabase): TestDatabase => ({
  ...database,
  url: database.url.replace('tester@', `${role}@`),
});

/** What the server says to each statement of a role. */
async function refusals(database: TestDatabase, statements: readonly string[]): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  onTestFinished(() => client.end());
  const answers: unknown[] = [];
  for (const sql of statements)
    answers.push(
      await client.query(sql).then(
        () => `${sql}: done`,
        (error: unknown) => (error as { readonly code?: unknown }).code,
      ),
    );
  return answers;
}

/** An attempt that is bought, followed and delivered. */
async function work(store: PostgresAttempts<WorkOrder>): Promise<void> {
  let attempt = await accept(store, await send(store, purchase('sea')), 'job-1');
  attempt = await store.record(attempt, { type: 'progressed', status: 'in_progress', at: AT });
  attempt = await store.record(attempt, { type: 'completed', cost_usd: 0.1, at: AT });
  attempt = await store.record(attempt, { type: 'download_started', at: AT });
  await store.deliver(attempt, [output('sea')], () => Promise.resolve());
}

/** What `dailies hook` asks, of a token that nobody has sent. */
async function hinted(database: TestDatabase) {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  onTestFinished(() => client.end());
  return client.query(`select dailies.hint('a-token-of-ours-0123456789', 'job-1')`);
}

const DENIED = '42501';

describe.skipIf(noPostgres)('the grants of docs/scale.md', () => {
  it('let a working role buy, follow, deliver, hand over and set limits', async () => {
    const database = as('dailies_worker', await granted());
    const store = claiming(await openHere(database));
    await work(store);
    await accept(store, await send(store, purchase('pier')), 'job-2');
    await store.setPicks({});
    const { rows } = await hinted(database);
    expect(rows).toEqual([{ hint: false }]);
    await store.close();
    const helper = await openHere(database, { batch: undefined, accounts: [{ gateway: GATEWAY }] });
    const claims = await helper.claim(2, new AbortController().signal);
    expect(claims.map(({ attempt }) => attempt?.state.kind)).toEqual(['pending']);
    const env = { DAILIES_STORE: database.url };
    for (const limit of ['8', 'none'])
      expect(await cli(['account', 'set', 'openrouter', '--per-model', `m=${limit}`], { env })).toMatchObject(
        {
          exitCode: 0,
        },
      );
  });

  it('keep a working role from the tables themselves and from their version', async () => {
    const database = as('dailies_worker', await granted());
    const statements = [
      'drop table dailies.attempt',
      'drop schema dailies cascade',
      'alter table dailies.attempt drop column state',
      'drop index dailies.attempt_one_purchase',
      'create table dailies.mine (x int)',
      'create or replace function dailies.clock() returns timestamptz language sql as $$ select now() $$',
      'update dailies.version set version = 99',
      'insert into dailies.version values (99)',
      'delete from dailies.version',
      'truncate dailies.attempt',
      'delete from dailies.attempt',
      'delete from dailies.project',
    ];
    expect(await refusals(database, statements)).toEqual(statements.map(() => DENIED));
    const { exitCode, stderr } = await cli(['store', 'migrate', '--store', database.url]);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('docs/scale.md lists');
  });

  it('let a read-only role look, and write nothing', async () => {
    const database = await granted();
    await work(claiming(await openHere(database)));
    const reader = as('dailies_reader', database);
    const client = new pg.Client({ connectionString: reader.url });
    await client.connect();
    onTestFinished(() => client.end());
    const { rows } = await client.query<{ attempt: { state: { kind: string } } }>(
      `select attempt from dailies.project_state('0123456789abcdef')`,
    );
    expect(rows.map(({ attempt }) => attempt.state.kind)).toEqual(['delivered']);
    const shown = await cli(['account', 'show', '--format', 'json'], { env: { DAILIES_STORE: reader.url } });
    expect(JSON.parse(shown.stdout)).toMatchObject({ accounts: [{ account: 'openrouter', spent_usd: 0.1 }] });
    const set = await cli(['account', 'set', 'openrouter', '--budget', '5', '--store', reader.url]);
    expect([set.exitCode, set.stderr]).toEqual([3, expect.stringContaining('docs/scale.md lists')]);
    await expect(openHere(reader)).rejects.toMatchObject({ code: 'store-refused' });
    const statements = [
      `update dailies.account set budget_nano = null`,
      `insert into dailies.worker (name, lease_until) values ('me', now())`,
      `delete from dailies.attempt`,
      `select dailies.enlist('me', 1000)`,
      `select dailies.farewell(1)`,
      `select dailies.hint('a-token-of-ours-0123456789', 'job-1')`,
      'update dailies.version set version = 99',
    ];
    expect(await refusals(reader, statements)).toEqual(statements.map(() => DENIED));
  });

  it('hold for the tables of later versions too', async () => {
    const database = await granted();
    await database.query('create table dailies.later (x int)');
    expect(await refusals(as('dailies_worker', database), ['insert into dailies.later values (1)'])).toEqual([
      'insert into dailies.later values (1): done',
    ]);
    expect(await refusals(as('dailies_reader', database), ['select * from dailies.later'])).toEqual([
      'select * from dailies.later: done',
    ]);
  });
});
