import { systemClock } from '../../clock.js';
import type { ShotState } from '../shot-state.js';
import { createState } from '../shot-state.js';
import { functionsIn, openDatabase } from './connection.js';
import { assertVersion, DEFAULT_SCHEMA, quoted } from './migrate.js';
import { readProject, type WhichProject } from './open-store.js';

/**
 * How a project stands in a database; an empty state where it has never been there. Writes nothing: whoever may read may look. Throws
 * `store-unreachable`, `store-refused`, `store-version`.
 */
export async function readStoredProject(
  url: string,
  { name, manifest, sandbox }: WhichProject,
): Promise<ShotState> {
  const database = await openDatabase({ url, clock: systemClock, name: 'dailies' });
  try {
    await assertVersion(database.ask, DEFAULT_SCHEMA);
    const schema = quoted(DEFAULT_SCHEMA);
    const [row] = await database.ask(
      `select id from ${schema}.project where name = $1 and manifest = $2 and sandbox = $3`,
      [name, manifest, sandbox],
    );
    if (typeof row?.['id'] !== 'string') return createState();
    const store = functionsIn(schema, database);
    return createState(await readProject({ store, database, schema }, row['id']));
  } finally {
    await database.close();
  }
}
