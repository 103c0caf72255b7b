import type { Pool, PoolClient } from 'pg';
import type { Clock } from '../../clock.js';
import { DailiesError, messageOf, packageError } from '../../errors.js';

/** How long one statement may take, and how long to wait for its answer; a lost connection is noticed no sooner. */
const STATEMENT_MS = 10_000;
const ANSWER_MS = 15_000;
const CONNECT_MS = 5_000;
/** One connection for the heartbeat, the others for all other statements meanwhile. */
const MOST_CONNECTIONS = 4;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;

/** A database that reconnects after an outage. */
export interface Database {
  /** The rows of one statement, sent once. Rejects with `store-unreachable` or `store-refused`. */
  readonly ask: (sql: string, values: readonly unknown[]) => Promise<readonly Row[]>;
  /** As `ask`, repeated until the database answers: for statements that may be executed twice. */
  insist(sql: string, values: readonly unknown[], patience?: Patience): Promise<readonly Row[]>;
  /** Statements on one connection, which is reserved for them. */
  alone<T>(work: (ask: Database['ask']) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** A row as the database gives it: foreign data. */
export type Row = Readonly<Record<string, unknown>>;

export interface Patience {
  readonly signal?: AbortSignal | undefined;
  /** No more tries after so many milliseconds; no limit if absent. */
  readonly forMs?: number;
}

export interface DatabaseOptions {
  readonly url: string;
  readonly clock: Clock;
  /** What others see in the list of connections. */
  readonly name?: string;
  /** Called with each new connection before anything else is asked over it. */
  readonly greet?: (ask: Database['ask']) => Promise<void>;
}

/**
 * Opens a few connections to PostgreSQL; the first is made when something is asked. The URL sets TLS (`sslmode`).
 * No message has the URL's password in it. Throws `usage` on an invalid URL.
 */
export async function openDatabase({ url, clock, name, greet }: DatabaseOptions): Promise<Database> {
  const { place, hide } = placeOf(url);
  const { default: pg } = await import('pg').catch((cause: unknown) => {
    throw packageError('pg', { code: 'tool-missing', what: 'a store in PostgreSQL', cause });
  });
  const failed = (error: unknown) => asOurs(error, { place, hide });
  const pool: Pool = new pg.Pool({
    connectionString: url,
    max: MOST_CONNECTIONS,
    application_name: name ?? 'dailies',
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    query_timeout: ANSWER_MS,
    keepAlive: true,
    verify(client: PoolClient, done: (error?: Error) => void) {
      if (!greet) done();
      else greet(asking(client)).then(() => done(), done);
    },
  });
  // A connection that breaks while nobody uses it: the next statement gets another one.
  pool.on('error', () => undefined);
  // And one that breaks while it is greeted: the caller that waits for it gets the error.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const asking =
    (to: Pool | PoolClient): Database['ask'] =>
    async (sql, values) => {
      try {
        return (await to.query<Record<string, unknown>>(sql, [...values])).rows;
      } catch (error) {
        throw failed(error);
      }
    };
  const ask = asking(pool);
  return {
    ask,
    async insist(sql, values, { signal, forMs = Infinity } = {}) {
      const sinceMs = clock.elapsed();
      for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2)) {
        signal?.throwIfAborted();
        try {
          return await ask(sql, values);
        } catch (error) {
          const isAway = error instanceof DailiesError && error.code === 'store-unreachable';
          if (!isAway || clock.elapsed() - sinceMs > forMs) throw error;
        }
        await clock.sleep(waitMs, signal);
      }
    },
    async alone(work) {
      let client: PoolClient;
      try {
        client = await pool.connect();
      } catch (error) {
        throw failed(error);
      }
      try {
        return await work(asking(client));
      } finally {
        // Its locks and settings go with it.
        client.release(true);
      }
    },
    close: () => pool.end(),
  };
}

/** Calls the functions of the store by name: every step is one call. */
export interface Functions {
  /** The rows of one call, sent once. */
  ask(name: string, values: readonly unknown[]): Promise<readonly Row[]>;
  /** As `ask`, repeated until the database answers. */
  insist(name: string, values: readonly unknown[], patience?: Patience): Promise<readonly Row[]>;
}

/** All that a store's methods work with. */
export interface Link {
  readonly store: Functions;
  readonly database: Database;
  readonly schema: string;
}

/** How long the opening of a store waits for the database. */
export const OPENING_MS = 10_000;

/** Calls functions by their qualified names: anybody can set the search path of a connection. `schema` is quoted. */
export function functionsIn(schema: string, database: Pick<Database, 'ask' | 'insist'>): Functions {
  const sql = (name: string, values: readonly unknown[]) =>
    `select * from ${schema}.${name}(${values.map((_, index) => `$${index + 1}`).join(', ')})`;
  return {
    ask: (name, values) => database.ask(sql(name, values), values),
    insist: (name, values, patience) => database.insist(sql(name, values), values, patience),
  };
}

/** The address of a store's database, without secrets. Throws `usage` on an invalid URL. */
export function storePlace(url: string): string {
  return placeOf(url).place;
}

/** The address of a database for messages: without user name and password. */
function placeOf(url: string): { readonly place: string; readonly hide: (text: string) => string } {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^postgres(ql)?:$/.test(parsed.protocol))
    throw new DailiesError('usage', 'the address of the store is not a PostgreSQL URL', {
      hint: 'it looks like postgres://user@host:5432/database?sslmode=verify-full',
    });
  const { host, pathname, password, searchParams } = parsed;
  const secrets = [password, plain(password), searchParams.get('password')].filter((text) => text);
  const hide = (text: string) =>
    secrets.reduce<string>((rest, secret) => rest.replaceAll(secret ?? '', '[password]'), text);
  return { place: `postgres://${host || (searchParams.get('host') ?? '')}${pathname}`, hide };
}

function plain(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The classes of SQLSTATE after which the same statement may succeed: connection, resources, an operator at work, a lost race. */
const PASSING = /^(08|53|57|58|40|25006|55P03)/;

function asOurs(
  error: unknown,
  { place, hide }: { readonly place: string; readonly hide: (text: string) => string },
): DailiesError {
  if (error instanceof DailiesError) return error;
  const code = codeOf(error);
  const message = hide(messageOf(error) || code || 'no answer');
  const isState = code !== undefined && /^[0-9A-Z]{5}$/.test(code);
  if (!isState || PASSING.test(code))
    return new DailiesError('store-unreachable', `the store ${place} cannot be used now: ${message}`, {
      hint: 'check that PostgreSQL is up and can be reached from here, then run the same command again',
    });
  const hint = HINTS[code] ?? 'check its log; docs/scale.md lists what it must allow';
  return new DailiesError('store-refused', `the store ${place} refused: ${message} (${code})`, { hint });
}

const HINTS: Readonly<Record<string, string>> = {
  '28P01': 'correct the password in the URL, or set PGPASSWORD',
  '3D000': 'create the database, then run dailies store migrate',
  '42501': 'grant what docs/scale.md lists to the user of the URL',
  '42883': 'run dailies store migrate with this version of dailies',
  '42P01': 'run dailies store migrate with this version of dailies',
  '3F000': 'run dailies store migrate with this version of dailies',
};

function codeOf(error: unknown): string | undefined {
  const { code } = error instanceof Error ? (error as Error & { readonly code?: unknown }) : {};
  return typeof code === 'string' ? code : undefined;
}
