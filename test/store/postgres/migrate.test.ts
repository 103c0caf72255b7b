import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/clock.js';
import { openDatabase } from '../../../src/store/postgres/connection.js';
import { assertVersion, migrate } from '../../../src/store/postgres/migrate.js';
import { noPostgres, sharedPostgres } from '../../helpers/postgres.js';

describe.skipIf(noPostgres)('the tables of a store', () => {
  const fresh = async () => {
    const database = await (await sharedPostgres()).database();
    onTestFinished(() => database.close());
    return database;
  };

  it('are made once, whoever comes, and however many at once', async () => {
    const { url, query } = await fresh();
    const schema = 'elsewhere';
    const all = await Promise.all([1, 2, 3].map(() => migrate(url, { schema })));
    expect(all.filter(({ from }) => from === 0)).toHaveLength(1);
    expect(await migrate(url, { schema })).toEqual({ from: 2, to: 2 });
    expect(await query('select version from elsewhere.version')).toEqual([{ version: 2 }]);
  });

  it('are refused to an older client, and to one that is newer than they', async () => {
    const { url, query } = await fresh();
    const database = await openDatabase({ url, clock: systemClock });
    onTestFinished(() => database.close());
    await assertVersion(database.ask, 'dailies');
    await query('update dailies.version set version = 99');
    await expect(migrate(url)).rejects.toMatchObject({ code: 'store-version', exitCode: 3 });
    await expect(assertVersion(database.ask, 'dailies')).rejects.toThrow('version 99');
    await query('update dailies.version set version = 1');
    await expect(assertVersion(database.ask, 'dailies')).rejects.toMatchObject({
      hint: expect.stringContaining('dailies store migrate') as string,
    });
  });

  it('take no name that would have to be more than quoted', async () => {
    const { url } = await fresh();
    await expect(migrate(url, { schema: 'a"; drop schema public' })).rejects.toMatchObject({ code: 'usage' });
  });

  it('say where they are, and never with which password', async () => {
    const url = 'postgres://someone:s3cr%40t@127.0.0.1:1/film?password=other';
    const error: unknown = await migrate(url).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'store-unreachable' });
    const text = JSON.stringify([error, String(error), (error as Error).stack]);
    expect(text).toContain('127.0.0.1:1/film');
    expect(text).not.toMatch(/s3cr|other/);
    await expect(migrate('mysql://u:secret@x/y')).rejects.toThrow(/^the address of the store is no/);
  });
});
