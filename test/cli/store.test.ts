import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cli, writeManifest } from '../helpers/cli.js';
import { makeClip } from '../helpers/clips.js';
import { useGateway } from '../helpers/gateway.js';
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

describe.skipIf(noPostgres)('a project that goes into a store and out of it', () => {
  const gateway = useGateway();

  it('is imported, pulled, reconciled and exported, in words and in JSON, without its password', async () => {
    gateway.autoComplete(await makeClip());
    const database = await (await sharedPostgres()).database();
    onTestFinished(() => database.close());
    const shared = await mkdtemp(join(tmpdir(), 'dailies-shared-'));
    const { folder, manifest } = await writeManifest(gateway.baseUrl, '  - { id: sea, prompt: waves }');
    const key = { TEST_KEY: 'sk-test-0123456789' };
    expect((await cli(['run', manifest, '--yes'], { env: key })).exitCode).toBe(0);

    const url = database.url.replace('tester@', `tester:${PASSWORD}@`);
    const env = { ...key, DAILIES_STORE: url, DAILIES_CLIPS: shared };
    const all: string[] = [];
    const say = async (...words: string[]) => {
      const { exitCode, stdout, stderr } = await cli(words, { env });
      all.push(stdout, stderr);
      expect([exitCode, stderr]).toEqual([0, '']);
      return stdout;
    };
    expect(await say('store', 'import', manifest)).toMatch(
      /^1 purchase: 1 new to the store, 0 updated\n1 clip copied to the place that all machines share\n {2}dailies status /,
    );
    expect(JSON.parse(await say('store', 'import', manifest, '--format', 'json'))).toEqual({
      ...{ version: 1, purchases: 1, added: 0, advanced: 0, in_hand: 0, clips: 0, missing: 0 },
      project: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
    });
    expect(await say('store', 'reconcile')).toBe('the store knows all that the receipts of 1 project tell\n');
    expect(JSON.parse(await say('store', 'reconcile', '--format', 'json'))).toMatchObject({
      projects: [{ project: 'film', manifest: 'film.yaml', sandbox: false, added: 0 }],
      resumed: [],
    });
    expect(await say('pull', manifest)).toMatch(/^1 clip here/);
    expect(await say('store', 'export', manifest)).toMatch(
      /film\.lock\.json has 1 purchase, 0 of them new or updated\n[^]*\n {2}dailies run /,
    );
    expect(JSON.parse(await say('store', 'export', manifest, '--format', 'json'))).toMatchObject({
      lockfile: join(folder, 'film.lock.json'),
      purchases: 1,
    });
    expect(await say('plan', manifest)).toContain(`Clips are in ${shared}: dailies pull`);
    expect(all.join('')).not.toContain(PASSWORD);
    expect(gateway.counters.posts).toBe(1);
  });

  it('wants to know where the receipts are', async () => {
    const { exitCode, stderr } = await cli(['store', 'reconcile', '--store', 'postgres://127.0.0.1:1/film']);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('--clips')]);
  });
});
