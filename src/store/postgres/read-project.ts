import { systemClock } from '../../clock.js';
import { isRecord } from '../../domain/is-record.js';
import { functionsIn, openDatabase, type Row } from './connection.js';
import { stoppedBy } from './intents.js';
import { assertVersion, DEFAULT_SCHEMA, quoted } from './migrate.js';
import type { Link } from './connection.js';
import { readProject, type WhichProject, type WholeProject } from './whole-project.js';

/** A project's state in a database. */
export interface StoredProject extends WholeProject {
  /** Why its newest batch does not continue, in sentences. */
  readonly trouble: readonly string[];
}

/**
 * Reads a project; undefined if the database never had it. Writes nothing: the right to read is enough. Throws
 * `store-unreachable`, `store-refused`, `store-version`.
 */
export async function readStoredProject(
  url: string,
  which: WhichProject,
): Promise<StoredProject | undefined> {
  return withProject(url, which, async (link, id) => ({
    ...(await readProject(link, id)),
    trouble: troubleIn((await link.store.ask('trouble_of', [id]))[0]),
  }));
}

/**
 * Reads a project after taking back all that was enqueued for it and not begun: nobody buys for it any more, until it is enqueued again.
 * Throws as `readStoredProject`.
 */
export async function withdrawProject(url: string, which: WhichProject): Promise<WholeProject | undefined> {
  return withProject(url, which, async (link, id) => {
    const { store, database, schema } = link;
    const rows = await database.ask(
      `select id from ${schema}.batch where project = $1 and stopped is distinct from '{"why": "withdrawn"}' order by id`,
      [id],
    );
    for (const row of rows) await store.ask('withdraw', [row['id']]);
    return readProject(link, id);
  });
}

async function withProject<T>(
  url: string,
  { name, manifest, sandbox }: WhichProject,
  work: (link: Link, id: string) => Promise<T>,
): Promise<T | undefined> {
  const database = await openDatabase({ url, clock: systemClock, name: 'dailies' });
  try {
    await assertVersion(database.ask, DEFAULT_SCHEMA);
    const schema = quoted(DEFAULT_SCHEMA);
    const [row] = await database.ask(
      `select id from ${schema}.project where name = $1 and manifest = $2 and sandbox = $3`,
      [name, manifest, sandbox],
    );
    if (typeof row?.['id'] !== 'string') return undefined;
    return await work({ store: functionsIn(schema, database), database, schema }, row['id']);
  } finally {
    await database.close();
  }
}

function troubleIn(row: Row | undefined): readonly string[] {
  const { stopped, held } = row ?? {};
  const told: string[] = [];
  if (isRecord(stopped)) {
    const { message, hint } = stoppedBy(stopped);
    told.push(`nothing more is bought: ${message}${hint === undefined ? '' : `; ${hint}`}`);
  }
  for (const one of Array.isArray(held) ? held : []) {
    if (!isRecord(one)) continue;
    const { key, message } = one;
    if (typeof key === 'string' && typeof message === 'string') told.push(`${key}: ${message}`);
  }
  return told;
}
