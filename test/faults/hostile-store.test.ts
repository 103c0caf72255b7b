import { createServer, type Server } from 'node:http';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WorkerEvent } from '../../src/events.js';
import { safeJson, withoutCommands } from '../../src/domain/foreign-text.js';
import { workerLine } from '../../src/ui/worker-line.js';
import { cli } from '../helpers/cli.js';
import { makeClip } from '../helpers/clips.js';
import { useGateway } from '../helpers/gateway.js';
import { machineOf, workerOf } from '../helpers/machines.js';
import { noPostgres, sharedPostgres, type TestDatabase } from '../helpers/postgres.js';

/* Whoever may write to the tables may write anything. To all others that is data. */

const gateway = useGateway();
const clip = await makeClip();
const SECRET = 'what nobody is to read';
const PASSWORD = 's3cr-et';
const STEERING = '\u001b]0;owned\u0007\u001b[2J';

let database: TestDatabase;
let shared: string;
let elsewhere: Server;
let askedElsewhere: string[];
let evil: string;
let outside: string;

beforeEach(async () => {
  gateway.autoComplete(clip);
  database = await (await sharedPostgres()).database();
  shared = await mkdtemp(join(tmpdir(), 'dailies-shared-'));
  askedElsewhere = [];
  elsewhere = createServer((request, response) => {
    askedElsewhere.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    response.end('{"id": "job-1", "status": "completed"}');
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  evil = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/api/v1`;
  outside = join(shared, '..', `secret-${process.pid}.txt`);
  await writeFile(outside, SECRET);
});
afterEach(async () => {
  await database.close();
  await new Promise((resolve) => elsewhere.close(resolve));
  await rm(shared, { recursive: true, force: true });
  await rm(outside, { force: true });
});

const here = () => ({ url: database.url, shared, baseUrl: gateway.baseUrl });

/** A machine that has enqueued an honest shot, whose rows stand for what others have changed. */
async function enqueued(shots = '  - { id: sea, prompt: waves }') {
  const film = await machineOf(here(), shots);
  await film.enqueue();
  return film;
}

type Document = Readonly<Record<string, unknown>>;

/** One more order beside the honest one. */
async function addOrder(key: string, change: (doc: Document) => unknown): Promise<void> {
  const [row] = await database.query(`select doc from dailies.order_doc order by "order" limit 1`);
  await database.query(
    `with one as (insert into dailies."order" (batch, project, account, key, model, rank)
       select batch, project, account, $1, model, 1e6 from dailies."order" order by id limit 1 returning id)
     insert into dailies.order_doc select id, $2::jsonb from one`,
    [key, JSON.stringify(change(row?.['doc'] as Document))],
  );
}

/** An attempt that somebody has made up, and an order to follow it. */
async function addAttempt(
  id: string,
  changes: { readonly fixed?: object; readonly state?: object; readonly moving?: object },
) {
  const since = '2026-10-10T09:00:00.000Z';
  const state = { kind: 'pending', since, job: { id: `job ${id}` }, ...changes.state };
  const fixed = {
    ...{ id, gateway: gateway.baseUrl, estimate: null, fingerprint: 'f'.repeat(64) },
    request: { model: 'google/veo-3.1-lite', prompt: 'x', duration: 4 },
    ...changes.fixed,
  };
  const moving = { owner: { shot: id, take: 1 }, state, steps: 3, times: { created: 1 }, ...changes.moving };
  await database.query(
    `with one as (insert into dailies.attempt (id, project, account, gateway, fingerprint, state, job_id, steps, moving, once, sent_by)
       select $1, project, account, $2, $1, $3::text, case when $3 <> 'submitting' then $1 end, 3, $4, gen_random_uuid(),
         case when $3 = 'submitting' then (select max(id) from dailies.worker) end
       from dailies."order" order by id limit 1 returning id, project)
     insert into dailies.attempt_fixed select id, project, $5::jsonb from one`,
    [id, gateway.baseUrl, state.kind, JSON.stringify(moving), JSON.stringify(fixed)],
  );
  const doc = { kind: 'follow', key: id, model: 'm', attempt: id };
  await database.query(
    `with one as (insert into dailies."order" (batch, project, account, key, model, rank, state, attempt)
       select batch, project, account, $1, model, 1e6, 'taken', $1 from dailies."order" order by id limit 1 returning id)
     insert into dailies.order_doc select id, $2::jsonb from one`,
    [id, JSON.stringify(doc)],
  );
}

const stateOf = async (key: string) =>
  (await database.query('select state from dailies."order" where key = $1', [key]))[0]?.['state'];
const untilDone = (key = 'sea') => expect.poll(() => stateOf(key), { timeout: 15_000 }).toBe('done');

/** What a terminal and a log get of a worker's events. */
function shown(events: readonly WorkerEvent[]): string {
  const look = { hasColor: false, isUnicode: true, width: 80 } as never;
  return events
    .flatMap((event) => [withoutCommands(workerLine(event, look) ?? ''), safeJson(event)])
    .join('\n');
}

const sent = () => JSON.stringify(gateway.jobs.map(({ body }) => body));

describe.skipIf(noPostgres)('rows that somebody has made up', () => {
  it('are no orders, and keep nobody from the honest ones', async () => {
    await enqueued();
    const nonsense: Readonly<Record<string, (doc: Document) => unknown>> = {
      'a text': () => 'buy',
      'a list': () => [],
      'an empty one': () => ({}),
      'one of another kind': (doc) => ({ ...doc, kind: 'run', command: 'touch owned' }),
      'one without a take': ({ take: _, ...doc }) => doc,
      'one that gives up what is none': (doc) => ({
        ...doc,
        purchase: { ...(doc['purchase'] as object), giveUp: {} },
      }),
      'one that gives up a number': (doc) => ({
        ...doc,
        purchase: { ...(doc['purchase'] as object), giveUp: 7 },
      }),
      'one that gives up a map': (doc) => ({
        ...doc,
        purchase: { ...(doc['purchase'] as object), giveUp: [{ a: 1 }] },
      }),
      'one that asks without end': (doc) => ({ ...doc, poll: { intervalMs: 0.001, timeoutMs: 1e12 } }),
      'one that follows nothing': (doc) => ({
        kind: 'follow',
        key: 'x',
        model: doc['model'],
        attempt: '../../x',
      }),
    };
    for (const [key, change] of Object.entries(nonsense)) await addOrder(key, change);
    const { events } = await workerOf(here());
    await untilDone();
    for (const key of Object.keys(nonsense))
      await expect.poll(() => stateOf(key), { timeout: 15_000 }).toBe('held');
    expect(gateway.jobs).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'worker.stopped')).toEqual([]);
  });

  it('name no file, and run no command', async () => {
    await enqueued();
    const file = (path: string, sha256: string) => (doc: Document) => ({
      ...doc,
      inputs: {
        frames: [{ frame_type: 'first_frame', input: { kind: 'file', path, sha256, mime: 'image/png' } }],
        references: [],
      },
    });
    const frame = (shot: string, at: unknown) => (doc: Document) => ({
      ...doc,
      inputs: {
        frames: [
          {
            frame_type: 'first_frame',
            input: { kind: 'frame', shot, take: 1, at, clip_sha256: 'a'.repeat(64) },
          },
        ],
        references: [],
      },
    });
    await addOrder('by its path', file(outside, 'b'.repeat(64)));
    await addOrder('by a step up', file(`../../${outside}`, '../../../etc/passwd'));
    await addOrder('by a shot', frame('$(touch owned); `touch owned`', 'first'));
    await addOrder('by a time', frame('sea', '; touch owned'));
    const { folder } = await workerOf(here());
    await untilDone();
    for (const key of ['by its path', 'by a step up', 'by a shot', 'by a time'])
      await expect.poll(() => stateOf(key), { timeout: 15_000 }).toBe('held');
    expect(sent()).not.toContain(Buffer.from(SECRET).toString('base64').slice(0, 20));
    for (const place of [folder, shared, process.cwd()]) expect(existsSync(join(place, 'owned'))).toBe(false);
    expect(gateway.jobs).toHaveLength(1);
  });

  it('send no key to a gateway that the worker was not started for', async () => {
    await enqueued();
    await addOrder('a purchase', (doc) => ({
      ...doc,
      purchase: { ...(doc['purchase'] as object), gateway: evil },
    }));
    await addAttempt('job0', { fixed: { gateway: evil } });
    await addAttempt('job1', { state: { job: { id: 'x', polling_url: `${evil}/videos/x` } } });
    await addAttempt('job2', { state: { job: { id: `x@${new URL(evil).host}/../../y` } } });
    await database.query('insert into dailies.account (gateway) values ($1)', [evil]);
    await database.query(
      `with one as (insert into dailies."order" (batch, project, account, key, model, rank)
         select o.batch, o.project, a.id, 'of its account', o.model, 1 from dailies."order" o, dailies.account a
           where o.key = 'sea' and a.gateway = $1 returning id)
       insert into dailies.order_doc select one.id, d.doc from one, dailies.order_doc d, dailies."order" o
         where o.key = 'sea' and d."order" = o.id`,
      [evil],
    );
    await workerOf(here());
    await untilDone();
    await expect.poll(() => stateOf('a purchase'), { timeout: 15_000 }).toBe('held');
    await expect.poll(() => gateway.requests.length, { timeout: 15_000 }).toBeGreaterThan(4);
    expect(askedElsewhere).toEqual([]);
    expect(await stateOf('of its account')).toBe('ready');
  });

  it('that are no attempts stop nobody, not even where their sender seems to be gone', async () => {
    await enqueued();
    await database.query("insert into dailies.worker (name, lease_until) values ('gone', now())");
    await addAttempt('job0', { state: { kind: 'submitting', job: undefined }, moving: { steps: 'many' } });
    await addAttempt('job1', { moving: { state: { kind: 'rich' } } });
    await addAttempt('job2', { fixed: { request: 'rm -rf' } });
    await database.query("update dailies.attempt_fixed set fixed = '1' where attempt = 'job2'");
    const { health } = await workerOf(here());
    await untilDone();
    expect(health()).toMatchObject({ isHeld: true, isReachable: true, restarts: 0 });
    expect(gateway.jobs).toHaveLength(1);
  });

  it('that are no batches are told of, and other batches are planned', async () => {
    const film = await enqueued();
    const [{ doc } = {}] = await database.query('select doc from dailies.batch');
    const honest = doc as Document;
    const said = { gateway: evil, vars: { a: 1 } };
    const text = String(honest['text']);
    const nonsense: readonly unknown[] = [
      'run',
      {},
      { ...honest, text: '{' },
      { ...honest, said: [] },
      { ...honest, said, scope: { only: 7 } },
      { ...honest, inputs: [{ path: '../../x', sha256: 'x', mime: 'y' }] },
      {
        ...honest,
        file: `../../${outside}`,
        text: text.replace('prompt: waves', `prompt: waves, first_frame: ../../${outside}`),
      },
      { ...honest, text: text.replace('gateway:', `clips: ../../x\noutput: { dir: /tmp/owned }\ngateway:`) },
    ];
    for (const each of nonsense)
      await database.query(
        `insert into dailies.batch (project, account, revision, jobs, doc, changes)
           select project, account, revision, 8, $1, 1 from dailies.batch order by id limit 1`,
        [JSON.stringify(each)],
      );
    const { events, folder } = await workerOf(here());
    await untilDone();
    await expect
      .poll(() => database.query('select id from dailies.batch where changes > planned'), { timeout: 15_000 })
      .toEqual([]);
    expect(events.filter(({ type }) => type === 'worker.stopped')).toEqual([]);
    expect(askedElsewhere).toEqual([]);
    expect(existsSync('/tmp/owned')).toBe(false);
    expect(readdirSync(folder)).not.toContain('owned');
    expect(gateway.jobs).toHaveLength(1);
    expect(await film.run()).toMatchObject({ counts: { submitted: 0 } });
  });

  it('of a project are told of as what they are', async () => {
    const film = await enqueued();
    for (const [column, value] of [
      ['picks', '"sea"'],
      ['picks', '{"sea": {"take": "../x"}}'],
      ['catalogue', '{"models": 7}'],
      ['catalogue', '[]'],
    ] as const) {
      await database.query(`update dailies.project set ${column} = $1`, [value]);
      await expect(film.status()).rejects.toMatchObject({ code: 'store-refused' });
      await expect(film.run()).rejects.toMatchObject({ code: 'store-refused' });
      await database.query(`update dailies.project set picks = '{}', catalogue = null`);
    }
    await workerOf(here());
    await untilDone();
  });

  it('have no caps that nobody can count by', async () => {
    await enqueued();
    for (const caps of ['7', '{"m": "x"}', '{"m": -1}', '{"m": 1e99}', '{"m": 1.5}'])
      await expect(database.query('update dailies.batch set per_model = $1', [caps])).rejects.toThrow(
        /check/,
      );
  });

  it('lead no look at clips, and no pull, to a path of their own', async () => {
    const film = await enqueued();
    await workerOf(here());
    await untilDone();
    await database.query(
      `update dailies.attempt set moving = (moving::jsonb || jsonb_build_object('names', jsonb_build_array($1::text)))::json`,
      [outside],
    );
    await film.status();
    expect(await film.pull()).toMatchObject({ clips: 1, missing: [] });
    expect(readFileSync(outside, 'utf8')).toBe(SECRET);
    expect(await film.read('film.lock.json')).not.toContain(outside);
  });

  it('steer no terminal and break no log', async () => {
    const film = await enqueued();
    await addOrder(`x${STEERING}`, (doc) => ({
      ...doc,
      project: STEERING,
      key: STEERING,
      take: { ...(doc['take'] as object), key: `take${STEERING}` },
      purchase: { ...(doc['purchase'] as object), gateway: STEERING },
    }));
    await addAttempt('job0', { state: { kind: 'failed', message: `no${STEERING}\n::error::owned` } });
    await database.query(
      `update dailies.attempt set moving = jsonb_set(moving::jsonb, '{owner, shot}', '"sea"')::json where id = 'job0'`,
    );
    const { events } = await workerOf(here());
    await untilDone();
    await expect.poll(() => JSON.stringify(events), { timeout: 15_000 }).toContain('owned');
    const env = { TEST_KEY: 'sk-test-0123456789', DAILIES_STORE: database.url, DAILIES_CLIPS: shared };
    await database.query(`update dailies.batch set stopped = $1`, [JSON.stringify({ message: STEERING })]);
    const status = await cli(['status', film.manifest], { env });
    const asJson = await cli(['status', film.manifest, '--format', 'json'], { env });
    const account = await cli(['account', 'show'], { env });
    for (const text of [shown(events), status.stdout, status.stderr, asJson.stdout, account.stdout]) {
      for (const sign of ['\u0007', '\u001b', '\u009b']) expect(text).not.toContain(sign);
      expect(text).not.toMatch(/^::error/m);
    }
  });
});

describe.skipIf(noPostgres)('the password of a store', () => {
  it('is in no output, no error, no log and no file', async () => {
    const film = await machineOf(here(), '  - { id: sea, prompt: waves }');
    const store = database.url.replace('tester@', `tester:${PASSWORD}@`);
    const env = {
      TEST_KEY: 'sk-test-0123456789',
      DAILIES_CLIPS: shared,
      DAILIES_DEBUG: '1',
      GITHUB_STEP_SUMMARY: join(film.folder, 'summary.md'),
    };
    const texts: string[] = [];
    const say = async (url: string, ...words: string[]) => {
      const { stdout, stderr } = await cli(words, { env: { ...env, DAILIES_STORE: url } });
      texts.push(stdout, stderr);
    };
    const commands = [
      ['plan', film.manifest],
      ['enqueue', film.manifest, '--yes'],
      ['run', film.manifest, '--yes', '--format', 'ndjson'],
      ['run', film.manifest, '--yes'],
      ['status', film.manifest],
      ['pull', film.manifest],
      ['account', 'show'],
      ['store', 'export', film.manifest],
      ['store', 'import', film.manifest],
      ['store', 'reconcile', '--format', 'json'],
    ];
    const wrong = store.replace(/\/[^/]*$/, '/no-such-database');
    const away = `postgres://tester:${PASSWORD}@127.0.0.1:1/film?password=${PASSWORD}`;
    for (const url of [store, wrong]) for (const words of commands) await say(url, ...words);
    // The others would wait for it a while.
    for (const words of [
      ['plan', film.manifest],
      ['account', 'show'],
    ])
      await say(away, ...words);
    expect(gateway.jobs).toHaveLength(1);
    const files = [film.folder, shared].flatMap((folder) =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1')),
    );
    expect(files.length).toBeGreaterThan(4);
    for (const text of [...texts, ...files]) expect(text).not.toContain(PASSWORD);
  }, 60_000);
});
