import { describe, expect, it, onTestFinished } from 'vitest';
import type { AccountStanding, WorkerStanding } from '../../src/domain/account.js';
import { cli, type CliResult } from '../helpers/cli.js';
import { noPostgres, sharedPostgres, type TestDatabase } from '../helpers/postgres.js';
import { openHere, termsOf } from '../store/postgres/fixtures.js';

const VEO = 'google/veo-3.1';

interface Shown {
  readonly accounts: readonly (AccountStanding & { readonly account: string })[];
  readonly workers: readonly WorkerStanding[];
}

interface Desk extends TestDatabase {
  readonly account: (...words: readonly string[]) => Promise<CliResult>;
  readonly shown: (...words: readonly string[]) => Promise<Shown>;
}

/** A database of one's own, and the command that sets its accounts. */
async function desk(): Promise<Desk> {
  const database = await (await sharedPostgres()).database();
  onTestFinished(() => database.close());
  const env = { DAILIES_STORE: database.url };
  const account = (...words: readonly string[]) => cli(['account', ...words], { env });
  return {
    ...database,
    account,
    shown: async (...words) =>
      JSON.parse((await account('show', ...words, '--format', 'json')).stdout) as Shown,
  };
}

describe.skipIf(noPostgres)('account set', () => {
  it('makes an account, changes what is named and leaves the rest', async () => {
    const { account, shown } = await desk();
    const limits = ['--concurrency', '64', '--per-model', `${VEO}=8,other/model=2`, '--budget', '$500'];
    expect(await account('set', 'openrouter', ...limits)).toMatchObject({ exitCode: 0, stderr: '' });
    expect((await account('set', 'openrouter', '--per-model', 'other/model=none')).exitCode).toBe(0);
    const { accounts } = await shown('openrouter');
    expect(accounts).toMatchObject([
      {
        ...{ account: 'openrouter', gateway: 'https://openrouter.ai/api/v1', name: '' },
        ...{ concurrency: 64, in_flight: 0, ready: 0, budget_usd: 500, spent_usd: 0, stopped: null },
        models: [{ model: VEO, concurrency: 8, in_flight: 0 }],
      },
    ]);
    await account('set', 'openrouter', '--concurrency', 'none', '--budget', 'none');
    expect((await shown('openrouter')).accounts).toMatchObject([{ concurrency: null, budget_usd: null }]);
  });

  it('keeps the keys of one gateway apart by their names', async () => {
    const { account, shown } = await desk();
    await account('set', 'https://example.com/api/v1/', '--concurrency', '1');
    await account('set', 'https://example.com/api/v1#studio', '--concurrency', '2');
    await account('set', 'modelgates#studio', '--concurrency', '3');
    const { accounts } = await shown();
    expect(accounts.map(({ account: word, concurrency }) => [word, concurrency])).toEqual([
      ['https://example.com/api/v1', 1],
      ['https://example.com/api/v1#studio', 2],
      ['modelgates#studio', 3],
    ]);
  });

  it('reads no limit from the environment, where it would be meant for a run', async () => {
    const { url, shown } = await desk();
    const env = { DAILIES_STORE: url, DAILIES_CONCURRENCY: '4' };
    await cli(['account', 'set', 'openrouter', '--budget', '5'], { env });
    expect((await shown()).accounts).toMatchObject([{ concurrency: null, budget_usd: 5 }]);
  });
});

