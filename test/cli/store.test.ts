import { describe, expect, it, onTestFinished } from 'vitest';
import { cli } from '../helpers/cli.js';
import { noPostgres, sharedPostgres } from '../helpers/postgres.js';

const PASSWORD = 's3cr-et';

describe.skipIf(noPostgres)('store migrate', () => {
  const empty = async () => {
    const database = await (await sharedPostgres()).database();
    onTestFinished(() => database.close());
    await database.query('drop schema dailies cascade');
    return { ...database, url: database.url.replace('tester@', `tester:${PASSWORD}@`) };
  };

  it('makes the tables, and then says that they are there', async () => {
    const { url, query } = await empty();
    const made = await cli(['store', 'migrate', '--store', url]);
    expect(made).toMatchObject({ exitCode: 0, stderr: '' });
    expect(made.stdout).toMatch(/^postgres:\/\/127\.0\.0\.1:\d+\/\w+ went from version 0 to \d+\n$/);
    expect(await query('select count(*)::int as n from dailies.attempt')).toEqual([{ n: 0 }]);
    const again = await cli(['store', 'migrate'], { env: { DAILIES_STORE: url } });
    expect(again.stdout).toMatch(/ is already at version \d+\n$/);
    expect(made.stdout + again.stdout).not.toContain(PASSWORD);
  });

  it('answers in JSON', async () => {
    const { url } = await empty();
    const { stdout } = await cli(['store', 'migrate', '--store', url, '--format', 'json']);
    const answer = JSON.parse(stdout) as { readonly to: number };
    expect(answer).toMatchObject({
      version: 1,
      from: 0,
      store: expect.stringMatching(/^postgres:/) as string,
    });
    expect(answer.to).toBeGreaterThan(1);
    expect(stdout).not.toContain(PASSWORD);
  });

  it('leaves the tables of a newer program alone', async () => {
    const { url, query } = await empty();
    await cli(['store', 'migrate', '--store', url]);
    await query('update dailies.version set version = 99');
    const { exitCode, stderr } = await cli(['store', 'migrate', '--store', url]);
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/version 99.*\n {2}hint: update dailies/);
  });

  it('says which server is not there, and never with which password', async () => {
    const url = `postgres://me:${PASSWORD}@127.0.0.1:1/film`;
    const { exitCode, stdout, stderr } = await cli(['store', 'migrate', '--format', 'json'], {
      env: { DAILIES_STORE: url, DAILIES_DEBUG: '1' },
    });
    expect(exitCode).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'store-unreachable' } });
    expect(stderr).toContain('postgres://127.0.0.1:1/film');
    expect(stdout + stderr).not.toContain(PASSWORD);
  });
});
