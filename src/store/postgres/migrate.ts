import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock, type Clock } from '../../clock.js';
import { DailiesError } from '../../errors.js';
import { openDatabase, type Database } from './connection.js';

/** The schema that holds all of the store's tables and functions. */
export const DEFAULT_SCHEMA = 'dailies';

const FOLDER = join(fileURLToPath(new URL('.', import.meta.url)), 'migrations');
/** Any number will do; two clients that migrate at once have to use the same one. */
const LOCK = 4_711_308_153;

export interface Migrated {
  /** The versions of the schema before and after. */
  readonly from: number;
  readonly to: number;
}

/**
 * Brings a database to the newest schema, or leaves it alone if it has that already. Two that do so at once wait for each other.
 * Throws `store-version` on a schema of a newer client, `store-unreachable`, `store-refused`.
 */
export async function migrate(
  url: string,
  { schema = DEFAULT_SCHEMA, clock = systemClock }: { readonly schema?: string; readonly clock?: Clock } = {},
): Promise<Migrated> {
  const steps = await migrations();
  const name = quoted(schema);
  const database = await openDatabase({ url, clock, name: 'dailies store migrate' });
  try {
    return await database.alone(async (ask) => {
      await ask('select pg_advisory_lock($1)', [LOCK]);
      await ask(`create schema if not exists ${name}`, []);
      await ask(`create table if not exists ${name}.version (version int not null)`, []);
      const from = await versionOf(ask, name);
      assertNotNewer(from, steps.length);
      for (const [index, sql] of steps.entries()) {
        if (index < from) continue;
        // Sent as one text, so that it is one transaction; each function keeps this path for every caller.
        const version = `truncate version; insert into version values (${index + 1});`;
        await ask(`begin; set local search_path to ${name}, pg_temp; ${sql}\n${version} commit;`, []);
      }
      return { from, to: steps.length };
    });
  } finally {
    await database.close();
  }
}

/** Throws `store-version` if the database is not of this client's version. */
export async function assertVersion(ask: Database['ask'], schema: string): Promise<void> {
  const expected = (await migrations()).length;
  const found = await versionOf(ask, quoted(schema));
  assertNotNewer(found, expected);
  if (found < expected)
    throw new DailiesError(
      'store-version',
      `the tables of the store have version ${found}, and this program needs ${expected}`,
      {
        hint: 'run dailies store migrate, then update the other machines',
      },
    );
}

/** An identifier of SQL. Throws `usage` on a name that needs more than quotes. */
export function quoted(schema: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(schema)) return `"${schema}"`;
  throw new DailiesError('usage', `"${schema}" cannot be the name of a schema`, {
    hint: 'use letters, digits and _',
  });
}

async function versionOf(ask: Database['ask'], name: string): Promise<number> {
  const [row] = await ask(`select max(version) as version from ${name}.version`, []);
  return Number(row?.['version'] ?? 0);
}

function assertNotNewer(found: number, known: number): void {
  if (found <= known) return;
  throw new DailiesError(
    'store-version',
    `the tables of the store have version ${found}, and this program needs ${known}`,
    {
      hint: 'update dailies on this machine: a newer one has updated the store',
    },
  );
}

let read: Promise<readonly string[]> | undefined;

/** The migrations in their order: 0001-….sql, 0002-….sql. */
function migrations(): Promise<readonly string[]> {
  read ??= (async () => {
    const names = (await readdir(FOLDER)).filter((name) => /^\d{4}-.*\.sql$/.test(name)).sort();
    return Promise.all(names.map((name) => readFile(join(FOLDER, name), 'utf8')));
  })();
  return read;
}