describe.skipIf(noPostgres)('account show', () => {
  it('counts the jobs in flight, the orders that wait, and who is at work', async () => {
    const database = await desk();
    const store = await openHere(database, { batch: termsOf({ spending: { jobs: 2, perModel: {} } }) });
    for (const key of ['a', 'b', 'c']) store.offer({ key, model: VEO, rank: 0 });
    await store.enqueued();
    expect(await store.claim(5, new AbortController().signal)).toHaveLength(2);
    await database.account('set', 'openrouter', '--per-model', `${VEO}=8`);
    const { accounts, workers } = await database.shown();
    expect(accounts).toMatchObject([
      { in_flight: 2, ready: 1, models: [{ model: VEO, concurrency: 8, in_flight: 2 }] },
    ]);
    expect(workers).toMatchObject([{ id: store.worker(), name: 'tester', orders: 2 }]);
    const { stdout } = await database.account('show');
    expect(stdout).toContain('2 in flight, 1 order waiting for a place');
    expect(stdout).toContain(`${VEO}: 2 of 8`);
    expect(stdout).toMatch(/1 worker alive\n +\d+ +tester +2 orders in hand/);
    await store.close();
    expect((await database.shown()).workers).toEqual([]);
  });

  it('says how fast it may buy, and why it does not', async () => {
    const { account, query, shown } = await desk();
    await account('set', 'openrouter', '--concurrency', '4');
    await query(
      `update dailies.account set stopped = 'credits', pace = pace || jsonb_build_object('gapMs', 500,
         'pausedUntilMs', extract(epoch from clock_timestamp()) * 1000 + 60000)`,
    );
    const [standing] = (await shown('openrouter')).accounts;
    expect(standing).toMatchObject({ gap_ms: 500, stopped: 'credits' });
    expect(standing?.paused_for_ms).toBeGreaterThan(50_000);
    const { stdout } = await account('show', 'openrouter');
    expect(stdout).toMatch(/nothing is submitted for (\d+ s|1 min 00 s), then 0\.5 s between two submits/);
    expect(stdout).toMatch(
      /the gateway said that the credits are used up\n +dailies account resume openrouter/,
    );
  });

  it('takes what others wrote into the rows for text and numbers alone', async () => {
    const { account, query } = await desk();
    await query(
      `insert into dailies.account (gateway, name, pace) values ('https://x/' || chr(27) || '[2J', 'a' || chr(10) || 'b', '"pace"')`,
    );
    const { exitCode, stdout } = await account('show');
    expect(exitCode).toBe(0);
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toContain('as fast as places become free');
  });

  it('knows no account that is not there', async () => {
    const { account } = await desk();
    expect((await account('show')).stdout).toContain('no account yet');
    const { exitCode, stderr } = await account('show', 'openrouter');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('the store has no account openrouter');
  });
});

describe.skipIf(noPostgres)('account resume', () => {
  const stoppedBy = async (why: string | null): Promise<Desk> => {
    const opened = await desk();
    await opened.account('set', 'openrouter', '--budget', '5');
    await opened.query('update dailies.account set stopped = $1', [why]);
    return opened;
  };

  it.each(['credits', 'budget', 'gateway'])('lets buying go on after %s', async (why) => {
    const { account, shown } = await stoppedBy(why);
    expect(await account('resume', 'openrouter')).toMatchObject({ stdout: 'openrouter buys again\n' });
    expect((await shown()).accounts).toMatchObject([{ stopped: null }]);
    expect((await account('resume', 'openrouter')).stdout).toBe('openrouter was not stopped\n');
  });

  it('refuses where the database went back in time', async () => {
    const { account, shown } = await stoppedBy('went-back');
    const { exitCode, stderr } = await account('resume', 'openrouter');
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/stays stopped: the database went back.*\n {2}hint: dailies store reconcile/s);
    expect((await shown()).accounts).toMatchObject([{ stopped: 'went-back' }]);
    await account('set', 'openrouter', '--budget', '50');
    expect((await shown()).accounts).toMatchObject([{ stopped: 'went-back' }]);
  });

  it('is not needed where the budget is raised, and is where it is not', async () => {
    const { account, shown } = await stoppedBy('budget');
    await account('set', 'openrouter', '--concurrency', '4');
    await account('set', 'openrouter', '--budget', '4');
    expect((await shown()).accounts).toMatchObject([{ stopped: 'budget', budget_usd: 4 }]);
    await account('set', 'openrouter', '--budget', '6');
    expect((await shown()).accounts).toMatchObject([{ stopped: null, budget_usd: 6 }]);
  });

  it('knows no account that is not there', async () => {
    const { account } = await desk();
    expect((await account('resume', 'openrouter')).exitCode).toBe(2);
  });
});
