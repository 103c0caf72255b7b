import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, Socket, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { migrate } from '../../src/store/postgres/migrate.js';

/*
 * A PostgreSQL server from Debian's package, in a temporary folder, one for all tests of a process: initdb and start take a
 * second, a database from the template some 30 ms.
 */

const PACKAGES = '/usr/lib/postgresql';
const bin = existsSync(PACKAGES) ? newest(PACKAGES) : undefined;

/** Why tests that need PostgreSQL are skipped; undefined where it is there. */
export const noPostgres: string | undefined =
  bin === undefined ? `PostgreSQL is not installed (apt-get install postgresql)` : undefined;

if (noPostgres !== undefined && process.env['CI'] !== undefined)
  throw new Error(`${noPostgres}, and in CI its tests are not skipped`);
if (noPostgres !== undefined) console.warn(`skipped: ${noPostgres}`);

/** A server that tests may stop and start. */
export interface PostgresServer {
  /** A database of its own for a test, with the store's tables in it; its clock stands still where asked for. */
  database(options?: { readonly stillAt?: number }): Promise<TestDatabase>;
  /** Ends it as a power cut would, and starts it again. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

export interface TestDatabase {
  readonly url: string;
  readonly query: (sql: string, values?: readonly unknown[]) => Promise<Record<string, unknown>[]>;
  /** Moves a clock that stands still. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

let shared: Promise<PostgresServer> | undefined;

/** The server that the tests of this process share; it goes with the process. */
export function sharedPostgres(): Promise<PostgresServer> {
  return (shared ??= startPostgres());
}

/** A server of one's own. Throws where PostgreSQL is not installed. */
async function startPostgres(): Promise<PostgresServer> {
  if (bin === undefined) throw new Error(noPostgres);
  const folder = mkdtempSync(join(tmpdir(), 'dailies-pg-'));
  const data = join(folder, 'data');
  const user = process.getuid?.() === 0 ? otherUser() : undefined;
  if (user) {
    chownSync(folder, user.uid, user.gid);
    // The tests' own folder is closed to others, and the server has to get through it.
    chmodSync(dirname(folder), dirname(folder) === '/tmp' ? 0o1777 : 0o711);
  }
  const as = user ?? {};
  const port = await freePort();
  const init = spawnSync(join(bin, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'tester', '-N'], {
    ...as,
    cwd: '/',
    encoding: 'utf8',
  });
  if (init.status !== 0) throw new Error(`initdb failed: ${init.stderr}`);
  writeFileSync(
    join(data, 'postgresql.conf'),
    [
      `port = ${port}`,
      `listen_addresses = '127.0.0.1'`,
      `unix_socket_directories = ''`,
      'max_connections = 200',
      'shared_buffers = 32MB',
      'track_io_timing = off',
    ].join('\n'),
    { flag: 'a' },
  );
  let server = start();

  /** It ends with whoever started it, however that ends: then its input is closed. */
  function start() {
    const script = '"$0" -D "$1" & cat; kill -QUIT $!; wait $!';
    const child = spawn('sh', ['-c', script, join(bin ?? '', 'postgres'), data], {
      ...as,
      cwd: '/',
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    child.unref();
    child.stdin.on('error', () => undefined);
    // Neither its process nor the pipe to it keeps the tests from ending.
    if (child.stdin instanceof Socket) child.stdin.unref();
    return child;
  }
  const end = (): Promise<void> => {
    const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
    server.stdin.end();
    return ended;
  };
  const urlOf = (database: string) => `postgres://tester@127.0.0.1:${port}/${database}`;
  await untilUp(urlOf('postgres'));
  await inDatabase(urlOf('postgres'), 'create database template_store');
  await migrate(urlOf('template_store'));
  let count = 0;

  return {
    async database({ stillAt } = {}) {
      const name = `test_${process.pid}_${++count}`;
      await inDatabase(urlOf('postgres'), `create database ${name} template template_store`);
      const client = new pg.Pool({ connectionString: urlOf(name), max: 2 });
      client.on('error', () => undefined);
      client.on('connect', (one) => one.on('error', () => undefined));
      const query = async (sql: string, values: readonly unknown[] = []) =>
        (await client.query<Record<string, unknown>>(sql, [...values])).rows;
      if (stillAt !== undefined) {
        await query('create table dailies.still (at_ms float8 not null)');
        await query('insert into dailies.still values ($1)', [stillAt]);
        await query(
          `create or replace function dailies.clock() returns timestamptz language sql volatile
             as 'select to_timestamp(at_ms / 1000) from dailies.still'`,
        );
      }
      return {
        url: urlOf(name),
        query,
        async pass(ms) {
          await query('update dailies.still set at_ms = at_ms + $1', [ms]);
        },
        close: () => client.end(),
      };
    },
    async crash() {
      await end();
      server = start();
      await untilUp(urlOf('postgres'));
    },
    async stop() {
      await end();
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

async function inDatabase(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function untilUp(url: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await inDatabase(url, 'select 1');
      return;
    } catch (error) {
      // On a busy machine several of them start at once, and each waits for the disk.
      if (tries > 1000) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** PostgreSQL refuses to run as root. */
function otherUser(): { readonly uid: number; readonly gid: number } {
  const line = /^(?:postgres|nobody):[^:]*:(\d+):(\d+)/m.exec(readFileSync('/etc/passwd', 'utf8'));
  return { uid: Number(line?.[1] ?? 65_534), gid: Number(line?.[2] ?? 65_534) };
}

function newest(folder: string): string | undefined {
  const versions = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'bin/initdb')));
  const [version] = versions.sort((a, b) => Number(b) - Number(a));
  return version === undefined ? undefined : join(folder, version, 'bin');
}
