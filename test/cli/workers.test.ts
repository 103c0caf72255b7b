import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { builtCli } from '../helpers/built-cli.js';
import { makeClip } from '../helpers/clips.js';
import { addressOf, freePort, SECRET, sendEvent } from '../helpers/events.js';
import { useGateway } from '../helpers/gateway.js';
import { makeProject } from '../helpers/project.js';
import { noPostgres, sharedPostgres } from '../helpers/postgres.js';

const gateway = useGateway();
const main = await builtCli();
const clip = await makeClip({ color: [40, 90, 30] });
const KEY = 'sk-test-0123456789';

/** A folder that all share, a database, and commands that know both by their environment. */
async function team() {
  const database = await (await sharedPostgres()).database();
  const shared = await mkdtemp(join(tmpdir(), 'dailies-team-'));
  const { folder } = await makeProject(
    { baseUrl: gateway.baseUrl },
    '  - { id: sea, prompt: waves, takes: 2 }',
  );
  onTestFinished(async () => {
    await database.close();
    for (const each of [shared, folder]) await rm(each, { recursive: true, force: true });
  });
  const env = {
    ...{ PATH: process.env['PATH'], LANG: 'C.UTF-8', TEST_KEY: KEY, DAILIES_API_KEY: KEY },
    ...{ DAILIES_STORE: database.url, DAILIES_CLIPS: shared },
  };
  const start = (words: readonly string[], changes: Readonly<Record<string, string>> = {}) =>
    spawn(process.execPath, [main, ...words], {
      cwd: folder,
      env: { ...env, ...changes },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const run = async (words: readonly string[], changes: Readonly<Record<string, string>> = {}) => {
    const child = start(words, changes);
    const [stdout, stderr] = [text(child.stdout), text(child.stderr)];
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stdout: await stdout, stderr: await stderr };
  };
  return { database, start, run };
}

describe.skipIf(noPostgres)('the commands for several machines', () => {
  it('enqueue without a terminal only under a ceiling, and say what begins and how to follow it', async () => {
    const { run } = await team();
    const refused = await run(['enqueue', 'film.yaml']);
    expect(refused).toMatchObject({ code: 3, stdout: '' });
    expect(refused.stderr).toContain('there is no terminal to ask on, and no ceiling: nothing was bought');
    const { code, stdout } = await run(['enqueue', 'film.yaml', '--max-cost', '5']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^enqueued: 2 takes to buy, up to \$0\.\d\d\n {2}dailies status film\.yaml /);
    const again = await run(['enqueue', 'film.yaml', '--yes', '--format', 'json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ version: 1, project: 'film', buying: 2, waiting: 0 });
    expect(gateway.counters.posts).toBe(0);
  });

  it('say what is missing where a worker can do nothing', async () => {
    const { run } = await team();
    const none = await run(['worker'], { DAILIES_CLIPS: '' });
    expect(none).toMatchObject({ code: 2 });
    expect(none.stderr).toContain('a worker must know where clips are kept');
    const keyless = await run(['worker']);
    expect(keyless).toMatchObject({ code: 3 });
    expect(keyless.stderr).toContain('there is no key for openrouter, modelgates');
    const local = await run(['enqueue', 'film.yaml', '--yes'], { DAILIES_STORE: '' });
    expect(local).toMatchObject({ code: 2 });
    expect(local.stderr).toContain('no database is named');
    const nowhere = await run(['hook'], { OPENROUTER_WEBHOOK_SECRET: SECRET });
    expect(nowhere).toMatchObject({ code: 2 });
    const anybody = await run(['hook', '--listen', '127.0.0.1:0']);
    expect(anybody).toMatchObject({ code: 3 });
    expect(anybody.stderr).toContain('OPENROUTER_WEBHOOK_SECRET is not set');
  });

  it('hear webhooks on the port that tells how they are, or by a hook, and log what is refused', async () => {
    const { run, start } = await team();
    await run(['enqueue', 'film.yaml', '--yes']);
    const port = await freePort();
    const base = `http://127.0.0.1:${port}`;
    const env = { OPENROUTER_WEBHOOK_SECRET: SECRET };
    const hook = start(['hook', '--listen', '127.0.0.1:0'], env);
    const worker = start(
      [
        ...['worker', '--gateway', gateway.baseUrl, '--listen', `127.0.0.1:${port}`],
        ...['--callback', `${base}/hook`],
      ],
      env,
    );
    const [logged, unread] = [text(worker.stdout), text(worker.stderr)];
    const hooked = text(hook.stdout);
    const address = await new Promise<string>((resolve) => {
      let said = '';
      hook.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        const [, found] = /listening on (\S+)\n/.exec(said) ?? [];
        if (found !== undefined) resolve(found);
      });
    });
    const [one, two] = [await gateway.nextJob(), await gateway.nextJob()];
    for (const job of [one, two]) job.complete(clip);
    expect(addressOf(one)).toMatch(new RegExp(`^${base}/hook/`));
    expect(await sendEvent(addressOf(one), one.id, { secret: 'guessed' })).toBe(401);
    expect(await sendEvent(addressOf(one), one.id)).toBe(204);
    expect(await sendEvent(addressOf(two).replace(base, address), two.id)).toBe(204);
    expect(await sendEvent(`${address}/a-token-that-nobody-sent`, 'job-9')).toBe(404);
    expect(await (await fetch(`${address}/healthz`)).text()).toBe('ok\n');
    const figures = await (await fetch(`${base}/metrics`)).text();
    expect(figures).toContain('dailies_webhooks_total{outcome="heard"} 1');
    expect(figures).toContain('dailies_webhooks_total{outcome="signature"} 1');
    for (const each of [worker, hook]) each.kill('SIGTERM');
    expect(await logged).toContain('1 webhook refused: wrong signature');
    expect(await hooked).toContain('1 webhook refused: unknown address');
    expect(`${await logged}${await unread}${await hooked}`).not.toContain(SECRET);
  });

  it('work until a signal ends them, with a line of JSON for each event and a port that tells how it goes', async () => {
    const { run, start, database } = await team();
    await run(['enqueue', 'film.yaml', '--yes']);
    gateway.autoComplete(clip);
    const worker = start([
      ...['worker', '--gateway', gateway.baseUrl, '--format', 'ndjson', '--listen', '127.0.0.1:0'],
    ]);
    const [stdout, stderr] = [text(worker.stdout), text(worker.stderr)];
    const said: string[] = [];
    worker.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
    const delivered = () => database.query(`select 1 from dailies.attempt where state = 'delivered'`);
    await expect.poll(async () => (await delivered()).length, { timeout: 20_000 }).toBe(2);
    const address = /listening on (\S+)/.exec(said.join(''))?.[1] ?? '';
    expect(await (await fetch(`${address}/healthz`)).text()).toBe('ok\n');
    await expect
      .poll(async () => (await fetch(`${address}/metrics`)).text())
      .toContain('dailies_job_duration_seconds_count{model="google/veo-3.1-lite"} 2');
    worker.kill('SIGTERM');
    const [code] = (await once(worker, 'close')) as [number | null];
    expect(code).toBe(0);
    const events = (await stdout)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly type: string });
    expect([events[0]?.type, events.at(-1)?.type]).toEqual(['worker.started', 'worker.stopped']);
    expect(await stderr).not.toContain(KEY);
    expect(gateway.jobs).toHaveLength(2);
  });
});
